"""What must hold of unknown values: comparisons of formulas, each with how far it is from holding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property

from cnnspec.analysis.contract_scope import ContractScope
from cnnspec.analysis.expected import Tolerance, told_apart, tolerance_of
from cnnspec.analysis.ranges import Box, range_over
from cnnspec.analysis.size_contracts import check_sizes, sizes_asked
from cnnspec.dims import Dim, Relation, decide, substitute, symbols_of
from cnnspec.language import ast
from cnnspec.language.arithmetic import parts, subtract
from cnnspec.language.evaluate import Side, compared, evaluate
from cnnspec.language.values import Axes, Number, Undecided, Unknown, Value, is_number
from cnnspec.layers.base import Requirement

MULTIPLE = "%"
"""The operator of "is a multiple of"."""

BUDGETS = ("<=", "<")


@dataclass(frozen=True)
class Wanted:
    """`left operator right`.

    `aim` is the number that a value should come near to: the limit of a budget, the middle of a tolerance;
    `text` is the expectation as it was written.
    """

    left: Dim
    operator: str
    right: Dim
    aim: Fraction | None = None
    text: str = field(default="", compare=False)

    @cached_property
    def difference(self) -> Dim:
        """Left minus right."""
        return self.left - self.right

    @cached_property
    def symbols(self) -> frozenset[str]:
        """The symbols on both sides."""
        return symbols_of(self.left) | symbols_of(self.right)

    @cached_property
    def scale(self) -> int:
        """What a miss is measured against, so that misses of MACs and of pixels can be compared."""
        sizes = [abs(side) for side in (self.right, self.left) if isinstance(side, int)]
        return max(sizes[0] if sizes else 1, 1)

    def misses(self, box: Box) -> tuple[Fraction, bool]:
        """By how much it is missed at least in a box, 0 where it may hold, and whether it surely holds."""
        if self.operator == MULTIPLE:
            return Fraction(0), False
        low, high = range_over(self.difference, box)
        short, over = (max(low, 0), max(-high, 0))
        match self.operator:
            case "==":
                away, sure = max(short, over), low == high == 0
            case "<=":
                away, sure = short, high <= 0
            case "<":
                away, sure = max(low + 1, 0), high < 0
            case ">=":
                away, sure = over, low >= 0
            case ">":
                away, sure = max(1 - high, 0), low > 0
            case _:
                away, sure = int(low == high == 0), low > 0 or high < 0
        return Fraction(away) / self.scale, sure

    def miss_at(self, values: Mapping[str, int], at_least: Mapping[str, int]) -> Fraction:
        """By how much it is missed where the unknowns have these values; 0 where it holds."""
        left, right = substitute(self.left, values), substitute(self.right, values)
        if self.operator == MULTIPLE:
            return Fraction(0 if decide(left, Relation.MULTIPLE, right, at_least) else 1)
        there = Wanted(left, self.operator, right)
        if isinstance(there.difference, int):
            return there.misses({})[0] * there.scale / self.scale
        return Fraction(0 if _holds_always(there, at_least) else 1)

    def use_at(self, values: Mapping[str, int]) -> Fraction | None:
        """How much of a budget is used, or how near an aim is, 1 being all; None where there is no aim."""
        value = substitute(self.left, values)
        if self.aim is None or self.aim <= 0 or not isinstance(value, int):
            return None
        use = value / self.aim
        return use if self.operator in BUDGETS else 1 - abs(use - 1)


NEVER = Wanted(0, "==", 1)


def _holds_always(wanted: Wanted, at_least: Mapping[str, int]) -> bool:
    """Whether a comparison holds for all values of the symbols that are left."""
    left, right = wanted.left, wanted.right
    match wanted.operator:
        case "==":
            return decide(left, Relation.EQUAL, right, at_least) is True
        case "!=":
            return decide(left, Relation.EQUAL, right, at_least) is False
        case ">=":
            return decide(left, Relation.AT_LEAST, right, at_least) is True
        case "<=":
            return decide(right, Relation.AT_LEAST, left, at_least) is True
        case ">":
            return decide(left, Relation.AT_LEAST, right + 1, at_least) is True
        case _:
            return decide(right, Relation.AT_LEAST, left + 1, at_least) is True


_OPERATORS = {Relation.EQUAL: "==", Relation.AT_LEAST: ">=", Relation.MULTIPLE: MULTIPLE}


def required(requirement: Requirement) -> Wanted:
    """What a layer requires of its sizes."""
    return Wanted(requirement.left, _OPERATORS[Relation(requirement.relation)], requirement.right)


def wanted_of(statement: ast.Expect, scope: ContractScope) -> list[Wanted] | None:
    """What an expectation asks for, as comparisons of formulas; None where it cannot be said so."""
    condition = statement.condition
    asked = sizes_asked(condition, scope)
    if asked is not None:
        holds = check_sizes(asked)
        return None if isinstance(holds, Unknown) else [] if holds else [NEVER]
    if isinstance(condition, ast.Comparison):
        found = _chain(condition, tolerance_of(statement, scope), scope)
    else:
        found = _claimed(evaluate(condition, scope))
    return None if found is None else [replace(claim, text=condition.span.text) for claim in found]


def _chain(
    condition: ast.Comparison, tolerance: Tolerance | Unknown | None, scope: ContractScope
) -> list[Wanted] | None:
    nodes = [condition.first, *(node for _, node in condition.links)]
    sides = [Side(node, evaluate(node, scope)) for node in nodes]
    found: list[Wanted] = []
    for (operator, _), left, right in zip(condition.links, sides, sides[1:], strict=False):
        if isinstance(tolerance, Tolerance):
            link = _around(left, right, tolerance, scope)
        else:
            link = None if isinstance(tolerance, Unknown) else _linked(operator, left, right, scope)
        if link is None:
            return None
        found += link
    return found


def _claimed(value: Value) -> list[Wanted] | None:
    if isinstance(value, bool):
        return [] if value else [NEVER]
    if not isinstance(value, Undecided) or value.claims is None:
        return None
    return [_compared(claim.left, claim.operator, claim.right) for claim in value.claims]


def _linked(operator: str, left: Side, right: Side, scope: ContractScope) -> list[Wanted] | None:
    if is_number(left.value) and is_number(right.value):
        actual, _ = told_apart(left, right, scope)
        if actual is right:
            return [_compared(right.value, _MIRRORED[operator], left.value)]
        return [_compared(left.value, operator, right.value)]
    pairs = None if operator == "!=" else _pairs(left.value, right.value)
    if pairs is None:
        truth = compared(operator, left, right, scope)
        return None if isinstance(truth, Unknown) else _claimed(truth)
    return [_compared(one, operator, other) for one, other in pairs]


_MIRRORED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def _pairs(left: Value, right: Value) -> list[tuple[Number, Number]] | None:
    """The numbers that are compared one by one; one number is compared with that of every axis."""
    if isinstance(left, Axes) and is_number(right):
        right = (right,) * len(left)
    if isinstance(right, Axes) and is_number(left):
        left = (left,) * len(right)
    if not isinstance(left, tuple) or not isinstance(right, tuple) or len(left) != len(right):
        return None
    pairs = [(a, b) for a, b in zip(left, right, strict=True) if is_number(a) and is_number(b)]
    return pairs if len(pairs) == len(left) else None


def _compared(left: Number, operator: str, right: Number, aim: Number | None = None) -> Wanted:
    """A comparison over whole numbers. What is to stay below a number should come near to it."""
    (top, bottom), (other_top, other_bottom) = parts(left), parts(right)
    if operator in BUDGETS:
        aim = right
    near = Fraction(aim) * bottom * other_bottom if isinstance(aim, int | Fraction) else None
    return Wanted(top * other_bottom, operator, other_top * bottom, near)


def _around(left: Side, right: Side, tolerance: Tolerance, scope: ContractScope) -> list[Wanted] | None:
    actual, expected = told_apart(left, right, scope)
    if not is_number(actual.value) or not is_number(expected.value):
        return None
    margin = tolerance.around(expected.value)
    high = _compared(subtract(actual.value, margin), "<=", expected.value)
    return [
        _compared(actual.value, ">=", subtract(expected.value, margin), aim=expected.value),
        Wanted(high.left, high.operator, high.right),
    ]
