"""What all scopes of one run of the elaborator share: the graph, its bounds, what is worked out only once."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from typing import Final

from cnnspec.diagnostics import Span
from cnnspec.dims import Symbolic, symbol
from cnnspec.graph import Graph
from cnnspec.language import ast, limits
from cnnspec.language.naming import Labels, labels_of
from cnnspec.language.outcome import Outcome, Shapes, outcome_of
from cnnspec.language.scope import Log, Scope
from cnnspec.language.spec import Unit
from cnnspec.language.values import Value
from cnnspec.layers.base import Layer


class Free(Enum):
    """The binding that leaves a parameter or symbol free although it has a default."""

    FREE = "free"


FREE: Final = Free.FREE

Binding = int | Fraction | Symbolic | Free


@dataclass(slots=True)
class Expansion:
    """One net being expanded.

    Of a net that is not `is_complete` parts could not be read: no shape in it is known. `bindings` are the
    values given from outside; `symbolic` leaves symbols of inputs free that have no value but a default.
    """

    graph: Graph
    log: Log
    is_complete: bool
    bindings: Mapping[str, Binding] = field(default_factory=dict[str, Binding])
    symbolic: bool = False
    is_blind: bool = False
    """Whether only what can be said without knowing any tensor or parameter is looked at."""
    known: set[str] = field(default_factory=set[str])
    """The names that can be bound from outside: the symbols of inputs and the parameters of the net."""
    layers: dict[Hashable, Layer] = field(default_factory=dict[Hashable, Layer])
    """Layers by what they were written with."""
    constants: dict[Unit, dict[str, Value]] = field(default_factory=dict[Unit, dict[str, Value]])
    """The values that files give to names outside of definitions."""
    steps: int = 0
    """How many statements were carried out."""
    _outcomes: dict[tuple[Layer, Shapes], Outcome] = field(
        default_factory=dict[tuple[Layer, Shapes], Outcome]
    )
    _labels: dict[int, Labels] = field(default_factory=dict[int, Labels])

    def bind(self, name: str, default: Value | None, *, free: bool) -> Value:
        """The value of a symbol or parameter: given from outside, else its default, else a symbol."""
        self.known.add(name)
        given = self.bindings.get(name)
        value = (None if free else default) if given is None else given
        if value is None or isinstance(value, Free):
            self.graph.symbols[name] = default if isinstance(default, int) else None
            return symbol(name)
        if isinstance(value, int | Fraction):
            self.graph.bindings[name] = value
        return value

    def outcome(self, layer: Layer, shapes: Shapes) -> Outcome:
        """What a layer makes of inputs of these shapes."""
        key = layer, shapes
        outcome = self._outcomes.get(key)
        if outcome is None:
            outcome = self._outcomes[key] = outcome_of(layer, shapes, self.log.at_least)
        return outcome

    def labels(self, definition: ast.Definition) -> Labels:
        """The labels of a definition's body."""
        key = id(definition)
        if key not in self._labels:
            self._labels[key] = labels_of(definition.body)
        return self._labels[key]

    def step(self, scope: Scope, span: Span) -> None:
        """Count a statement. Raises LimitReached after the last one allowed."""
        self.steps += 1
        if self.steps > limits.MAX_STEPS:
            scope.refuse(f"more than {limits.MAX_STEPS:,} statements are carried out", span)
