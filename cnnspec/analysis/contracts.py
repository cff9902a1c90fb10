"""Contracts: holding the numbers of a net against the `expect` lines of its spec."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from cnnspec.analysis.contract_scope import ContractScope, Elsewhere, Nets, dotted, named_in
from cnnspec.analysis.facts import Analysis
from cnnspec.analysis.measures import SUMS, inside
from cnnspec.analysis.size_contracts import check_sizes, sizes_asked
from cnnspec.diagnostics import Diagnostic, Edit, Help, Label
from cnnspec.language import ast
from cnnspec.language.arithmetic import add, compare, multiply, negate, subtract
from cnnspec.language.body import BodyScope
from cnnspec.language.evaluate import Side, binding_help, compared, evaluate, words
from cnnspec.language.scope import LimitReached, Log
from cnnspec.language.spec import Spec
from cnnspec.language.truth import Truth, both
from cnnspec.language.values import (
    UNKNOWN,
    UNNAMED,
    Axes,
    Number,
    Undecided,
    Unknown,
    Value,
    describe,
    is_number,
    show,
)

LARGEST_SHARES = 3
"""How many layers are named where an expectation fails."""


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


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far the value may be from the expected one: an amount, or a share of it."""

    amount: Number
    is_share: bool

    def around(self, expected: Number) -> Number:
        """The greatest distance from an expected value."""
        if not self.is_share:
            return self.amount
        return multiply(self.amount, negate(expected) if compare(expected, "<", 0) is True else expected)


def _check(statement: ast.Expect, scope: ContractScope) -> None:
    condition = statement.condition
    asked = sizes_asked(condition, scope)
    if asked is not None:
        check_sizes(asked)
        return
    if not isinstance(condition, ast.Comparison):
        _check_truth(condition, evaluate(condition, scope), scope)
        return
    nodes = [condition.first, *(node for _, node in condition.links)]
    sides = [Side(node, evaluate(node, scope)) for node in nodes]
    tolerance = tolerance_of(statement, scope)
    for (operator, _), left, right in zip(condition.links, sides, sides[1:], strict=False):
        holds = _holds(operator, left, right, tolerance, scope)
        if holds is False:
            _report_failed(operator, left, right, tolerance, scope)
        elif isinstance(holds, Undecided):
            _report_undecided(condition, holds, sides, scope)
        if holds is not True:
            return


def _check_truth(condition: ast.Expression, value: Value, scope: ContractScope) -> None:
    if value is False:
        scope.report("expect-failed", f"`{condition.span.text}` does not hold", condition.span)
    elif isinstance(value, Undecided):
        _report_undecided(condition, value, [], scope)
    elif not isinstance(value, bool | Unknown):
        message = f"an expectation must be true or false, not {describe(value)}"
        scope.report("type-mismatch", message, condition.span)


def tolerance_of(statement: ast.Expect, scope: ContractScope) -> Tolerance | Unknown | None:
    """What stands after `within`: `1%` is a share of the expected value, `500` an amount."""
    node = statement.within
    if node is None:
        return None
    value = evaluate(node, scope)
    if is_number(value) and compare(value, ">=", 0) is True:
        return Tolerance(value, is_share=node.span.text.rstrip().endswith("%"))
    if not isinstance(value, Unknown):
        message = f"`within` needs a number or a share such as `1%`, not {describe(value)}"
        scope.report("type-mismatch", message, node.span)
    return UNKNOWN


def _holds(
    operator: str, left: Side, right: Side, tolerance: Tolerance | Unknown | None, scope: ContractScope
) -> Truth | Unknown:
    if tolerance is None:
        return compared(operator, left, right, scope)
    if isinstance(tolerance, Unknown) or isinstance(left.value, Unknown) or isinstance(right.value, Unknown):
        return UNKNOWN
    if operator != "==" or not is_number(left.value) or not is_number(right.value):
        scope.report(
            "type-mismatch", "`within` goes with `==` between two numbers", left.node.span.to(right.node.span)
        )
        return UNKNOWN
    _, expected = told_apart(left, right, scope)
    margin = tolerance.around(expected.value if is_number(expected.value) else 0)
    low, high = subtract(right.value, margin), add(right.value, margin)
    return both(
        compare(left.value, ">=", low, scope.at_least), compare(left.value, "<=", high, scope.at_least)
    )


