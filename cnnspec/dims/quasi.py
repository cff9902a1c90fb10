"""Quasi-linear integer functions of one integer: `f(n) = step·⌊n / period⌋ + table[n mod period]`.

Every size along one axis, and every map from an output index to an input index, is such a function. They are
closed under sums, multiples, floors of quotients and composition, and equal where their least forms are.
"""

from __future__ import annotations

from functools import lru_cache
from math import gcd, lcm
from operator import add

MAX_PERIOD = 2**14
"""The longest table that is ever made; longer periods stay unevaluated floors (see `symbolic`)."""


class Quasi:
    """A quasi-linear function in its least form (no shorter period says the same)."""

    __slots__ = ("_hash", "period", "step", "table")

    def __init__(self, step: int, period: int, table: tuple[int, ...]) -> None:
        self.step, self.period, self.table = _least(step, period, table)
        self._hash = hash((self.step, self.table))

    def __call__(self, n: int) -> int:
        """The value at any integer, negative ones too."""
        rounds, rest = divmod(n, self.period)
        return self.step * rounds + self.table[rest]

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Quasi)
            and self._hash == other._hash
            and self.step == other.step
            and self.table == other.table
        )

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return f"Quasi({self.step}, {self.period}, {self.table})"

    @property
    def is_constant(self) -> bool:
        """Whether it has one value everywhere."""
        return self.step == 0 and self.period == 1

    @property
    def content(self) -> int:
        """The greatest integer by which all differences of values can be divided (0 for a constant)."""
        return gcd(self.step, *(value - self.table[0] for value in self.table))

    def least_from(self, start: int) -> int:
        """The least value over one period from `start`: the minimum of n ≥ start where the step is ≥ 0."""
        return min(min(values) for values in self._period_from(start))

    def greatest_from(self, start: int) -> int:
        """The greatest value over one period from `start`: the maximum of n ≥ start where the step is ≤ 0."""
        return max(max(values) for values in self._period_from(start))

    def _period_from(self, start: int) -> tuple[list[int], ...]:
        """The values from `start` to the end of its round, and those after it that complete a period."""
        rounds, rest = divmod(start, self.period)
        first = [self.step * rounds + value for value in self.table[rest:]]
        return (
            (first, [self.step * (rounds + 1) + value for value in self.table[:rest]]) if rest else (first,)
        )

    def over(self, period: int) -> list[int]:
        """The values of 0 to period − 1, for a multiple of the own period."""
        return [self.step * rounds + value for rounds in range(period // self.period) for value in self.table]

    def is_parallel_to(self, other: Quasi) -> bool:
        """Whether both have the same slope, so that their difference repeats."""
        return self.step * other.period == other.step * self.period

    def multiplied(self, factor: int) -> Quasi:
        """`factor · f`."""
        return Quasi(self.step * factor, self.period, tuple(value * factor for value in self.table))


def _least(step: int, period: int, table: tuple[int, ...]) -> tuple[int, int, tuple[int, ...]]:
    for prime in _primes(gcd(step, period)) if period > 1 else ():
        while step % prime == 0 and period % prime == 0:
            shorter, rise = period // prime, step // prime
            if any(table[n] != table[n - shorter] + rise for n in range(shorter, period)):
                break
            step, period, table = rise, shorter, table[:shorter]
    return step, period, table


@lru_cache(maxsize=1024)
def _primes(number: int) -> tuple[int, ...]:
    found: list[int] = []
    candidate = 2
    while candidate * candidate <= number:
        if number % candidate == 0:
            found.append(candidate)
            while number % candidate == 0:
                number //= candidate
        candidate += 1
    return (*found, number) if number > 1 else tuple(found)


@lru_cache(maxsize=4096)
def shifted(f: Quasi, amount: int) -> Quasi:
    """`f + amount`."""
    return Quasi(f.step, f.period, tuple(value + amount for value in f.table))


@lru_cache(maxsize=4096)
def primitive(f: Quasi, offset: int) -> tuple[Quasi, int]:
    """`(g, factor)`: f is factor·g + offset, and the values of g have no common factor and rise first."""
    table = [value - offset for value in f.table]
    factor = gcd(f.step, *table)
    if (f.step or next(value for value in table if value)) < 0:
        factor = -factor
    return Quasi(f.step // factor, f.period, tuple(value // factor for value in table)), factor


@lru_cache(maxsize=4096)
def floor_quotient(f: Quasi, divisor: int) -> Quasi | None:
    """`⌊f / divisor⌋` for a divisor ≥ 1; None where its table would be longer than `MAX_PERIOD`.

    After `rounds` periods f has risen by a multiple of the divisor, so the quotient repeats.
    """
    if divisor == 1:
        return f
    rounds = divisor // gcd(f.step, divisor)
    period = f.period * rounds
    if period > MAX_PERIOD:
        return None
    return Quasi(f.step * rounds // divisor, period, tuple(value // divisor for value in f.over(period)))


@lru_cache(maxsize=4096)
def added(f: Quasi, g: Quasi) -> Quasi | None:
    """`f + g`; None where its table would be too long."""
    period = lcm(f.period, g.period)
    if period > MAX_PERIOD:
        return None
    step = f.step * (period // f.period) + g.step * (period // g.period)
    return Quasi(step, period, tuple(map(add, f.over(period), g.over(period))))


@lru_cache(maxsize=4096)
def composed(f: Quasi, g: Quasi) -> Quasi | None:
    """`f(g(n))`; None where its table would be too long."""
    rounds = f.period // gcd(f.period, g.step)
    period = g.period * rounds
    if period > MAX_PERIOD:
        return None
    step = f.step * (g.step * rounds // f.period)
    return Quasi(step, period, tuple(map(f, g.over(period))))


@lru_cache(maxsize=4096)
def greater(f: Quasi, g: Quasi) -> Quasi | None:
    """`max(f, g)` of parallel functions; None where they are not parallel or the table would be too long."""
    period = lcm(f.period, g.period)
    if period > MAX_PERIOD or not f.is_parallel_to(g):
        return None
    step = f.step * (period // f.period)
    return Quasi(step, period, tuple(map(max, f.over(period), g.over(period))))


IDENTITY = Quasi(1, 1, (0,))
"""f(n) = n."""
