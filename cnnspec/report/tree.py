"""The layers of a net as a tree of the blocks they were written in, identical repeats folded into one."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count, groupby, takewhile

from cnnspec.analysis.facts import Analysis, LayerFacts

_SEGMENT = re.compile(r"\.(?!\d)")
_LAST_NUMBER = re.compile(r"(\d+)$")
LONGEST_PERIOD = 12
"""Repeats of up to so many neighbours are found."""
FEWEST_LAYERS = 3
"""Single layers are folded from so many repeats on; blocks from two."""


@dataclass(frozen=True)
class Branch:
    """A layer (a leaf) or a block (`children`), under the name it has where it stands."""

    name: str
    call: str
    children: tuple[Branch, ...]
    leaf: LayerFacts | None
    kind: int
    """Equal for branches that are the same but for their place."""

    @cached_property
    def layers(self) -> tuple[LayerFacts, ...]:
        """All layers below, in execution order."""
        return (
            (self.leaf,) if self.leaf else tuple(facts for child in self.children for facts in child.layers)
        )


@dataclass(frozen=True, slots=True)
class Folded:
    """A run of identical branches: the first and the last of them and their number."""

    first: Branch
    last: Branch
    times: int

    @property
    def name(self) -> str:
        """`relu1`, or for a run `relu1…3`."""
        if self.times == 1:
            return self.first.name
        number = _LAST_NUMBER.search(self.last.name)
        stem = self.first.name.rstrip("0123456789")
        same = number is not None and self.last.name[: number.start()] == stem != self.first.name
        return f"{self.first.name}…{number[1] if number and same else self.last.name}"

    def children(self) -> list[Folded]:
        """What is inside, folded; in the last branch it is folded the same way, as the branches are alike."""
        inside = zip(fold(self.first.children), fold(self.last.children), strict=True)
        return [Folded(first.first, last.last, first.times) for first, last in inside]


class _Kinds:
    """A number for every different description."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}
        self._next = count()

    def of(self, description: Hashable) -> int:
        return self._numbers.setdefault(description, next(self._next))


def tree_of(analysis: Analysis) -> tuple[Branch, ...]:
    """The branches at net level."""
    placed = [(_SEGMENT.split(facts.path), facts) for facts in analysis.layers]
    return _grow(placed, 0, _Kinds())


def _grow(placed: Sequence[tuple[list[str], LayerFacts]], level: int, kinds: _Kinds) -> tuple[Branch, ...]:
    branches: list[Branch] = []
    for (name, is_leaf), group in groupby(placed, lambda item: (item[0][level], len(item[0]) == level + 1)):
        inside = list(group)
        if is_leaf:
            branches += [_leaf(name, facts, kinds) for _, facts in inside]
            continue
        children = _grow(inside, level + 1, kinds)
        kind = kinds.of(tuple(child.kind for child in children))
        branches.append(Branch(name, _call(inside[0][1], level), children, None, kind))
    return tuple(branches)


def _leaf(name: str, facts: LayerFacts, kinds: _Kinds) -> Branch:
    node = facts.node
    description = (
        node.word,
        node.layer,
        node.input_shapes,
        node.output_shapes,
        node.owns_weights,
        node.frozen,
        node.given,
        facts.training_only,
        facts.dead,
    )
    return Branch(name, "", (), facts, kinds.of(description))


def _call(facts: LayerFacts, level: int) -> str:
    """The call of the block at a level, as the trace of one of its layers has it (innermost first)."""
    trace = facts.node.origin.trace
    return trace[-1 - level].call if level < len(trace) else ""


def fold(branches: Sequence[Branch]) -> list[Folded]:
    """Neighbours that repeat, folded: of the runs that start somewhere the one that covers most."""
    folded: list[Folded] = []
    position = 0
    while position < len(branches):
        period, times = _longest_run(branches, position)
        last = position + period * (times - 1)
        folded += [Folded(branches[position + i], branches[last + i], times) for i in range(period)]
        position = last + period
    return folded


def _longest_run(branches: Sequence[Branch], start: int) -> tuple[int, int]:
    best = 1, 1
    for period, times in _runs(branches, start):
        has_block = any(branch.children for branch in branches[start : start + period])
        if times >= (2 if has_block else FEWEST_LAYERS) and period * times > best[0] * best[1]:
            best = period, times
    return best


def _runs(branches: Sequence[Branch], start: int) -> Iterator[tuple[int, int]]:
    for period in range(1, min(LONGEST_PERIOD, (len(branches) - start) // 2) + 1):
        same = sum(
            1
            for _ in takewhile(
                lambda i, period=period: branches[i].kind == branches[i + period].kind,
                range(start, len(branches) - period),
            )
        )
        yield period, same // period + 1
