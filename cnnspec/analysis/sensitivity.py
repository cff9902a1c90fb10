"""How much each cost changes when a symbol or parameter of a net becomes one greater: exact differences.

The net is expanded anew with the greater value, so that what its structure depends on (depth, blocks) counts
like everything else. Where one more is no net (a size that is not legal), the next value that is one counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from cnnspec.analysis.facts import Analysis, analyse
from cnnspec.analysis.measures import cost
from cnnspec.language.elaborate import Binding, elaborate
from cnnspec.language.spec import Spec

COSTS = ("params", "macs", "flops", "activations.bytes", "memory.infer", "memory.train")
FARTHEST = 64
"""How far the next value is looked for."""


@dataclass(frozen=True, slots=True)
class Change:
    """A cost before and after."""

    cost: str
    before: int
    after: int

    @property
    def difference(self) -> int:
        """After minus before."""
        return self.after - self.before

    @property
    def share(self) -> Fraction:
        """The difference as a share of the cost; 0 of nothing."""
        return Fraction(self.difference, self.before) if self.before else Fraction(0)


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """What a name going from one value to a greater one changes; no changes where none makes a net."""

    name: str
    value: int
    greater: int | None
    changes: tuple[Change, ...]

    def elasticity(self, change: Change) -> Fraction:
        """By how many per cent a cost grows where the value grows by one: 2 for a square."""
        step = (self.greater or self.value) - self.value
        return change.share * self.value / step if step else Fraction(0)


def sensitivities(spec: Spec, analysis: Analysis, bindings: Mapping[str, Binding]) -> Iterator[Sensitivity]:
    """The sensitivity to every symbol and parameter that has a whole number as value."""
    known = {name: value for name, value in analysis.graph.bindings.items() if name.isidentifier()}
    for name, value in known.items():
        if isinstance(value, int):
            yield _sensitivity(spec, analysis, {**bindings, **known}, name, value)


def _sensitivity(
    spec: Spec, before: Analysis, known: Mapping[str, Binding], name: str, value: int
) -> Sensitivity:
    for greater in range(value + 1, value + FARTHEST + 1):
        made = elaborate(spec, before.graph.name, {**known, name: greater})
        if made.graph is not None:
            return Sensitivity(name, value, greater, tuple(_changes(before, analyse(made.graph))))
    return Sensitivity(name, value, None, ())


def _changes(before: Analysis, after: Analysis) -> Iterator[Change]:
    for word in COSTS:
        old, new = cost(before, word), cost(after, word)
        if isinstance(old, int) and isinstance(new, int):
            yield Change(word, old, new)
