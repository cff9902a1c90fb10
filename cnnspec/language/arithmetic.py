"""Exact arithmetic on numbers and formulas, bounded before it is done.

Whole numbers stay `int`, other numbers are `Fraction`s, formulas are `Symbolic` where they are whole for all
values of their symbols and `Quotient`s where they need not be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import gcd

from cnnspec.dims import Relation, Symbolic, decide, symbols_of
from cnnspec.language import limits
from cnnspec.language.values import Claim, Number, Quotient, Undecided

GREATEST_POWER = 64
"""The greatest power of a formula."""


class ArithmeticProblem(Exception):  # noqa: N818 - becomes a diagnostic
    """There is no such number, or it would be too long. Carries the diagnostic's code and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def add(left: Number, right: Number) -> Number:
    """`left + right`."""
    if isinstance(left, int | Symbolic) and isinstance(right, int | Symbolic):
        return _bounded(left + right)
    top, bottom = parts(left)
    other_top, other_bottom = parts(right)
    common = bottom * other_bottom // gcd(bottom, other_bottom)
    return _bounded(quotient(top * (common // bottom) + other_top * (common // other_bottom), common))


def subtract(left: Number, right: Number) -> Number:
    """`left - right`."""
    return add(left, negate(right))


def negate(value: Number) -> Number:
    """`-value`."""
    if isinstance(value, Quotient):
        return quotient(value.numerator * -1, value.divisor)
    return -value


def multiply(left: Number, right: Number) -> Number:
    """`left * right`."""
    if bits(left) + bits(right) > limits.MAX_BITS:
        raise too_long()
    top, bottom = parts(left)
    other_top, other_bottom = parts(right)
    return quotient(top * other_top, bottom * other_bottom)


def divide(left: Number, right: Number) -> Number:
    """`left / right`, exactly."""
    top, bottom = parts(right)
    if top == 0:
        raise ArithmeticProblem("bad-arithmetic", "cannot divide by 0")
    if isinstance(top, int):
        sign = -1 if top < 0 else 1
        return multiply(left, _reduced(bottom * sign, abs(top)))
    over, under = parts(multiply(left, bottom))
    whole = over // top
    if decide(over, Relation.EQUAL, whole * top):
        return quotient(whole, under)
    names = ", ".join(sorted(symbols_of(top)))
    raise ArithmeticProblem("unbound-symbol", f"cannot divide exactly by a formula in {names}")


def floor_divide(left: Number, right: Number) -> Number:
    """`left // right`: the greatest whole number that is not above `left / right`."""
    top, bottom = parts(left)
    other_top, other_bottom = parts(right)
    if other_top == 0:
        raise ArithmeticProblem("bad-arithmetic", "cannot divide by 0")
    return (top * other_bottom) // (bottom * other_top)


def modulo(left: Number, right: Number) -> Number:
    """`left % right`: what `//` leaves, of the sign of `right`."""
    return subtract(left, multiply(floor_divide(left, right), right))


def power(base: Number, exponent: Number) -> Number:
    """`base ** exponent` for a whole exponent."""
    if not isinstance(exponent, int):
        raise ArithmeticProblem("bad-arithmetic", "a power must be a whole number")
    if isinstance(base, int | Fraction):
        return _numeric_power(base, exponent)
    if not 0 <= exponent <= GREATEST_POWER:
        raise ArithmeticProblem(
            "bad-arithmetic", f"a power of a formula must be between 0 and {GREATEST_POWER}"
        )
    result: Number = 1
    for _ in range(exponent):
        result = multiply(result, base)
    return result


def _numeric_power(base: int | Fraction, exponent: int) -> Number:
    if base == 0 and exponent < 0:
        raise ArithmeticProblem("bad-arithmetic", "cannot divide by 0")
    if base not in (0, 1, -1) and (bits(base) - 1) * abs(exponent) >= limits.MAX_BITS:
        raise too_long()
    if isinstance(base, int) and exponent >= 0:
        return base**exponent
    return simplest(Fraction(base) ** exponent)


OPERATIONS: Mapping[str, Callable[[Number, Number], Number]] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "//": floor_divide,
    "%": modulo,
    "**": power,
}


def floor(value: Number) -> int | Symbolic:
    """The greatest whole number that is not above the value."""
    top, bottom = parts(value)
    return top // bottom


def ceil(value: Number) -> int | Symbolic:
    """The least whole number that is not below the value."""
    top, bottom = parts(value)
    return -(-top // bottom)


def parts(value: Number) -> tuple[int | Symbolic, int]:
    """Numerator and denominator."""
    if isinstance(value, Fraction | Quotient):
        return value.numerator, value.denominator if isinstance(value, Fraction) else value.divisor
    return value, 1


def quotient(top: int | Symbolic, bottom: int) -> Number:
    """`top / bottom` in its simplest form; `bottom` is at least 1."""
    if isinstance(top, int):
        return _reduced(top, bottom)
    if bottom == 1 or decide(top, Relation.MULTIPLE, bottom):
        return top // bottom
    return Quotient(top, bottom)


def simplest(value: Fraction) -> int | Fraction:
    """A whole number as `int`."""
    return value.numerator if value.denominator == 1 else value


def bits(value: Number) -> int:
    """How many binary digits writing the number takes; 1 for a formula."""
    match value:
        case int():
            return value.bit_length()
        case Fraction():
            return value.numerator.bit_length() + value.denominator.bit_length()
        case _:
            return 1


def too_long() -> ArithmeticProblem:
    """The refusal of a number that is longer than the limit."""
    return ArithmeticProblem("limit", f"a number is longer than the limit of {limits.MAX_BITS} bits")


def _reduced(top: int, bottom: int) -> int | Fraction:
    return top if bottom == 1 else simplest(Fraction(top, bottom))


def _bounded(value: Number) -> Number:
    if bits(value) > limits.MAX_BITS:
        raise too_long()
    return value


def compare(
    left: Number, operator: str, right: Number, at_least: Mapping[str, int] | None = None
) -> bool | Undecided:
    """Whether a comparison holds; undecided for formulas where that is not the same for all values."""
    top, bottom = parts(left)
    other_top, other_bottom = parts(right)
    here, there = top * other_bottom, other_top * bottom
    if isinstance(here, int) and isinstance(there, int):
        return _COMPARISONS[operator](here, there)
    answer = _decided(here, operator, there, at_least)
    if answer is None:
        return Undecided((Claim(left, operator, right),), symbols_of(here) | symbols_of(there))
    return answer


_COMPARISONS: Mapping[str, Callable[[int, int], bool]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}

OPPOSITE: Mapping[str, str] = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def _decided(
    left: int | Symbolic, operator: str, right: int | Symbolic, at_least: Mapping[str, int] | None
) -> bool | None:
    match operator:
        case "==":
            return decide(left, Relation.EQUAL, right, at_least)
        case ">=":
            return decide(left, Relation.AT_LEAST, right, at_least)
        case "<=":
            return decide(right, Relation.AT_LEAST, left, at_least)
        case _:
            opposite = _decided(left, OPPOSITE[operator], right, at_least)
            return None if opposite is None else not opposite
