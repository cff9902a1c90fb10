"""Pools on blocked maps, and their gradients. Windows are clipped at the border: padding never wins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product, zip_longest
from math import inf, prod
from typing import ClassVar

from cnnspec.backend.fast.kernels.functions import Activation
from cnnspec.backend.fast.kernels.windows import Columns, Pool
from cnnspec.backend.fast.layout import BlockedMap, Place
from cnnspec.backend.fast.simd.emitter import Emitter
from cnnspec.backend.fast.simd.values import Mask, Vector, Word

_CHAINS = 4
"""Sums that go on side by side, so that none waits for the one before."""

_MOST_TAPS = 32
"""Of a window whose maxima are found without asking each tap whether it is a number."""


@dataclass(frozen=True, slots=True)
class MaxPool(Pool):
    """Buffers: source, target, places. The number of the greatest tap is kept at `places`, if given.

    A NaN is the greatest, wherever in the window it is.
    """

    buffers: ClassVar[int] = 3
    places: Place | None = None

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """One row of outputs."""

        def outputs(columns: Columns) -> None:
            if self.places is None and columns.whole and prod(self.window.size) <= _MOST_TAPS:
                best, doubtful = self._greatest_numbers(
                    e, columns.at(e, buffers[0], self.starts), columns.count
                )
                _store_columns(e, columns, best, buffers[1], self.target.place())
                with e.when(e.in_any_lane(doubtful)):
                    self._compare_all(e, buffers, columns)
            else:
                self._compare_all(e, buffers, columns)

        self.walk(e, task, outputs)

    def _compare_all(self, e: Emitter, buffers: Sequence[Word], columns: Columns) -> None:
        """Some outputs, tap by tap."""
        count = columns.count

        def compare(tap: Word, number: Word, values: list[Vector]) -> list[Vector]:
            best, places = values[:count], values[count:]
            found = [e.load(tap, self.column(column)) for column in range(count)]
            wins = [(new > old) | new.is_nan() for new, old in zip(found, best, strict=True)]
            best = [win.choose(new, old) for win, new, old in zip(wins, found, best, strict=True)]
            if places:
                here = e.spread(e.real_of(number))
                places = [win.choose(here, old) for win, old in zip(wins, places, strict=True)]
            return best + places

        initial = [e.vector(-inf)] * count + [e.vector(-1.0)] * (count if self.places else 0)
        values = self.fold(e, columns.at(e, buffers[0], self.starts), columns.taps, initial, compare)
        _store_columns(e, columns, values[:count], buffers[1], self.target.place())
        if self.places:
            _store_columns(e, columns, values[count:], buffers[2], self.places)

    def _greatest_numbers(self, e: Emitter, start: Word, count: int) -> tuple[list[Vector], Mask]:
        """The maxima of neighbouring windows that lie inside, and where a NaN makes them wrong.

        The columns of taps that windows share are reduced once, by the processor's own maximum.
        """
        depth, height, width = self.window.size
        steps = [d * s for d, s in zip(self.window.dilation, self.source.steps, strict=True)]
        lines = [d * steps[0] + h * steps[1] for d, h in product(range(depth), range(height))]
        windows = [[self.column(k) + w * steps[2] for w in range(width)] for k in range(count)]
        columns = sorted({column for window in windows for column in window})
        taps = {column: [e.load(start, line + column) for line in lines] for column in columns}
        loaded = [tap for column in columns for tap in taps[column]]
        pairs = zip_longest(loaded[::2], loaded[1::2], fillvalue=loaded[0])
        doubtful = reduce(Mask.__or__, [one.unordered(other) for one, other in pairs])
        tops = {column: reduce(_greater, taps[column]) for column in columns}
        return [reduce(_greater, [tops[column] for column in window]) for window in windows], doubtful


def _greater(one: Vector, other: Vector) -> Vector:
    """The greater of two numbers in each lane: a single instruction."""
    return (one > other).choose(one, other)


def _store_columns(e: Emitter, columns: Columns, values: list[Vector], buffer: Word, place: Place) -> None:
    address = columns.at(e, buffer, place)
    for column, value in enumerate(values):
        e.store(value, address, column * place.pixel[2])


@dataclass(frozen=True, slots=True)
class AveragePool(Pool):
    """Buffers: source, target. With `count_pad` the padding counts as zeros, but never what lies past it."""

    buffers: ClassVar[int] = 2
    count_pad: bool = True

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """One row of outputs."""

        def outputs(columns: Columns) -> None:
            def add(tap: Word, number: Word, sums: list[Vector]) -> list[Vector]:
                del number
                return [total + e.load(tap, self.column(column)) for column, total in enumerate(sums)]

            start = columns.at(e, buffers[0], self.starts)
            sums = self.fold(e, start, columns.taps, [e.vector(0.0)] * columns.count, add)
            count = divisor(e, self, columns, count_pad=self.count_pad)
            _store_columns(e, columns, [total / count for total in sums], buffers[1], self.target.place())

        self.walk(e, task, outputs)


def divisor(e: Emitter, pool: Pool, columns: Columns, *, count_pad: bool) -> Vector:
    """By how much the sum of a window is divided."""
    total = e.word(1)
    for axis, (taps, index) in enumerate(zip(columns.taps, columns.indices[2:], strict=True)):
        if count_pad:
            padded = pool.source.size[axis] + pool.window.before[axis] + pool.window.after[axis]
            many = (padded - index * pool.window.stride[axis]).at_most(pool.window.size[axis])
        else:
            many = e.word(0) + taps.last - taps.first
        total = total * many.at_least(1)
    return e.spread(e.real_of(total))


@dataclass(frozen=True, slots=True)
class PoolGradient(Pool):
    """Buffers: gradient of the source, gradient of the target, places, gate.

    `source` and `target` are the maps of those gradients. With `places` (see `MaxPool`) a gradient goes to
    the greatest tap, otherwise to all taps in equal parts. With `gate` they are multiplied by the derivative
    of `gate_activation` at the outputs there: of the pool, which are those of the greatest taps, where there
    are `places`, otherwise at the sources.
    """

    buffers: ClassVar[int] = 4
    places: Place | None = None
    count_pad: bool = True
    gate: Place | None = None
    gate_activation: Activation | None = None

    @property
    def tasks(self) -> int:
        """One a block: its windows overlap, so they are one task's."""
        return self.source.batch * self.source.blocks

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """Zeros, then the gradient of every output to where it belongs, then the gate."""
        block, element = task % self.source.blocks, task // self.source.blocks
        place = self.source.place()

        def start(buffer: Word, place: Place) -> Word:
            return buffer + e.bytes * (element * place.batch + block * place.block + place.offset)

        into = start(buffers[0], place)
        self._everywhere(e, place, lambda pixel: e.store(e.vector(0.0), into + pixel))
        lines = self.target.size[0] * self.target.size[1]
        with e.loop(task * lines, (task + 1) * lines) as line:
            self.walk(e, line, lambda columns: self._spread(e, buffers, columns))
        if self.gate and self.gate_activation and not self.places:
            self._close(e, into, start(buffers[3], self.gate))

    def _spread(self, e: Emitter, buffers: Sequence[Word], columns: Columns) -> None:
        """Add the gradients of some outputs to their taps."""
        count = columns.count

        def loaded(buffer: Word, place: Place) -> list[Vector]:
            address = columns.at(e, buffer, place)
            return [e.load(address, column * place.pixel[2]) for column in range(count)]

        gradients = loaded(buffers[1], self.target.place())
        places = loaded(buffers[2], self.places) if self.places else []
        if not places:
            share = divisor(e, self, columns, count_pad=self.count_pad)
            gradients = [gradient / share for gradient in gradients]
        elif self.gate and self.gate_activation:
            slopes = [self.gate_activation.slope(e, value) for value in loaded(buffers[3], self.gate)]
            gradients = [gradient * slope for gradient, slope in zip(gradients, slopes, strict=True)]

        def add(tap: Word, number: Word, nothing: list[Vector]) -> list[Vector]:
            here = e.spread(e.real_of(number)) if places else None
            for column, gradient in enumerate(gradients):
                part = places[column].same(here).choose(gradient, 0.0) if here else gradient
                at = self.column(column)
                e.store(e.load(tap, at) + part, tap, at)
            return nothing

        self.fold(e, columns.at(e, buffers[0], self.starts), columns.taps, [], add)

    def _close(self, e: Emitter, into: Word, kept: Word) -> None:
        place, gate, activation = self.source.place(), self.gate, self.gate_activation
        assert gate  # noqa: S101 - asked only with a gate
        assert activation  # noqa: S101
        depth, height, width = self.source.size
        with e.loop(0, depth) as d, e.loop(0, height) as h, e.loop(0, width) as w:
            here, there = (
                e.bytes * (d * p.pixel[0] + h * p.pixel[1] + w * p.pixel[2]) for p in (place, gate)
            )
            slope = activation.slope(e, e.load(kept + there))
            e.store(e.load(into + here) * slope, into + here)

    def _everywhere(self, e: Emitter, place: Place, body: Callable[[Word], None]) -> None:
        depth, height, width = self.source.size
        with e.loop(0, depth) as d, e.loop(0, height) as h, e.loop(0, width) as w:
            body(e.bytes * (d * place.pixel[0] + h * place.pixel[1] + w * place.pixel[2]))


