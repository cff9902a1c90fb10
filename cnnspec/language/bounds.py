"""The whole numbers among which the value of a hole is sought."""

from __future__ import annotations

from dataclasses import dataclass

from cnnspec.diagnostics import Diagnostic, DiagnosticError, Help, Span
from cnnspec.graph import Graph
from cnnspec.language import ast
from cnnspec.language.body import BodyScope
from cnnspec.language.elaborate import definition_of
from cnnspec.language.evaluate import whole_number
from cnnspec.language.expansion import Expansion
from cnnspec.language.holes import Hole, holes_of
from cnnspec.language.naming import Namer
from cnnspec.language.scope import LimitReached, Log
from cnnspec.language.spec import Spec
from cnnspec.language.values import Unknown

WIDEST = 1_000_000
"""How many values may be stated for one hole."""


@dataclass(frozen=True, slots=True)
class Sought:
    """A hole with the least and the greatest value it may have."""

    hole: Hole
    low: int
    high: int

    @property
    def key(self) -> str:
        """By what its value is bound."""
        return self.hole.key

    @property
    def span(self) -> Span:
        """Where it first stands."""
        return self.hole.places[0].span

    @property
    def values(self) -> range:
        """Every value it may have."""
        return range(self.low, self.high + 1)


def sought(spec: Spec, net: str | None) -> tuple[Sought, ...]:
    """The holes of a net with their bounds. Raises DiagnosticError without any, or with wrong bounds."""
    definition = definition_of(spec, net)
    if isinstance(definition, Diagnostic):
        raise DiagnosticError(definition)
    holes = holes_of(spec, definition)
    if not holes:
        message = f"there is no `?` in `{definition.name}`"
        way_out = Help("write `?` for what is to be found, such as `conv(64, 3, pad=?)` or `?depth in 1..20`")
        raise DiagnosticError(Diagnostic("nothing-sought", message, help=way_out))
    log = Log()
    found = tuple(_within(hole, spec, log) for hole in holes)
    if log.found:
        raise DiagnosticError(*log.findings())
    return found


def _within(hole: Hole, spec: Spec, log: Log) -> Sought:
    if hole.low is None or hole.high is None:
        return Sought(hole, *hole.usual)
    low, high = _bound(hole.low, spec, log), _bound(hole.high, spec, log)
    if isinstance(low, Unknown) or isinstance(high, Unknown):
        return Sought(hole, *hole.usual)
    span = hole.low.span.to(hole.high.span)
    if low > high:
        log.add(Diagnostic("bad-argument", f"there is no whole number from {low} to {high}", span))
    elif high - low >= WIDEST:
        message = f"{high - low + 1:,} values are more than the limit of {WIDEST:,} for one `?`"
        log.add(Diagnostic("limit", message, span))
    return Sought(hole, low, high)


def _bound(node: ast.Expression, spec: Spec, log: Log) -> int | Unknown:
    expansion = Expansion(Graph(""), log, is_complete=True)
    scope = BodyScope(log, (), expansion, spec.main, {}, Namer("", "", {}), {}, is_net=False)
    try:
        return whole_number(node, scope, "a bound")
    except LimitReached:
        return Unknown.UNKNOWN
