"""Contracts: holding the numbers of a net against the `expect` lines of its spec."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cnnspec.analysis.contract_failures import report_failed, report_false, report_undecided
from cnnspec.analysis.contract_scope import ContractScope, Nets, named_in
from cnnspec.analysis.expected import Tolerance, told_apart, tolerance_of
from cnnspec.analysis.facts import Analysis
from cnnspec.analysis.size_contracts import check_sizes, sizes_asked
from cnnspec.diagnostics import Diagnostic
from cnnspec.language import ast
from cnnspec.language.arithmetic import add, compare, subtract
from cnnspec.language.body import BodyScope
from cnnspec.language.evaluate import Side, compared, evaluate
from cnnspec.language.scope import LimitReached, Log
from cnnspec.language.spec import Spec
from cnnspec.language.truth import Truth, both
from cnnspec.language.values import (
    UNKNOWN,
    UNNAMED,
    Undecided,
    Unknown,
    Value,
    describe,
    is_number,
)

WITHIN = "`within` goes with `==` between two numbers"


def check_contracts(spec: Spec, analysis: Analysis) -> tuple[Diagnostic, ...]:
    """The expectations that do not hold: the net's own, its blocks', and those that the file has of it."""
    log = Log(at_least=analysis.graph.at_least)
    try:
        for statement, scope in expectations(spec, analysis, log):
            _check(statement, scope)
    except LimitReached:
        return log.findings()
    return log.findings()


def expectations(spec: Spec, analysis: Analysis, log: Log) -> Iterator[tuple[ast.Expect, ContractScope]]:
    """Every `expect` line that is about a net, with the scope that gives its words their values."""
    nets = Nets(spec)
    for expectation in analysis.graph.expectations:
        statement, place = expectation.statement, expectation.place
        if isinstance(statement, ast.Expect) and isinstance(place, BodyScope):
            yield statement, _scope_in(place, log, nets, analysis)
    for statement in _of_file(spec, analysis.graph.name):
        yield statement, ContractScope(log, (), nets, analysis, "", named_in(analysis))


def _of_file(spec: Spec, net: str) -> Iterable[ast.Expect]:
    """The expectations at file level that are checked with a net: those that name it before any other.

    What names no net is of the first one.
    """
    for statement in spec.main.file.expects:
        names = [n for n in ast.walk(statement) if isinstance(n, ast.Name) and n.name in spec.nets]
        first = min(names, key=lambda n: n.span.start).name if names else next(iter(spec.nets), None)
        if first == net:
            yield statement


def _scope_in(place: BodyScope, log: Log, nets: Nets, analysis: Analysis) -> ContractScope:
    """The scope of an expectation in a body: what was bound above it, and what the body gives."""
    if place.is_net:
        values = {**place.constants, **named_in(analysis), **place.values}
    else:
        output = place.outputs.get(UNNAMED, next(iter(place.outputs.values()), place.main))
        words = {"input": place.entry, UNNAMED: output, **place.outputs}
        values = {**place.constants, **_known(words), **place.values}
    values |= _known({"in": place.entry, "it": place.main})
    return ContractScope(log, place.trace, nets, analysis, place.namer.prefix.rstrip("."), values)


def _known(words: dict[str, Value | None]) -> dict[str, Value]:
    return {word: value for word, value in words.items() if value is not None}


# --- holding ------------------------------------------------------------------------------------------------


def _check(statement: ast.Expect, scope: ContractScope) -> None:
    """Hold the parts of a condition that `and` joins one by one, as far as they hold."""
    tolerance = tolerance_of(statement, scope)
    for condition in _joined_by("and", statement.condition):
        if _is_held(condition, tolerance, scope) is not True:
            return


def _joined_by(operator: str, condition: ast.Expression) -> list[ast.Expression]:
    """The parts of a condition from left to right."""
    parts: list[ast.Expression] = []
    while isinstance(condition, ast.Binary) and condition.operator == operator:
        parts.append(condition.right)
        condition = condition.left
    return [condition, *reversed(parts)]


def _is_held(
    condition: ast.Expression, tolerance: Tolerance | Unknown | None, scope: ContractScope
) -> Truth | Unknown:
    """Whether a condition holds; reported where it does not, or where that is not known."""
    asked = sizes_asked(condition, scope)
    if asked is not None:
        return check_sizes(asked)
    if not isinstance(condition, ast.Comparison):
        if tolerance is not None:
            scope.report("type-mismatch", WITHIN, condition.span)
            return UNKNOWN
        return _is_true(condition, evaluate(condition, scope), scope)
    nodes = [condition.first, *(node for _, node in condition.links)]
    sides = [Side(node, evaluate(node, scope)) for node in nodes]
    for (operator, _), left, right in zip(condition.links, sides, sides[1:], strict=False):
        holds = _holds(operator, left, right, tolerance, scope)
        if holds is False:
            report_failed(operator, left, right, tolerance, scope)
        elif isinstance(holds, Undecided):
            report_undecided(condition, holds, sides, scope)
        if holds is not True:
            return holds
    return True


def _is_true(condition: ast.Expression, value: Value, scope: ContractScope) -> Truth | Unknown:
    if value is False:
        report_false(condition, _joined_by("or", condition), scope)
    elif isinstance(value, Undecided):
        report_undecided(condition, value, [], scope)
    elif not isinstance(value, bool | Unknown):
        message = f"an expectation must be true or false, not {describe(value)}"
        scope.report("type-mismatch", message, condition.span)
        return UNKNOWN
    return value


def _holds(
    operator: str, left: Side, right: Side, tolerance: Tolerance | Unknown | None, scope: ContractScope
) -> Truth | Unknown:
    if tolerance is None:
        return compared(operator, left, right, scope)
    if isinstance(tolerance, Unknown) or isinstance(left.value, Unknown) or isinstance(right.value, Unknown):
        return UNKNOWN
    if operator != "==" or not is_number(left.value) or not is_number(right.value):
        scope.report("type-mismatch", WITHIN, left.node.span.to(right.node.span))
        return UNKNOWN
    _, expected = told_apart(left, right, scope)
    margin = tolerance.around(expected.value if is_number(expected.value) else 0)
    low, high = subtract(right.value, margin), add(right.value, margin)
    return both(
        compare(left.value, ">=", low, scope.at_least), compare(left.value, "<=", high, scope.at_least)
    )
