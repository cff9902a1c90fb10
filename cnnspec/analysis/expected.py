"""The sides of an expectation: what is measured, what it is expected to be, and how near is near enough."""

from __future__ import annotations

from dataclasses import dataclass

from cnnspec.analysis.asked import Asked
from cnnspec.analysis.contract_scope import ContractScope, Elsewhere, dotted
from cnnspec.language import ast
from cnnspec.language.arithmetic import compare, multiply, negate
from cnnspec.language.builtins import FUNCTIONS
from cnnspec.language.evaluate import Side, evaluate
from cnnspec.language.values import UNKNOWN, Number, Unknown, describe, is_number


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


def told_apart(left: Side, right: Side, scope: ContractScope) -> tuple[Side, Side]:
    """The side that is measured, and the one it is expected to be."""
    return (right, left) if asked_in(right, scope) and not asked_in(left, scope) else (left, right)


def asked_in(side: Side, scope: ContractScope) -> Asked | None:
    """The first thing that a side measures. It has been evaluated: nothing is reported again."""
    if isinstance(side.value, Unknown):
        return None
    return next((asked for node in ast.walk(side.node) if (asked := _asked(node, scope))), None)


def _asked(node: ast.Node, scope: ContractScope) -> Asked | None:
    there: ContractScope | Unknown = scope
    if isinstance(node, ast.Call):
        found = scope.elsewhere(node.callee)
        here = found if isinstance(found, Elsewhere) else Elsewhere(scope, node.callee)
        if dotted(here.node) in FUNCTIONS:
            return None
        node, there = here.node, here.scope.there(node)
    elif isinstance(node, ast.Name | ast.Attribute):
        found = scope.elsewhere(node)
        here = found if isinstance(found, Elsewhere) else Elsewhere(scope, node)
        node, there = here.node, here.scope
    if isinstance(there, Unknown) or not isinstance(node, ast.Name | ast.Attribute):
        return None
    asked = there.asked(node)
    if asked is None and isinstance(node, ast.Attribute):
        return there.size_asked(node)
    return asked if isinstance(asked, Asked) else None
