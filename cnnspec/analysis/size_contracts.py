"""`expect sizes == H % 16 == 0`: the exact set of legal sizes against a predicate.

What stands behind `sizes ==` describes the legal sizes of the symbols that it names, under the net's `where`
clauses. Both are sets of residues and intervals, so that they are compared exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from cnnspec.analysis.contract_scope import ContractScope, Elsewhere
from cnnspec.analysis.legal_sizes import LegalSizes, legal_sizes, symbols_in
from cnnspec.analysis.measures import LEGAL_SIZES
from cnnspec.analysis.size_text import set_text
from cnnspec.diagnostics import Help
from cnnspec.dims import symbol
from cnnspec.dims.solutions import PeriodLimitError, SizeSet
from cnnspec.graph import Condition, Graph
from cnnspec.language import ast
from cnnspec.language.evaluate import evaluate
from cnnspec.language.inputs import requirement_of
from cnnspec.language.values import UNKNOWN, Undecided, Unknown, Value, describe

FARTHEST = 100_000
"""How far a size is looked for that only one of two sets has."""


@dataclass(frozen=True, slots=True)
class SizesAsked:
    """An expectation of sizes: the condition, what is expected, and the scope of the net it is about."""

    condition: ast.Comparison
    predicate: ast.Expression
    operator: str
    scope: ContractScope


def sizes_asked(condition: ast.Expression, scope: ContractScope) -> SizesAsked | None:
    """The expectation, where it is one of `sizes`. A chain `sizes == H % 2 == 0` expects `H % 2 == 0`."""
    if not isinstance(condition, ast.Comparison):
        return None
    found = scope.elsewhere(condition.first) if isinstance(condition.first, ast.Attribute) else None
    here = found if isinstance(found, Elsewhere) else Elsewhere(scope, condition.first)
    if (
        not isinstance(here.node, ast.Name)
        or here.node.name != LEGAL_SIZES
        or LEGAL_SIZES in here.scope.values
    ):
        return None
    (operator, first), *others = condition.links
    span = first.span.to(condition.span)
    predicate = ast.Comparison(span, first, tuple(others)) if others else first
    return SizesAsked(condition, predicate, operator, here.scope)


def check_sizes(asked: SizesAsked) -> bool | Unknown:
    """Whether the legal sizes are those expected; reported where they are not, or where that is not known."""
    scope = asked.scope
    place = asked.condition.first.span
    if asked.operator != "==" or scope.path:
        message = "`sizes` of a whole net are compared, by `==`, with a condition such as `H % 16 == 0`"
        scope.report("type-mismatch", message, place)
        return UNKNOWN
    graph = scope.nets.symbolic(scope.analysis.graph)
    if isinstance(graph, str):
        scope.report(
            "expect-unknown", f"the sizes of `{scope.analysis.graph.name}` are not known: {graph}", place
        )
        return UNKNOWN
    conditions = _conditions(asked, graph)
    if conditions is None:
        return UNKNOWN
    try:
        legal, expected = legal_sizes(graph), legal_sizes(graph, conditions)
    except PeriodLimitError as problem:
        scope.report("limit", str(problem), asked.condition.span)
        return UNKNOWN
    named = sorted({name for c in conditions for name in symbols_in(c.requirement)})
    if what := _why_not(named, legal, expected):
        scope.report("expect-unknown", f"the legal sizes cannot be compared: {what}", asked.condition.span)
        return UNKNOWN
    wrong = [name for name in named if legal.by_symbol[name] != expected.by_symbol[name]]
    if wrong:
        _report(asked, wrong, legal, expected)
    return not wrong


def _conditions(asked: SizesAsked, graph: Graph) -> list[Condition] | None:
    """What is expected, as conditions on the symbols; None, and reported, where it is nothing of the kind."""
    scope = asked.scope
    free: dict[str, Value] = {name: symbol(name) for name in graph.symbols}
    inside = ContractScope(scope.log, scope.trace, scope.nets, scope.analysis, "", {**scope.values, **free})
    value = evaluate(asked.predicate, inside)
    claims = value.claims if isinstance(value, Undecided) else () if value is True else None
    if claims is not None and all(claim.operator != "!=" for claim in claims):
        return [Condition("", requirement_of(claim, asked.predicate.span.text)) for claim in claims]
    if not isinstance(value, Unknown):
        what = "one of another kind" if isinstance(value, Undecided) else describe(value)
        help_ = Help("write `sizes == H % 16 == 0`, or several joined: `sizes == (H >= 32 and H % 8 == 0)`")
        message = f"`sizes` are compared with a condition on symbols, not with {what}"
        scope.report("type-mismatch", message, asked.predicate.span, help=help_)
    return None


def _why_not(named: list[str], *found: LegalSizes) -> str:
    """Why sets of sizes cannot be compared symbol by symbol; empty where they can."""
    if not named:
        return "it names no free symbol"
    unsolved = [condition for sizes in found for condition in sizes.unsolved]
    joint = [entry.condition for sizes in found for entry in sizes.joint]
    for conditions, what in ((joint, "depend on each other"), (unsolved, "repeat after too many")):
        concerned = [
            name
            for name in named
            if any(name in symbols_in(condition.requirement) for condition in conditions)
        ]
        if concerned:
            return f"the sizes of {' and '.join(concerned)} {what}"
    return ""


def _report(asked: SizesAsked, wrong: list[str], legal: LegalSizes, expected: LegalSizes) -> None:
    """Report the symbols whose sets differ, each with sizes that only one set has and what bounds it."""
    notes: list[str] = []
    for name in wrong:
        notes += _difference(name, legal.by_symbol[name], expected.by_symbol[name])
        notes += (
            f"{set_text(name, bound.allowed)} is set by {bound.condition.path or 'a `where` clause'}"
            for bound in legal.bounds[name]
        )
    actual, wanted = (
        " and ".join(set_text(name, sizes.by_symbol[name]) for name in wrong) for sizes in (legal, expected)
    )
    message = f"the legal sizes are {actual}, expected {wanted}"
    asked.scope.report("expect-failed", message, asked.condition.span, notes=tuple(notes))


def _difference(name: str, legal: SizeSet, expected: SizeSet) -> Iterator[str]:
    """The least size that only one of the sets has."""
    for size in islice(legal.members(), FARTHEST):
        if size not in expected:
            yield f"{name} = {size} is legal"
            break
    for size in islice(expected.members(), FARTHEST):
        if size not in legal:
            yield f"{name} = {size} is not legal"
            break
