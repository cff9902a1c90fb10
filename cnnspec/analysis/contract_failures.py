"""What to say where an expectation fails: expected, actual, the difference, and what leads to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from cnnspec.analysis.asked import Asked
from cnnspec.analysis.contract_scope import ContractScope
from cnnspec.analysis.expected import Tolerance, asked_in, told_apart
from cnnspec.analysis.facts import Analysis
from cnnspec.analysis.measures import ALL_SUMS, MEMORY, OF_TENSOR, TOGETHER
from cnnspec.diagnostics import Edit, Help, Label
from cnnspec.dims import Symbolic, digits
from cnnspec.graph import Node, Tensor
from cnnspec.language import ast
from cnnspec.language.arithmetic import multiply
from cnnspec.language.attributes import SIZES
from cnnspec.language.evaluate import Side, binding_help, evaluate, words
from cnnspec.language.values import (
    Axes,
    Undecided,
    Unknown,
    Value,
    show,
)

LARGEST_SHARES = 3
"""How many layers are named where an expectation fails."""

FIRST_STEPS, LAST_STEPS = 2, 5
"""Of a longer chain of layers only its ends are shown."""

MANY_TIMES = 10
"""From here on the actual value is said as a multiple of the expected one."""

LONGEST_DENOMINATOR = 100
"""Fractions of finer parts are said as decimals."""

MOST_DECIMAL = 10**15
"""Larger fractions are said as whole numbers."""

MIRRORED = {"!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def report_failed(
    operator: str, left: Side, right: Side, tolerance: Tolerance | Unknown | None, scope: ContractScope
) -> None:
    """Report a comparison that does not hold."""
    actual, expected = told_apart(left, right, scope)
    wanted = grouped(expected.value)
    if operator != "==":
        wanted = f"{operator if actual is left else MIRRORED[operator]} {wanted}"
    if isinstance(tolerance, Tolerance):
        share = show(multiply(tolerance.amount, 100))
        wanted += f" within {f'{share}%' if tolerance.is_share else grouped(tolerance.amount)}"
    asked = asked_in(actual, scope)
    scope.report(
        "expect-failed",
        f"`{actual.node.span.text}` is {grouped(actual.value)}, expected {wanted}",
        left.node.span.to(right.node.span),
        labels=(Label(actual.node.span, f"is {grouped(actual.value)}"),),
        notes=(*_difference(actual.value, expected.value), *(leading_to(asked) if asked else ())),
        help=_correction(operator, actual, expected),
    )


def report_false(
    condition: ast.Expression, alternatives: Sequence[ast.Expression], scope: ContractScope
) -> None:
    """Report a condition that is no comparison and does not hold, with what its alternatives measure."""
    comparisons = [node for node in alternatives if isinstance(node, ast.Comparison)]
    nodes = [node for c in comparisons for node in (c.first, *(other for _, other in c.links))]
    sides = [Side(node, evaluate(node, scope)) for node in nodes]
    notes = [f"`{side.node.span.text}` is {grouped(side.value)}" for side in sides if asked_in(side, scope)]
    message = f"`{condition.span.text}` does not hold"
    scope.report("expect-failed", message, condition.span, notes=tuple(dict.fromkeys(notes)))


def report_undecided(
    condition: ast.Expression, truth: Undecided, sides: list[Side], scope: ContractScope
) -> None:
    """Report a condition that depends on symbols."""
    formulas = (
        f"`{side.node.span.text}` is {grouped(side.value)}"
        for side in sides
        if isinstance(side.value, Symbolic) and grouped(side.value) != side.node.span.text
    )
    message = f"whether this holds depends on {words(truth.symbols)}"
    scope.report(
        "expect-unknown", message, condition.span, notes=tuple(formulas), help=binding_help(truth.symbols)
    )


def _difference(actual: Value, expected: Value) -> Iterator[str]:
    if isinstance(actual, Axes) and not isinstance(expected, tuple):
        actual = actual.common
    if isinstance(actual, int | Fraction) and isinstance(expected, int | Fraction):
        difference = actual - expected
        sign = "+" if difference > 0 else ""
        yield f"the difference is {sign}{grouped(difference)}{_share(Fraction(actual), Fraction(expected))}"


def _share(actual: Fraction, expected: Fraction) -> str:
    """` (26.3 % less)`, or ` (74.7 times as much)`; nothing where there is no such share."""
    if expected <= 0 or actual < 0:
        return ""
    if actual >= MANY_TIMES * expected:
        return f" ({three_digits(actual / expected)} times as much)"
    percent = three_digits(abs(actual - expected) / expected * 100)
    return f" ({percent} % {'more' if actual > expected else 'less'})"


def three_digits(value: Fraction) -> str:
    """A number to three digits, its thousands apart: `0.0319`, `74.7`, `12,345`."""
    large = 1000
    return digits(round(value), grouped=True) if value >= large else f"{float(value):.3g}"


def _correction(operator: str, actual: Side, expected: Side) -> Help | None:
    if operator != "==" or not isinstance(expected.node, ast.Number) or not isinstance(actual.value, int):
        return None
    right = digits(actual.value, grouped=True).replace(",", "_")
    if not right.replace("_", "").lstrip("-").isdecimal():
        return None
    return Help(f"if the net is as it should be, expect {right}", (Edit(expected.node.span, right),))


# --- what leads to a value ----------------------------------------------------------------------------------


def leading_to(asked: Asked) -> Iterator[str]:
    """The layers that contribute most, the fullest moment, or the chain of layers that leads to a value."""
    if asked.word in ALL_SUMS:
        yield from _largest(asked)
    elif asked.word in TOGETHER:
        path = TOGETHER[asked.word].path
        if path is not None:
            yield f"the longest path: {_chain([f'`{node.path}`' for node in path(asked.layers)])}"
        yield from _largest(asked)
    elif asked.word in MEMORY:
        yield from _fullest(asked)
    elif asked.tensor is not None:
        yield from _steps(asked, asked.tensor)


def _largest(asked: Asked) -> Iterator[str]:
    """The layers that add most to a sum."""
    found = asked.shares
    numbers = [(share, path) for share, path in found if isinstance(share, int | Fraction) and share]
    numbers.sort(key=lambda entry: -entry[0])
    whole = sum(share for share, _ in numbers)
    if whole and len(found) > 1:
        parts = [
            f"`{path}` {f'{grouped(share)} ' if isinstance(share, int) else ''}"
            f"({float(Fraction(100 * share) / whole):.0f} %)"
            for share, path in numbers[:LARGEST_SHARES]
        ]
        yield f"most of {asked.of_what}: {', '.join(parts)}"


def _fullest(asked: Asked) -> Iterator[str]:
    peak = MEMORY[asked.word].peak(asked.analysis, asked.setting)
    parts = ", ".join(f"{name} {grouped(size)}" for name, size in peak.parts.items())
    if peak.path:
        yield f"the most is needed during `{peak.path}`: {parts}"


def _steps(asked: Asked, tensor: Tensor) -> Iterator[str]:
    """The layers that made a size or a field what it is, from the input on."""
    steps: list[str] = []
    node, port = asked.analysis.graph.node(tensor.node), tensor.port
    while True:
        value = _at(asked, node.outputs[port])
        before = _strongest(asked, node)
        if before is None or _at(asked, before) != value:
            steps.append(f"`{node.path}` {grouped(value) if value is not None else ''}".rstrip())
        if before is None:
            break
        node, port = asked.analysis.graph.node(before.node), before.port
    if len(steps) > 1:
        yield f"from the input on: {_chain(steps[::-1])}"


def _at(asked: Asked, tensor: Tensor) -> Value | None:
    table = OF_TENSOR.get(asked.word)
    return table(asked.analysis, tensor) if table else SIZES[asked.word](tensor.shape)


def _strongest(asked: Asked, node: Node) -> Tensor | None:
    """The input that a value comes from: where several meet, that with the greatest."""
    if asked.word not in OF_TENSOR:
        return node.inputs[0] if node.inputs else None
    return max(node.inputs, key=lambda tensor: _rank(asked.analysis, tensor), default=None)


def _rank(analysis: Analysis, tensor: Tensor) -> tuple[int, ...]:
    axes = analysis.field_of(tensor).axes
    return tuple(axis.size for axis in axes if isinstance(axis.size, int))


def _chain(steps: Sequence[str]) -> str:
    if len(steps) > FIRST_STEPS + LAST_STEPS + 1:
        steps = [*steps[:FIRST_STEPS], "…", *steps[-LAST_STEPS:]]
    return " → ".join(steps)


def grouped(value: Value) -> str:
    """A value with the thousands of whole numbers apart: 61,706."""
    if isinstance(value, Axes):
        value = value.common
    if isinstance(value, tuple):
        return "[" + ", ".join(map(grouped, value)) + "]"
    if isinstance(value, Fraction) and value.denominator > LONGEST_DENOMINATOR:
        if abs(value) >= MOST_DECIMAL:
            return f"≈ {digits(round(value), grouped=True)}"
        decimal = f"{float(value):.6g}"
        return decimal if Fraction(decimal) == value else f"≈ {decimal}"
    if isinstance(value, int) and not isinstance(value, bool):
        return digits(value, grouped=True)
    return show(value)