@dataclass(frozen=True, slots=True)
class GlobalAverage:
    """Buffers: source, target. The mean of each channel over all positions; the target has one pixel."""

    buffers: ClassVar[int] = 2
    source: BlockedMap
    target: BlockedMap

    @property
    def tasks(self) -> int:
        """One a block."""
        return self.source.batch * self.source.blocks

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """One block: each row is summed by itself and added to the total, which keeps the rounding small."""
        block, element = task % self.source.blocks, task // self.source.blocks
        place, into = self.source.place(), self.target.place()
        depth, height, width = self.source.size
        x = buffers[0] + e.bytes * (element * place.batch + block * place.block + place.offset)

        def row(index: Word, totals: list[Vector]) -> list[Vector]:
            line = x + e.bytes * (index // height * place.pixel[0] + index % height * place.pixel[1])
            return [totals[0] + _sum_of_row(e, line, width, place.pixel[2])]

        (total,) = e.fold(depth * height, [e.vector(0.0)], row)
        target = buffers[1] + e.bytes * (element * into.batch + block * into.block + into.offset)
        e.store(total / float(prod(self.source.size)), target)


def _sum_of_row(e: Emitter, line: Word, width: int, step: int) -> Vector:
    rounds = width // _CHAINS

    def some(index: Word, sums: list[Vector]) -> list[Vector]:
        at = line + index * (e.bytes * _CHAINS * step)
        return [value + e.load(at, chain * step) for chain, value in enumerate(sums)]

    rest = [e.load(line, column * step) for column in range(rounds * _CHAINS, width)]
    parts = [*(e.fold(rounds, [e.vector(0.0)] * _CHAINS, some) if rounds else ()), *rest]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total