def told_apart(left: Side, right: Side, scope: ContractScope) -> tuple[Side, Side]:
    """The side that is measured, and the one it is expected to be."""
    return (right, left) if _measured(right, scope) and not _measured(left, scope) else (left, right)


def _measured(side: Side, scope: ContractScope) -> tuple[ContractScope, str] | None:
    """The first sum over layers that a side asks for, with the place it is asked at."""
    for node in ast.walk(side.node):
        if isinstance(node, ast.Name | ast.Attribute):
            found = scope.elsewhere(node)
            here = found if isinstance(found, Elsewhere) else Elsewhere(scope, node)
            if (word := dotted(here.node)) in SUMS:
                return here.scope, word
    return None


# --- reporting ----------------------------------------------------------------------------------------------


def _report_failed(
    operator: str, left: Side, right: Side, tolerance: Tolerance | Unknown | None, scope: ContractScope
) -> None:
    actual, expected = told_apart(left, right, scope)
    wanted = grouped(expected.value)
    if operator != "==":
        wanted = f"{operator if actual is left else MIRRORED[operator]} {wanted}"
    if isinstance(tolerance, Tolerance):
        share = show(multiply(tolerance.amount, 100))
        wanted += f" within {f'{share}%' if tolerance.is_share else grouped(tolerance.amount)}"
    scope.report(
        "expect-failed",
        f"`{actual.node.span.text}` is {grouped(actual.value)}, expected {wanted}",
        left.node.span.to(right.node.span),
        labels=(Label(actual.node.span, f"is {grouped(actual.value)}"),),
        notes=(*_difference(actual.value, expected.value), *_largest(actual, scope)),
        help=_correction(operator, actual, expected),
    )


MIRRORED = {"!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def _difference(actual: Value, expected: Value) -> Iterator[str]:
    if isinstance(actual, int | Fraction) and isinstance(expected, int | Fraction):
        difference = actual - expected
        share = f" ({float(difference / abs(Fraction(expected))):+.3g} of it)" if expected else ""
        yield f"the difference is {'+' if difference > 0 else ''}{grouped(difference)}{share}"


def _largest(actual: Side, scope: ContractScope) -> Iterator[str]:
    """The layers that add most to a sum."""
    found = _measured(actual, scope)
    if found is None:
        return
    place, word = found
    shares = [(SUMS[word](facts), facts.path) for facts in inside(place.analysis, place.path)]
    numbers = sorted(
        ((share, path) for share, path in shares if isinstance(share, int) and share), reverse=True
    )
    total = sum(share for share, _ in numbers)
    if total:
        parts = [
            f"`{path}` {grouped(share)} ({100 * share / total:.0f} %)"
            for share, path in numbers[:LARGEST_SHARES]
        ]
        yield f"most of `{word}`: {', '.join(parts)}"


def _correction(operator: str, actual: Side, expected: Side) -> Help | None:
    if operator != "==" or not isinstance(expected.node, ast.Number) or not isinstance(actual.value, int):
        return None
    right = f"{actual.value:_}"
    return Help(f"if the net is as it should be, expect {right}", (Edit(expected.node.span, right),))


def _report_undecided(
    condition: ast.Expression, truth: Undecided, sides: list[Side], scope: ContractScope
) -> None:
    formulas = (
        f"`{side.node.span.text}` is {grouped(side.value)}"
        for side in sides
        if is_number(side.value) and not isinstance(side.value, int | Fraction)
    )
    message = f"whether this holds depends on {words(truth.symbols)}"
    scope.report(
        "expect-unknown", message, condition.span, notes=tuple(formulas), help=binding_help(truth.symbols)
    )


def grouped(value: Value) -> str:
    """A value with the thousands of whole numbers apart: 61,706."""
    if isinstance(value, Axes):
        value = value.common
    if isinstance(value, tuple):
        return "[" + ", ".join(map(grouped, value)) + "]"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else show(value)
