"""Where a sum of products of functions of one symbol is at least 0, or equal to it.

On one residue class it is a polynomial in the number of the member. From where its forward differences all
have one sign it only rises, or only falls: the members sought are an interval there, whose ends bisection
finds. Those before are looked at one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from math import lcm

from cnnspec.dims.decide import Relation
from cnnspec.dims.opaque import evaluate, symbols_of
from cnnspec.dims.solutions import PeriodLimitError, SizeSet, union
from cnnspec.dims.symbolic import Dim, OneSymbol, terms_of

MAX_ALONE = 64
"""How many members of a class are looked at one by one."""

MAX_CLASSES = 512
"""How many residue classes there may be."""

Values = Callable[[int], int]

Interval = tuple[int, int | None]
"""The least and the greatest number, both included; None: no greatest."""


def solve_polynomial(size: Dim, relation: Relation) -> SizeSet | None:
    """The sizes where `size ≥ 0` or `size = 0`. None where a class has gaps, or its values turn too late."""
    atoms = [atom for monomial in terms_of(size) for atom in monomial]
    periods = [atom.function.period for atom in atoms if isinstance(atom, OneSymbol)]
    period = lcm(*periods)
    if relation is Relation.MULTIPLE or len(periods) < len(atoms) or period > MAX_CLASSES:
        return None
    (name,) = symbols_of(size)
    degree = max(map(len, terms_of(size)))
    found: list[SizeSet] = []
    for start in range(1, period + 1):

        def value(k: int, start: int = start) -> int:
            return evaluate(size, {name: start + period * k})

        numbers = _numbers(value, degree, relation)
        if numbers is None:
            return None
        found += (_members(start, period, low, high) for low, high in numbers)
    try:
        return union(found)
    except PeriodLimitError:
        return None


def _members(start: int, period: int, low: int, high: int | None) -> SizeSet:
    """The members of a class by their numbers."""
    ends = (start + period * low, None if high is None else start + period * high)
    return SizeSet(tuple(ends if residue == start % period else None for residue in range(period)))


def _numbers(value: Values, degree: int, relation: Relation) -> list[Interval] | None:
    """Where the values of a polynomial in k ≥ 0 are as they should be; None where it turns too late."""
    for turn in range(MAX_ALONE):
        rises = forward_differences([value(turn + k) for k in range(degree + 1)])[1:]
        if all(rise >= 0 for rise in rises) or all(rise <= 0 for rise in rises):
            signs = [(k, value(k)) for k in range(turn)]
            alone = [k for k, sign in signs if sign == 0 or (sign > 0 and relation is Relation.AT_LEAST)]
            return [*((k, k) for k in alone), *_beyond(turn, value, sum(rises), relation)]
    return None


def _beyond(turn: int, value: Values, rise: int, relation: Relation) -> Iterator[Interval]:
    """The same from a number on from where values only rise, only fall, or stay."""
    is_equal = relation is Relation.EQUAL
    if rise == 0:
        if value(turn) == 0 or (value(turn) > 0 and not is_equal):
            yield turn, None
        return
    if rise > 0:
        low = _first(turn, lambda k: value(k) >= 0)
        high = _first(low, lambda k: value(k) > 0) - 1 if is_equal else None
    else:
        low = _first(turn, lambda k: value(k) <= 0) if is_equal else turn
        high = _first(low, lambda k: value(k) < 0) - 1
    if high is None or low <= high:
        yield low, high


def forward_differences(values: list[int]) -> list[int]:
    """The first of the values, of their differences, of the differences of these, and so on."""
    found: list[int] = []
    while values:
        found.append(values[0])
        values = [after - before for before, after in pairwise(values)]
    return found


def _first(start: int, holds: Callable[[int], bool]) -> int:
    """The first number from `start` on where something holds that then holds for ever."""
    width = 1
    while not holds(start + width - 1):
        width *= 2
    low, high = start, start + width - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low
