"""Pools on blocked maps. Windows are clipped at the border, so no halo is read and padding never wins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, prod
from typing import ClassVar

from cnnspec.backend.fast.kernels.functions import Activation
from cnnspec.backend.fast.layout import BlockedMap, Place
from cnnspec.backend.fast.simd.emitter import Emitter
from cnnspec.backend.fast.simd.values import Mask, Vector, Word
from cnnspec.backend.kernels.operations import Window

_COLUMNS_TOGETHER = 4
_TAPS_WRITTEN_OUT = 5

_CHAINS = 4
"""Sums that go on side by side, so that none waits for the one before."""


@dataclass(frozen=True, slots=True)
class _Taps:
    """Which taps of a window lie inside along one axis: those from `first` to before `last`."""

    first: Word | int
    last: Word | int

    @property
    def literal(self) -> tuple[int, int] | None:
        """The two as plain numbers where they are known."""
        if isinstance(self.first, int) and isinstance(self.last, int):
            return self.first, self.last
        return None


def _inside(window: Window, axis: int, size: int, index: Word) -> _Taps:
    """The taps of output `index` that lie inside the map, along an axis."""
    stride, dilation = window.stride[axis], window.dilation[axis]
    start = index * stride - window.before[axis]
    # A tap k lies at start + k·dilation. Both bounds are shifted so that nothing divided is negative.
    span = window.size[axis] * dilation
    first = ((span - start + dilation - 1).at_least(span) // dilation) - window.size[axis]
    last = (span + (size - start) + dilation - 1) // dilation - window.size[axis]
    return _Taps(first.at_most(window.size[axis]), last.at_least(0).at_most(window.size[axis]))


def interior(window: Window, axis: int, size: int, outputs: int) -> tuple[int, int]:
    """The outputs whose whole window lies inside: from the first to before the last, along an axis."""
    stride, before = window.stride[axis], window.before[axis]
    reach = (window.size[axis] - 1) * window.dilation[axis]
    first = -(-before // stride)
    last = (size - 1 - reach + before) // stride + 1
    first = min(max(first, 0), outputs)
    return first, max(first, min(last, outputs))


def _over(
    e: Emitter, taps: _Taps, values: list[Vector], body: Callable[[Word, list[Vector]], list[Vector]]
) -> list[Vector]:
    """Run `body(tap, values)` for some taps, written out where they are known and few."""
    known = taps.literal
    if known is None or known[1] - known[0] > _TAPS_WRITTEN_OUT:
        return e.gather_up(taps.first, taps.last, values, body)
    for tap in range(*known):
        values = body(e.word(tap), values)
    return values


@dataclass(frozen=True, slots=True)
class _Columns:
    """Some neighbouring outputs of one row: `count` from `indices[4]`, and those taps that lie inside.

    `indices` are (sample, block, depth, row, first column).
    """

    indices: tuple[Word, Word, Word, Word, Word]
    count: int
    taps: tuple[_Taps, _Taps, _Taps]

    def at(self, e: Emitter, buffer: Word, place: Place) -> Word:
        """The address of the first column in a map."""
        element, block, depth, row, column = self.indices
        steps = place.pixel
        pixel = depth * steps[0] + row * steps[1] + column * steps[2]
        return buffer + e.bytes * (element * place.batch + block * place.block + pixel + place.offset)


@dataclass(frozen=True, slots=True)
class _Pool:
    """What the pools share: source and target, the window, and the walk over one row of outputs."""

    source: BlockedMap
    target: BlockedMap
    window: Window

    @property
    def tasks(self) -> int:
        """One a row of a block."""
        return self.target.batch * self.target.blocks * self.target.size[0] * self.target.size[1]

    @property
    def _windows(self) -> Place:
        """Where the window of each output begins in the source, or would."""
        before = self.window.before
        return self.source.place((-before[0], -before[1], -before[2]), self.window.stride)

    def _walk(self, e: Emitter, line: Word, body: Callable[[_Columns], None]) -> None:
        """Call `body` for all outputs of one row, which is the `line`-th of all."""
        planes, height, _ = self.target.size
        row, rest = line % height, line // height
        depth, rest = rest % planes, rest // planes
        block, element = rest % self.target.blocks, rest // self.target.blocks
        indices = element, block, depth, row
        inside, always = self._rows_inside(depth, row)
        with e.when(inside):
            whole = _Taps(0, self.window.size[0]), _Taps(0, self.window.size[1])
            self._walk_row(e, indices, whole, body)
        if not always:
            depths = _inside(self.window, 0, self.source.size[0], depth)
            rows = _inside(self.window, 1, self.source.size[1], row)
            with e.when(~inside):
                self._walk_row(e, indices, (depths, rows), body)

    def _rows_inside(self, depth: Word, row: Word) -> tuple[Mask, bool]:
        """Whether the windows of a row of outputs lie inside above and below, and whether those of all do."""
        spans = [
            interior(self.window, axis, self.source.size[axis], self.target.size[axis]) for axis in (0, 1)
        ]
        (nearest, farthest), (top, bottom) = spans
        inside = (depth >= nearest) & (depth < farthest) & (row >= top) & (row < bottom)
        return inside, all(span == (0, size) for span, size in zip(spans, self.target.size[:2], strict=True))

    def _walk_row(
        self,
        e: Emitter,
        indices: tuple[Word, Word, Word, Word],
        taps: tuple[_Taps, _Taps],
        body: Callable[[_Columns], None],
    ) -> None:
        width = self.target.size[2]
        first, last = interior(self.window, 2, self.source.size[2], width)
        whole = _Taps(0, self.window.size[2])

        def at(column: Word, count: int, columns: _Taps) -> None:
            body(_Columns((*indices, column), count, (*taps, columns)))

        for low, high in ((0, first), (last, width)):
            if low < high:
                with e.loop(low, high) as column:
                    at(column, 1, _inside(self.window, 2, self.source.size[2], column))
        together = (last - first) // _COLUMNS_TOGETHER
        if together:
            with e.loop(0, together) as group:
                at(group * _COLUMNS_TOGETHER + first, _COLUMNS_TOGETHER, whole)
        with e.loop(first + together * _COLUMNS_TOGETHER, last) as column:
            at(column, 1, whole)

    def _fold(
        self,
        e: Emitter,
        start: Word,
        taps: tuple[_Taps, _Taps, _Taps],
        initial: list[Vector],
        body: Callable[[Word, Word, list[Vector]], list[Vector]],
    ) -> list[Vector]:
        """Run `body(address of the tap, number of the tap, values)` over the taps inside, in their order."""
        steps = [e.bytes * d * s for d, s in zip(self.window.dilation, self.source.steps, strict=True)]
        _, height, width = self.window.size

        def over_depth(d: Word, values: list[Vector]) -> list[Vector]:
            def over_rows(h: Word, values: list[Vector]) -> list[Vector]:
                line, number = start + (d * steps[0] + h * steps[1]), (d * height + h) * width
                return _over(e, taps[2], values, lambda k, v: body(line + k * steps[2], number + k, v))

            return _over(e, taps[1], values, over_rows)

        return _over(e, taps[0], initial, over_depth)

    def _column(self, index: int) -> int:
        """From the first of a few columns to another, in the source."""
        return index * self.window.stride[2] * self.source.steps[2]


@dataclass(frozen=True, slots=True)
class MaxPool(_Pool):
    """Buffers: source, target, places. The number of the greatest tap is kept at `places`, if given."""

    buffers: ClassVar[int] = 3
    places: Place | None = None

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """One row of outputs."""

        def outputs(columns: _Columns) -> None:
            count = columns.count

            def compare(tap: Word, number: Word, values: list[Vector]) -> list[Vector]:
                best, places = values[:count], values[count:]
                found = [e.load(tap, self._column(column)) for column in range(count)]
                wins = [(new > old) | new.is_nan() for new, old in zip(found, best, strict=True)]
                best = [win.choose(new, old) for win, new, old in zip(wins, found, best, strict=True)]
                if places:
                    here = e.spread(e.real_of(number))
                    places = [win.choose(here, old) for win, old in zip(wins, places, strict=True)]
                return best + places

            initial = [e.vector(-inf)] * count + [e.vector(-1.0)] * (count if self.places else 0)
            values = self._fold(e, columns.at(e, buffers[0], self._windows), columns.taps, initial, compare)
            _store_columns(e, columns, values[:count], buffers[1], self.target.place())
            if self.places:
                _store_columns(e, columns, values[count:], buffers[2], self.places)

        self._walk(e, task, outputs)


def _store_columns(e: Emitter, columns: _Columns, values: list[Vector], buffer: Word, place: Place) -> None:
    address = columns.at(e, buffer, place)
    for column, value in enumerate(values):
        e.store(value, address, column * place.pixel[2])


@dataclass(frozen=True, slots=True)
class AveragePool(_Pool):
    """Buffers: source, target. With `count_pad` the padding counts as zeros, but never what lies past it."""

    buffers: ClassVar[int] = 2
    count_pad: bool = True

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """One row of outputs."""

        def outputs(columns: _Columns) -> None:
            def add(tap: Word, number: Word, sums: list[Vector]) -> list[Vector]:
                del number
                return [total + e.load(tap, self._column(column)) for column, total in enumerate(sums)]

            start = columns.at(e, buffers[0], self._windows)
            sums = self._fold(e, start, columns.taps, [e.vector(0.0)] * columns.count, add)
            count = divisor(e, self, columns, count_pad=self.count_pad)
            _store_columns(e, columns, [total / count for total in sums], buffers[1], self.target.place())

        self._walk(e, task, outputs)


def divisor(e: Emitter, pool: _Pool, columns: _Columns, *, count_pad: bool) -> Vector:
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
class PoolGradient(_Pool):
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
            self._walk(e, line, lambda columns: self._spread(e, buffers, columns))
        if self.gate and self.gate_activation and not self.places:
            self._close(e, into, start(buffers[3], self.gate))

    def _spread(self, e: Emitter, buffers: Sequence[Word], columns: _Columns) -> None:
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
                at = self._column(column)
                e.store(e.load(tap, at) + part, tap, at)
            return nothing

        self._fold(e, columns.at(e, buffers[0], self._windows), columns.taps, [], add)

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
