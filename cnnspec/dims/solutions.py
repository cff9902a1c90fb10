"""Exact sets of sizes: where a quasi-linear function is at least, equal to, or a multiple of a number.

On each residue class such a function is affine, so that a relation holds on one interval of the class or on
none of it. A `SizeSet` is therefore one interval a residue; intersections of such sets are again such sets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import gcd, lcm

from cnnspec.dims.decide import Relation
from cnnspec.dims.quasi import MAX_PERIOD, Quasi

Interval = tuple[int, int | None] | None
"""The least and greatest member, both included; None above: no greatest; None: no member."""


class PeriodLimitError(ArithmeticError):
    """A set repeats after more than `MAX_PERIOD` sizes."""


@dataclass(frozen=True, slots=True)
class SizeSet:
    """A set of integers ≥ 1: those in `intervals[r]` among the ones with remainder r by their number."""

    intervals: tuple[Interval, ...]

    @property
    def period(self) -> int:
        """After how many sizes the residues repeat."""
        return len(self.intervals)

    @property
    def is_empty(self) -> bool:
        """Whether there is no member."""
        return all(interval is None for interval in self.intervals)

    @property
    def is_bounded(self) -> bool:
        """Whether there is a greatest member, or none at all."""
        return all(interval is None or interval[1] is not None for interval in self.intervals)

    def __contains__(self, size: object) -> bool:
        if not isinstance(size, int):
            return False
        interval = self.intervals[size % self.period]
        return interval is not None and interval[0] <= size and (interval[1] is None or size <= interval[1])

    def __and__(self, other: SizeSet) -> SizeSet:
        if other in (self, ALL_SIZES):
            return self
        period = lcm(self.period, other.period)
        _limited(period)
        pairs = (
            (self.intervals[r % self.period], other.intervals[r % other.period], r) for r in range(period)
        )
        return _least(tuple(_trimmed(_common(a, b), r, period) for a, b, r in pairs))

    @property
    def least(self) -> int | None:
        """The least member."""
        return min((interval[0] for interval in self.intervals if interval), default=None)

    @property
    def greatest(self) -> int | None:
        """The greatest member; None where the set is empty or has none."""
        if not self.is_bounded:
            return None
        return max((interval[1] for interval in self.intervals if interval and interval[1]), default=None)

    def members(self, start: int = 1) -> Iterator[int]:
        """The members from `start` on, rising. Endless where the set is unbounded."""
        least, greatest = self.least, self.greatest
        if least is None:
            return
        size = max(start, least)
        while greatest is None or size <= greatest:
            if size in self:
                yield size
            size += 1

    def nearest(self, size: int) -> tuple[int | None, int | None]:
        """The greatest member ≤ size and the least member ≥ size."""
        below = [
            found
            for r, interval in enumerate(self.intervals)
            if (found := self._last(r, interval, size)) is not None
        ]
        above = [
            found
            for r, interval in enumerate(self.intervals)
            if (found := self._next(r, interval, size)) is not None
        ]
        return max(below, default=None), min(above, default=None)

    def _last(self, residue: int, interval: Interval, size: int) -> int | None:
        if interval is None:
            return None
        low, high = interval
        top = size if high is None else min(size, high)
        top -= (top - residue) % self.period
        return top if top >= low else None

    def _next(self, residue: int, interval: Interval, size: int) -> int | None:
        if interval is None:
            return None
        low, high = interval
        bottom = max(size, low)
        bottom += (residue - bottom) % self.period
        return bottom if high is None or bottom <= high else None


def _limited(period: int) -> None:
    if period > MAX_PERIOD:
        raise PeriodLimitError(f"the legal sizes repeat after {period:,}, more than {MAX_PERIOD:,}")


ALL_SIZES = SizeSet(((1, None),))
NO_SIZES = SizeSet((None,))


def between(low: int, high: int | None) -> SizeSet:
    """The sizes from low to high, both included (None: no upper end)."""
    low = max(low, 1)
    return NO_SIZES if high is not None and high < low else SizeSet(((low, high),))


def union(sets: Iterable[SizeSet]) -> SizeSet | None:
    """The sizes in any of the sets; None where a residue class would have a gap. Raises PeriodLimitError."""
    found = list(sets)
    period = lcm(*(each.period for each in found))
    _limited(period)
    intervals: list[Interval] = []
    for residue in range(period):
        classes = [_trimmed(each.intervals[residue % each.period], residue, period) for each in found]
        runs = sorted((run for run in classes if run is not None), key=lambda run: run[0])
        joined = _joined(tuple(runs))
        reached: int | None = runs[0][0] if runs else None
        for low, high in runs:
            if reached is not None and low > reached + period:
                return None
            reached = None if reached is None or high is None else max(reached, high)
        intervals.append(joined)
    return _least(tuple(intervals))


def solve(function: Quasi, relation: Relation, bound: int = 0) -> SizeSet:
    """The n ≥ 1 where `function(n) relation bound` holds. Raises PeriodLimitError."""
    match relation:
        case Relation.AT_LEAST:
            return _by_class(function, bound, None)
        case Relation.EQUAL:
            return _by_class(function, bound, bound)
        case Relation.MULTIPLE:
            return _multiples(function, bound)


def _by_class(function: Quasi, low: int, high: int | None) -> SizeSet:
    """Where low ≤ function ≤ high."""
    period = len(function.values)
    found = (_rounds(start, function.step, low, high) for start in function.values)
    return _of_runs(
        [rounds and _numbers_of(rounds, residue, period) for residue, rounds in enumerate(found)], function
    )


def _of_runs(numbers: list[Interval], function: Quasi) -> SizeSet:
    """The sizes whose runs have numbers in these intervals, one a residue."""
    runs = _least(tuple(numbers)).intervals
    period = function.run * len(runs) if len(runs) > 1 else 1
    _limited(period)
    return _least(tuple(_sizes_of(runs, function, residue, period) for residue in range(period)))


def _sizes_of(runs: tuple[Interval, ...], function: Quasi, residue: int, period: int) -> Interval:
    """The sizes with a residue whose runs have numbers in an interval."""
    interval = runs[(residue + function.phase) // function.run % len(runs)]
    if interval is None:
        return None
    low, high = interval
    first = max(low * function.run - function.phase, 1)
    last = None if high is None else (high + 1) * function.run - function.phase - 1
    return _trimmed((first, last), residue, period)


def _rounds(start: int, step: int, low: int, high: int | None) -> tuple[int | None, int | None] | None:
    """The k with low ≤ start + step·k ≤ high, as least and greatest (None: unbounded)."""
    if step == 0:
        return (None, None) if start >= low and (high is None or start <= high) else None
    if step > 0:
        first, last = -((start - low) // step), None if high is None else (high - start) // step
    else:
        first = None if high is None else -((high - start) // -step)
        last = (low - start) // step if (low - start) % step == 0 else (start - low) // -step
    if first is not None and last is not None and first > last:
        return None
    return first, last


def _numbers_of(rounds: tuple[int | None, int | None], residue: int, period: int) -> Interval:
    """The numbers ≥ 0 with a residue, so many rounds from the first."""
    first, last = rounds
    first = 0 if first is None else max(first, 0)
    if last is not None and last < first:
        return None
    return residue + period * first, None if last is None else residue + period * last


def _multiples(function: Quasi, divisor: int) -> SizeSet:
    """Where the function is a multiple of the divisor: whole residue classes."""
    if divisor == 0:
        return _by_class(function, 0, 0)
    runs = len(function.values) * (abs(divisor) // gcd(function.step, divisor))
    _limited(runs)
    return _of_runs([(r, None) if function.in_run(r) % divisor == 0 else None for r in range(runs)], function)


def _common(first: Interval, second: Interval) -> Interval:
    if first is None or second is None:
        return None
    low = max(first[0], second[0])
    highs = [high for high in (first[1], second[1]) if high is not None]
    high = min(highs, default=None)
    return None if high is not None and high < low else (low, high)


def _trimmed(interval: Interval, residue: int, period: int) -> Interval:
    """The same members of the class, with ends that are members."""
    if interval is None:
        return None
    low = interval[0] + (residue - interval[0]) % period
    high = interval[1]
    if high is not None:
        high -= (high - residue) % period
        if high < low:
            return None
    return low, high


def _least(intervals: tuple[Interval, ...]) -> SizeSet:
    """The set with the shortest period that says the same."""
    period = len(intervals)
    for divisor in (d for d in range(1, period) if period % d == 0):
        shorter = _folded(intervals, divisor)
        if shorter is not None:
            return SizeSet(shorter)
    return SizeSet(intervals)


def _folded(intervals: tuple[Interval, ...], period: int) -> tuple[Interval, ...] | None:
    """One interval for all classes that fall together, where they are cut out of one interval."""
    folded: list[Interval] = []
    for residue in range(period):
        classes = intervals[residue::period]
        joined = _joined(classes)
        for offset, interval in enumerate(classes):
            whole = residue + offset * period
            if _trimmed(joined, whole, len(intervals)) != interval:
                return None
        folded.append(_trimmed(joined, residue, period))
    return tuple(folded)


def _joined(classes: tuple[Interval, ...]) -> Interval:
    members = [interval for interval in classes if interval is not None]
    if not members:
        return None
    highs = [high for _, high in members]
    top = None if any(high is None for high in highs) else max(high for high in highs if high is not None)
    return min(low for low, _ in members), top
