"""Quasi-linear functions of an integer: `f(n) = step·⌊y/p⌋ + values[y mod p]` with `y = ⌊(n + phase)/run⌋`.

Every size along one axis, and every map from an output index to an input index, is such a function. They are
closed under sums, multiples, floors of quotients and composition, and equal where their least forms are.

What a chain of strides makes is constant over runs of n, each as long as the total stride. They are told by
that length, not by a table: a table lists only how unevenly the value rises from run to run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from math import gcd, lcm
from operator import add

MAX_PERIOD = 2**12
"""The longest table that is ever made; longer ones stay unevaluated floors (see `symbolic`)."""


class Quasi:
    """A quasi-linear function in its least form: the longest runs, and no shorter table says the same."""

    __slots__ = ("_hash", "phase", "run", "step", "values")

    def __init__(self, step: int, period: int, values: tuple[int, ...], run: int = 1, phase: int = 0) -> None:
        """By its `values` in the first `period` runs, after which it has risen by `step`."""
        self.step, values = _least(step, period, values)
        self.run, self.phase, self.values = _longest_runs(self.step, values, run, phase)
        self._hash = hash(self.key)

    def __call__(self, n: int) -> int:
        """The value at any integer, negative ones too."""
        return self.in_run((n + self.phase) // self.run)

    def in_run(self, number: int) -> int:
        """The value in a run by its number: run 0 is that of n = 0."""
        rounds, rest = divmod(number, len(self.values))
        return self.step * rounds + self.values[rest]

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Quasi) and self.key == other.key)

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return f"Quasi({self.step}, {len(self.values)}, {self.values}, {self.run}, {self.phase})"

    @property
    def key(self) -> tuple[int, int, int, tuple[int, ...]]:
        """What it is made of; sorts functions."""
        return self.run, self.phase, self.step, self.values

    @property
    def period(self) -> int:
        """How far apart n are whose values differ by `step`."""
        return self.run * len(self.values)

    @property
    def is_constant(self) -> bool:
        """Whether it has one value everywhere."""
        return self.step == 0 and len(self.values) == 1

    @property
    def content(self) -> int:
        """The greatest integer by which all differences of values can be divided (0 for a constant)."""
        return gcd(self.step, *(value - self.values[0] for value in self.values))

    def least_from(self, start: int) -> int:
        """The least value over one period from `start`: the minimum of n ≥ start where the step is ≥ 0."""
        return min(self._period_from(start))

    def greatest_from(self, start: int) -> int:
        """The greatest value over one period from `start`: the maximum of n ≥ start where the step is ≤ 0."""
        return max(self._period_from(start))

    def _period_from(self, start: int) -> list[int]:
        """The values from `start` to the end of its round, and those after it that complete a period."""
        rounds, rest = divmod((start + self.phase) // self.run, len(self.values))
        base = self.step * rounds
        now = [base + value for value in self.values[rest:]]
        return now + [base + self.step + value for value in self.values[:rest]]

    def over(self, runs: int) -> list[int]:
        """The values in the first `runs` runs, a multiple of the own period."""
        rounds = range(runs // len(self.values))
        return [self.step * number + value for number in rounds for value in self.values]

    def is_parallel_to(self, other: Quasi) -> bool:
        """Whether both have the same slope, so that their difference repeats."""
        return self.step * other.period == other.step * self.period

    @property
    def slack(self) -> tuple[int, int]:
        """The least and the greatest value of `period · f(n) − step · n`, which repeats."""
        starts = [
            self.period * value - self.step * (self.run * number - self.phase)
            for number, value in enumerate(self.values)
        ]
        within = self.step * (self.run - 1)
        return min(starts) - max(within, 0), max(starts) - min(within, 0)

    def multiplied(self, factor: int) -> Quasi:
        """`factor · f`."""
        if factor == 0:
            return Quasi(0, 1, (0,))
        return self.with_rises(self.step * factor, [value * factor for value in self.values])

    def with_values(self, step: int, values: list[int]) -> Quasi:
        """The function that has these values on the same runs."""
        return Quasi(step, len(values), tuple(values), self.run, self.phase)

    def with_rises(self, step: int, values: list[int]) -> Quasi:
        """The same where it rises by other amounts at the same places, so that the form stays the least."""
        made = Quasi.__new__(Quasi)
        made.step, made.run, made.phase, made.values = step, self.run, self.phase, tuple(values)
        made._hash = hash(made.key)
        return made

    def lower_envelope(self) -> Quasi:
        """The greatest function that never falls and is nowhere above this one, whose step is ≥ 0."""
        before = list(accumulate(self.values, min))
        first, *after = list(accumulate(reversed(self.values), min))[::-1]
        rest = [min(low, wrapped + self.step) for low, wrapped in zip(after, before, strict=False)]
        return self.with_values(self.step, [first, *rest])

    def upper_envelope(self) -> Quasi:
        """The least function that never falls and is nowhere below this one, whose step is ≥ 0."""
        before = list(accumulate(self.values, max))
        after = list(accumulate(reversed(self.values), max))[::-1][1:]
        first = [max(high, wrapped - self.step) for high, wrapped in zip(before, after, strict=False)]
        return self.with_values(self.step, [*first, before[-1]])


def _least(step: int, period: int, values: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    for prime in _primes(gcd(step, period)) if period > 1 else ():
        while step % prime == 0 and period % prime == 0:
            shorter, rise = period // prime, step // prime
            if any(values[n] != values[n - shorter] + rise for n in range(shorter, period)):
                break
            step, period, values = rise, shorter, values[:shorter]
    return step, values


def _longest_runs(
    step: int, values: tuple[int, ...], run: int, phase: int
) -> tuple[int, int, tuple[int, ...]]:
    """`(run, phase, values)` with as many runs as possible taken together."""
    if len(values) == 1:
        return (run, phase, values) if step else (1, 0, values)
    before = (values[-1] - step, *values)
    changes = (number for number, value in enumerate(values) if value != before[number])
    first = next(changes)
    together = len(values)
    for number in changes:
        together = gcd(together, number - first)
        if together == 1:
            return run, phase, values
    shift = -first % together
    return run * together, phase + shift * run, values[together - 1 - shift :: together]


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
    return f.with_rises(f.step, [value + amount for value in f.values])


@lru_cache(maxsize=4096)
def primitive(f: Quasi, offset: int) -> tuple[Quasi, int]:
    """`(g, factor)`: f is factor·g + offset, and the values of g have no common factor and rise first."""
    values = [value - offset for value in f.values]
    factor = gcd(f.step, *values)
    if (f.step or next(value for value in values if value)) < 0:
        factor = -factor
    return f.with_rises(f.step // factor, [value // factor for value in values]), factor


@lru_cache(maxsize=4096)
def floor_quotient(f: Quasi, divisor: int) -> Quasi | None:
    """`⌊f / divisor⌋` for a divisor ≥ 1; None where its table would be longer than `MAX_PERIOD`.

    After `rounds` periods f has risen by a multiple of the divisor, so the quotient repeats.
    """
    if divisor == 1:
        return f
    rounds = divisor // gcd(f.step, divisor)
    if len(f.values) == 1 and abs(f.step) * rounds == divisor:
        return _longer_runs(f, rounds)
    if len(f.values) * rounds > MAX_PERIOD:
        return None
    values = [value // divisor for value in f.over(len(f.values) * rounds)]
    return f.with_values(f.step * rounds // divisor, values)


def _longer_runs(f: Quasi, rounds: int) -> Quasi:
    """`⌊f / (|step| · rounds)⌋` of a function that rises or falls evenly: its runs, so many at a time."""
    unit = abs(f.step)
    start = f.values[0] // unit
    if f.step < 0:  # ⌊(start − y) / rounds⌋ = −⌊(y − start + rounds − 1) / rounds⌋
        start = rounds - 1 - start
    whole, shift = divmod(start, rounds)
    sign = 1 if f.step > 0 else -1
    return Quasi(sign, 1, (sign * whole,), f.run * rounds, f.phase + shift * f.run)


@lru_cache(maxsize=4096)
def added(f: Quasi, g: Quasi) -> Quasi | None:
    """`f + g`; None where its table would be too long."""
    if g.is_constant:
        return shifted(f, g.values[0])
    if f.is_constant:
        return shifted(g, f.values[0])
    runs = _common_runs(f, g)
    if runs is None:
        return None
    return runs.function(f.step * (runs.period // f.period) + g.step * (runs.period // g.period), add)


@lru_cache(maxsize=4096)
def composed(f: Quasi, g: Quasi) -> Quasi | None:
    """`f(g(n))`; None where its table would be too long."""
    number = floor_quotient(shifted(g, f.phase), f.run) if f.phase or f.run > 1 else g
    if number is None:
        return None
    rounds = len(f.values) // gcd(len(f.values), number.step)
    runs = len(number.values) * rounds
    if runs > MAX_PERIOD:
        return None
    step = f.step * (number.step * rounds // len(f.values))
    return number.with_values(step, list(map(f.in_run, number.over(runs))))


@lru_cache(maxsize=4096)
def greater(f: Quasi, g: Quasi) -> Quasi | None:
    """`max(f, g)` of parallel functions; None where they are not parallel or the table would be too long."""
    if not f.is_parallel_to(g):
        return None
    (low, high), (other_low, other_high) = f.slack, g.slack
    if low * g.period >= other_high * f.period:
        return f
    if other_low * f.period >= high * g.period:
        return g
    runs = _common_runs(f, g)
    return runs and runs.function(f.step * (runs.period // f.period), max)


@dataclass(frozen=True, slots=True)
class _CommonRuns:
    """Runs on each of which two functions are constant, as many as make a period of both."""

    functions: tuple[Quasi, Quasi]
    run: int
    phase: int
    count: int

    @property
    def period(self) -> int:
        return self.run * self.count

    def function(self, step: int, operation: Callable[[int, int], int]) -> Quasi:
        """The function whose values are made of those of both."""
        f, g = self.functions
        values = tuple(map(operation, self._values(f), self._values(g)))
        return Quasi(step, self.count, values, self.run, self.phase)

    def _values(self, f: Quasi) -> list[int]:
        """The values of one of them in each of the runs."""
        times = f.run // self.run
        if times == 1:
            return f.over(self.count)
        skipped = (f.phase - self.phase) // self.run
        numbers = self.count // times
        values = [*f.over(numbers), f.in_run(numbers)]
        return [value for value in values for _ in range(times)][skipped : skipped + self.count]


def _common_runs(f: Quasi, g: Quasi) -> _CommonRuns | None:
    """The longest runs that both functions have in common; None where they are too many."""
    run = gcd(f.run, g.run, f.phase - g.phase)
    count = lcm(f.period, g.period) // run
    return _CommonRuns((f, g), run, f.phase % run, count) if count <= MAX_PERIOD else None


IDENTITY = Quasi(1, 1, (0,))
"""f(n) = n."""
