"""The functions on numbers that the language has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from math import isqrt

from cnnspec.dims import maximum, minimum
from cnnspec.language import limits
from cnnspec.language.arithmetic import (
    ArithmeticProblem,
    add,
    ceil,
    compare,
    divide,
    floor,
    floor_divide,
    multiply,
    negate,
    parts,
    quotient,
    simplest,
)
from cnnspec.language.values import Number, Outputs, Value, describe, is_number


@dataclass(frozen=True, slots=True)
class Rule:
    """How a function works out its value, how many values it takes (None: any number), and what it is."""

    rule: Callable[..., Value]
    least: int
    most: int | None
    doc: str


def call_function(name: str, values: Sequence[Value]) -> Value:
    """The value of a function. Raises ArithmeticProblem where there is none."""
    function = FUNCTIONS[name]
    if len(values) < function.least or (function.most is not None and len(values) > function.most):
        takes = _counted(function.least, function.most)
        raise ArithmeticProblem("bad-argument", f"`{name}` takes {takes}, not {len(values)}")
    return function.rule(*values)


def _counted(least: int, most: int | None) -> str:
    if most is None:
        return f"at least {least} value{'s' * (least != 1)}"
    return f"{most} value{'s' * (most != 1)}" if least == most else f"{least} to {most} values"


def _number(value: Value) -> Number:
    if is_number(value):
        return value
    raise ArithmeticProblem("type-mismatch", f"a number is needed, not {describe(value)}")


def _whole(value: Value) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ArithmeticProblem("type-mismatch", f"a whole number is needed, not {describe(value)}")


def _items(value: Value) -> tuple[Value, ...]:
    if isinstance(value, tuple):
        return value
    if isinstance(value, Outputs):
        return tuple(value.named.values())
    raise ArithmeticProblem("not-a-list", f"a list is needed, not {describe(value)}")


def _numbers(values: tuple[Value, ...]) -> list[Number]:
    """The values, or the items of the only one."""
    only = _items(values[0]) if len(values) == 1 and isinstance(values[0], tuple) else values
    if not only:
        raise ArithmeticProblem("bad-argument", "there is nothing in the list")
    return [_number(value) for value in only]


def _extreme(values: tuple[Value, ...], *, greatest: bool) -> Number:
    numbers = [parts(number) for number in _numbers(values)]
    common = reduce(lambda product, part: product * part[1], numbers, 1)
    tops = [top * (common // bottom) for top, bottom in numbers]
    return quotient(maximum(*tops) if greatest else minimum(*tops), common)


def _min(*values: Value) -> Number:
    return _extreme(values, greatest=False)


def _max(*values: Value) -> Number:
    return _extreme(values, greatest=True)


def _floor(value: Value) -> Number:
    return floor(_number(value))


def _ceil(value: Value) -> Number:
    return ceil(_number(value))


def _len(values: Value) -> Number:
    return len(_items(values))


def _round(value: Value) -> Number:
    return floor(add(_number(value), Fraction(1, 2)))


def _abs(value: Value) -> Number:
    number = _number(value)
    return _extreme((number, negate(number)), greatest=True)


def _divisible(value: Value, by: Value) -> Number:
    """`_make_divisible` of the MobileNet authors: to the nearest multiple, never more than a tenth down."""
    number, unit = _number(value), _whole(by)
    if unit < 1:
        raise ArithmeticProblem("bad-argument", f"a multiple of {unit} is not possible")
    half = divide(unit, 2)
    nearest = multiply(floor_divide(floor(add(number, half)), unit), unit)
    rounded = _extreme((unit, nearest), greatest=True)
    much_less = compare(rounded, "<", multiply(number, Fraction(9, 10)))
    if not isinstance(much_less, bool):
        raise ArithmeticProblem("unbound-symbol", "which multiple is nearest depends on symbols")
    return add(rounded, unit) if much_less else rounded


def _sqrt(value: Value) -> Number:
    number = _number(value)
    if not isinstance(number, int | Fraction) or number < 0:
        raise ArithmeticProblem("bad-arithmetic", f"{describe(value)} has no square root here")
    top, bottom = isqrt(number.numerator), isqrt(number.denominator)
    if top * top != number.numerator or bottom * bottom != number.denominator:
        raise ArithmeticProblem("bad-arithmetic", f"the square root of {describe(value)} is not a fraction")
    return simplest(Fraction(top, bottom))


def _range(*values: Value) -> Value:
    bounds = [_whole(value) for value in values]
    if len(bounds) == 3 and bounds[2] == 0:
        raise ArithmeticProblem("bad-argument", "`range` cannot step by 0")
    numbers = range(*bounds)
    if len(numbers) > limits.MAX_ITEMS:
        raise ArithmeticProblem("limit", f"a list is longer than the limit of {limits.MAX_ITEMS:,} items")
    return tuple(numbers)


def _sum(values: Value) -> Number:
    return reduce(add, map(_number, _items(values)), 0)


FUNCTIONS: Mapping[str, Rule] = {
    "floor": Rule(_floor, 1, 1, "the greatest whole number that is not above x"),
    "ceil": Rule(_ceil, 1, 1, "the least whole number that is not below x"),
    "round": Rule(_round, 1, 1, "the nearest whole number; a half goes up"),
    "abs": Rule(_abs, 1, 1, "x without its sign"),
    "min": Rule(_min, 1, None, "the least of some numbers, or of a list"),
    "max": Rule(_max, 1, None, "the greatest of some numbers, or of a list"),
    "sum": Rule(_sum, 1, 1, "the sum of a list"),
    "sqrt": Rule(_sqrt, 1, 1, "the square root, where it is a fraction"),
    "divisible": Rule(_divisible, 2, 2, "x as a multiple of n, never more than a tenth smaller (MobileNet)"),
    "len": Rule(_len, 1, 1, "how many items a list has"),
    "range": Rule(
        _range, 1, 3, "`range(n)` is 0 … n − 1; `range(a, b)` and `range(a, b, step)` as in Python"
    ),
}
