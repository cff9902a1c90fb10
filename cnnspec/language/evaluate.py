"""The meaning of expressions. What touches names, calls and tensors is asked of the scope.

A net's body and a contract have different scopes but the same expressions. Nothing is raised: what goes wrong
is reported once and gives `UNKNOWN`, which silences everything that depends on it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cnnspec.diagnostics import Help
from cnnspec.dims import SizeLimitError, Symbolic, symbols_of
from cnnspec.graph import Tensor
from cnnspec.language import ast, limits
from cnnspec.language.arithmetic import OPERATIONS, ArithmeticProblem, compare, negate
from cnnspec.language.scope import Scope
from cnnspec.language.truth import Truth, both, either, equal, negated, show_claim
from cnnspec.language.values import (
    UNKNOWN,
    Axes,
    Number,
    Outputs,
    Quotient,
    Transformation,
    Undecided,
    Unknown,
    Value,
    describe,
    is_known,
    is_number,
)

VERBS = {"+": "add", "-": "subtract", "*": "multiply", "**": "raise"}
"""What cannot be done to two values, where they do not fit an operator; the others divide."""


def evaluate(node: ast.Expression, scope: Scope) -> Value:
    """The value of an expression; `UNKNOWN` where something in it is wrong, which is then reported."""
    scope.enter(node.span)
    try:
        return _RULES[type(node)](node, scope)
    except ArithmeticProblem as problem:
        scope.report(problem.code, problem.message, node.span)
    except SizeLimitError as problem:
        scope.report("limit", str(problem), node.span)
    finally:
        scope.leave()
    return UNKNOWN


def whole_number(node: ast.Expression, scope: Scope, what: str) -> int | Unknown:
    """The value of an expression that must be a whole number and known; `what` is "the count of `repeat`"."""
    value = evaluate(node, scope)
    if value is UNKNOWN or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if not is_number(value):
        if not _is_stray(node, value, scope):
            scope.report("type-mismatch", f"{what} must be a number, not {describe(value)}", node.span)
    elif symbols := symbols_in(value):
        scope.report(
            "unbound-symbol", f"{what} depends on {words(symbols)}", node.span, help=binding_help(symbols)
        )
    else:
        scope.report("not-whole", f"{what} must be a whole number, not {describe(value)}", node.span)
    return UNKNOWN


def decided(node: ast.Expression, scope: Scope) -> bool | Unknown:
    """Whether a condition holds; unknown (and reported) where that depends on symbols."""
    value = evaluate(node, scope)
    if isinstance(value, bool) or value is UNKNOWN:
        return value
    if isinstance(value, Undecided):
        claims = " and ".join(map(show_claim, value.claims or ())) or "it"
        message = f"whether {claims} depends on {words(value.symbols)}"
        scope.report("symbolic-choice", message, node.span, help=binding_help(value.symbols))
    else:
        message = f"a condition must be true or false, not {describe(value)}"
        scope.report("not-a-condition", message, node.span)
    return UNKNOWN


def chosen(node: ast.Expression, scope: Scope) -> ast.Expression | None:
    """What is chosen by `a if condition else b`, and anything else as it is; None where that is not known."""
    while isinstance(node, ast.Conditional):
        holds = decided(node.condition, scope)
        if isinstance(holds, Unknown):
            return None
        node = node.then if holds else node.otherwise
    return node


def symbols_in(value: Number) -> frozenset[str]:
    """The symbols that a number depends on."""
    if isinstance(value, Quotient):
        return symbols_of(value.numerator)
    return symbols_of(value) if isinstance(value, Symbolic) else frozenset()


def words(symbols: frozenset[str]) -> str:
    """``  `H` and `W`  ``."""
    *most, last = [f"`{name}`" for name in sorted(symbols)]
    return f"{', '.join(most)} and {last}" if most else last


def binding_help(symbols: frozenset[str]) -> Help:
    """How to give symbols values."""
    flags = " ".join(f"-s {name}=…" for name in sorted(symbols))
    return Help(
        f"give {'it a default' if len(symbols) == 1 else 'them defaults'} in the spec, or a value: `{flags}`"
    )


# --- one rule a kind of expression --------------------------------------------------------------------------


def _number(node: ast.Number, scope: Scope) -> Value:
    del scope
    return node.value


def _string(node: ast.String, scope: Scope) -> Value:
    del scope
    return node.value


def _name(node: ast.Name, scope: Scope) -> Value:
    return scope.name(node)


def _hole(node: ast.Hole, scope: Scope) -> Value:
    return scope.hole(node)


def _attribute(node: ast.Attribute, scope: Scope) -> Value:
    return scope.attribute(node)


def _index(node: ast.Index, scope: Scope) -> Value:
    base = evaluate(node.base, scope)
    position = whole_number(node.index, scope, "a position")
    if isinstance(base, Unknown) or isinstance(position, Unknown):
        return UNKNOWN
    items = tuple(base.named.values()) if isinstance(base, Outputs) else base
    if not isinstance(items, tuple):
        scope.report("not-a-list", f"{describe(base)} has no positions", node.base.span)
        return UNKNOWN
    if not -len(items) <= position < len(items):
        message = f"there is no position {position} in {describe(base)}: it has {len(items)}, counted from 0"
        scope.report("out-of-range", message, node.index.span)
        return UNKNOWN
    return items[position]


def _call(node: ast.Call, scope: Scope) -> Value:
    return scope.call(node)


def _pipeline(node: ast.Pipeline, scope: Scope) -> Value:
    return scope.pipeline(node)


def _sequence(node: ast.Sequence, scope: Scope) -> Value:
    if len(node.items) > limits.MAX_ITEMS:
        raise _too_many_items(len(node.items))
    return tuple(_item(item, scope) for item in node.items)


def _item(node: ast.Expression, scope: Scope) -> Value:
    """An item of a list, where a bare name may stand for a layer."""
    what = chosen(node, scope)
    if what is None:
        return UNKNOWN
    return scope.listed(what) if isinstance(what, ast.Name) else evaluate(what, scope)


def _conditional(node: ast.Conditional, scope: Scope) -> Value:
    what = chosen(node, scope)
    return UNKNOWN if what is None else evaluate(what, scope)


def _unary(node: ast.Unary, scope: Scope) -> Value:
    value = evaluate(node.operand, scope)
    if value is UNKNOWN:
        return UNKNOWN
    if node.operator == "not" and isinstance(value, Truth):
        return negated(value)
    if node.operator == "-" and is_number(value):
        return negate(value)
    if node.operator == "-" and isinstance(value, Tensor):
        minus = ast.Number(node.span, -1)
        return scope.combine(ast.Binary(node.span, "*", node.span, minus, node.operand), -1, value)
    code, wanted = (
        ("not-a-condition", "true or false") if node.operator == "not" else ("type-mismatch", "a number")
    )
    scope.report(code, f"`{node.operator}` needs {wanted}, not {describe(value)}", node.operand.span)
    return UNKNOWN


def _binary(node: ast.Binary, scope: Scope) -> Value:
    """A chain `a + b - c …` is worked out in a loop, however long it is."""
    chain: list[ast.Binary] = [node]
    while isinstance(left := chain[-1].left, ast.Binary):
        chain.append(left)
    value = evaluate(chain[-1].left, scope)
    for link in reversed(chain):
        value = (
            _connective(link, value, scope)
            if link.operator in ("and", "or")
            else _operation(link, value, scope)
        )
    return value


def _connective(node: ast.Binary, left: Value, scope: Scope) -> Value:
    if left is (node.operator == "or"):
        return left
    right = evaluate(node.right, scope)
    for side, value in ((node.left, left), (node.right, right)):
        if not isinstance(value, Truth | Unknown):
            message = f"`{node.operator}` needs true or false, not {describe(value)}"
            scope.report("not-a-condition", message, side.span)
            return UNKNOWN
    if not isinstance(left, Truth) or not isinstance(right, Truth):
        return UNKNOWN
    return both(left, right) if node.operator == "and" else either(left, right)


def _operation(node: ast.Binary, left: Value, scope: Scope) -> Value:
    right = evaluate(node.right, scope)
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return UNKNOWN
    left, right = (value.common if isinstance(value, Axes) else value for value in (left, right))
    if is_number(left) and is_number(right):
        return OPERATIONS[node.operator](left, right)
    if isinstance(left, Tensor | Outputs) or isinstance(right, Tensor | Outputs):
        return scope.combine(node, left, right)
    if isinstance(left, tuple):
        return _list_operation(node, left, right, scope)
    if not _is_stray(node.left, left, scope) and not _is_stray(node.right, right, scope):
        message = f"cannot {VERBS.get(node.operator, 'divide')} {describe(left)} and {describe(right)}"
        scope.report("type-mismatch", message, node.operator_span)
    return UNKNOWN


def _is_stray(node: ast.Expression, value: Value, scope: Scope) -> bool:
    """Whether a word that stands for itself was meant as a name; it is then reported as unknown."""
    if not isinstance(node, ast.Name) or value != node.name:
        return False
    scope.report("unknown-name", f"nothing is called `{node.name}` here", node.span)
    return True


def _list_operation(node: ast.Binary, left: tuple[Value, ...], right: Value, scope: Scope) -> Value:
    if node.operator == "+" and isinstance(right, tuple):
        if len(left) + len(right) > limits.MAX_ITEMS:
            raise _too_many_items(len(left) + len(right))
        return left + right
    if node.operator == "*" and isinstance(right, int):
        if len(left) * right > limits.MAX_ITEMS:
            raise _too_many_items(len(left) * right)
        return left * right
    message = f"cannot {VERBS.get(node.operator, 'divide')} {describe(left)} and {describe(right)}"
    scope.report("type-mismatch", message, node.operator_span)
    return UNKNOWN


def _too_many_items(count: int) -> ArithmeticProblem:
    return ArithmeticProblem(
        "limit", f"a list of {count:,} items is longer than the limit of {limits.MAX_ITEMS:,}"
    )


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison, with its value."""

    node: ast.Expression
    value: Value


def _comparison(node: ast.Comparison, scope: Scope) -> Value:
    result: Truth = True
    left = Side(node.first, evaluate(node.first, scope))
    for operator, right_node in node.links:
        right = Side(right_node, evaluate(right_node, scope))
        link = compared(operator, left, right, scope)
        if isinstance(link, Unknown):
            return UNKNOWN
        result = both(result, link)
        left = right
    return result


def compared(operator: str, left: Side, right: Side, scope: Scope) -> Truth | Unknown:
    """Whether one link of a comparison holds; of numbers along axes, whether it does along each."""
    if isinstance(left.value, Axes) or isinstance(right.value, Axes):
        return _compared_along_axes(operator, left, right, scope)
    here, there = left.value, right.value
    if not is_known(here) or not is_known(there):
        return UNKNOWN
    if is_number(here) and is_number(there):
        return compare(here, operator, there, scope.at_least)
    for side in (left, right):
        unfit = isinstance(side.value, Tensor | Outputs | Transformation)
        if unfit or (operator not in ("==", "!=") and not is_number(side.value)):
            message = f"cannot compare {describe(side.value)} by `{operator}`"
            scope.report("not-comparable", message, side.node.span)
            return UNKNOWN
    result = equal(here, there, scope.at_least)
    return result if operator == "==" else negated(result)


def _compared_along_axes(operator: str, left: Side, right: Side, scope: Scope) -> Truth | Unknown:
    count = max(len(side.value) for side in (left, right) if isinstance(side.value, tuple))
    here, there = (
        side.value if isinstance(side.value, tuple) else (side.value,) * count for side in (left, right)
    )
    if len(here) != len(there):
        return operator == "!="
    links = [
        compared(operator, Side(left.node, one), Side(right.node, other), scope)
        for one, other in zip(here, there, strict=True)
    ]
    combine = either if operator == "!=" else both
    result: Truth = operator != "!="
    for link in links:
        if isinstance(link, Unknown):
            return UNKNOWN
        result = combine(result, link)
    return result


_RULES: Mapping[type, Callable[[Any, Scope], Value]] = {
    ast.Number: _number,
    ast.String: _string,
    ast.Name: _name,
    ast.Hole: _hole,
    ast.Attribute: _attribute,
    ast.Index: _index,
    ast.Call: _call,
    ast.Pipeline: _pipeline,
    ast.Sequence: _sequence,
    ast.Conditional: _conditional,
    ast.Unary: _unary,
    ast.Binary: _binary,
    ast.Comparison: _comparison,
}
