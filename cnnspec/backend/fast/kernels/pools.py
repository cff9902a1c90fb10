"""Pools on blocked maps. Windows are clipped at the border, so no halo is read and padding never wins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, prod
from typing import ClassVar

from cnnspec.backend.fast.layout import BlockedMap
from cnnspec.backend.fast.simd.emitter import Emitter
from cnnspec.backend.fast.simd.values import Vector, Word
from cnnspec.backend.kernels.operations import Window

_COLUMNS_TOGETHER = 4


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
    # A tap k lies at start + k·dilation. Both bounds are shifted by the window, so that nothing divided is negative.
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


Body = Callable[[list[Word], _Taps, _Taps, _Taps], None]


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

    def _walk(
        self, e: Emitter, source: Word, target: Word, task: Word, body: Callable[[list[int], Word, Word, _Taps, _Taps, _Taps, Word], None]
    ) -> None:
        """Call `body(columns, window start, output, depth taps, row taps, column taps, first column)`.

        The window start is the address that tap (0, 0, 0) of the first column has, or would have.
        """
        _, height, width = self.target.size
        row, rest = task % height, task // height
        depth, rest = rest % self.target.size[0], rest // self.target.size[0]
        block, element = rest % self.target.blocks, rest // self.target.blocks
        before, stride = self.window.before, self.window.stride
        begin = self.source.place((-before[0], -before[1], -before[2]), stride)
        place = self.target.place()
        x = source + e.bytes * (
            element * begin.batch + block * begin.block + depth * begin.pixel[0] + row * begin.pixel[1] + begin.offset
        )
        y = target + e.bytes * (
            element * place.batch + block * place.block + depth * place.pixel[0] + row * place.pixel[1] + place.offset
        )
        depths = _inside(self.window, 0, self.source.size[0], depth)
        rows = _inside(self.window, 1, self.source.size[1], row)
        first, last = interior(self.window, 2, self.source.size[2], width)
        whole = _Taps(0, self.window.size[2])

        def at(column: Word, count: int, columns: _Taps) -> None:
            moved = x + column * (e.bytes * begin.pixel[2]), y + column * (e.bytes * place.pixel[2])
            body(list(range(count)), *moved, depths, rows, columns, column)

        for low, high in ((0, first), (last, width)):
            with e.loop(low, high) as column:
                at(column, 1, _inside(self.window, 2, self.source.size[2], column))
        together = (last - first) // _COLUMNS_TOGETHER
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
                known = taps[2].literal
                if known:
                    for k in range(*known):
                        values = body(line + k * steps[2], number + k, values)
                    return values
                return e.gather_up(
                    taps[2].first, taps[2].last, values, lambda k, v: body(line + k * steps[2], number + k, v)
                )

            return e.gather_up(taps[1].first, taps[1].last, values, over_rows)

        return e.gather_up(taps[0].first, taps[0].last, initial, over_depth)

    def _column(self, index: int) -> int:
        """From the first of a few columns to another, in the source."""
        return index * self.window.stride[2] * self.source.steps[2]


@dataclass(frozen=True, slots=True)
class MaxPool(_Pool):
    """Buffers: source, target, places. Where `places` is wanted, the number of the greatest tap is kept there."""

    buffers: ClassVar[int] = 3
    keeps_places: bool = False

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """One row of outputs."""

        def outputs(columns: list[int], x: Word, y: Word, d: _Taps, h: _Taps, w: _Taps, first: Word) -> None:
            del first
            count = len(columns)

            def compare(tap: Word, number: Word, values: list[Vector]) -> list[Vector]:
                best, places = values[:count], values[count:]
                found = [e.load(tap, self._column(column)) for column in columns]
                wins = [(new > old) | new.is_nan() for new, old in zip(found, best, strict=True)]
                best = [win.choose(new, old) for win, new, old in zip(wins, found, best, strict=True)]
                if places:
                    here = e.spread(e.real_of(number))
                    places = [win.choose(here, old) for win, old in zip(wins, places, strict=True)]
                return best + places

            initial = [e.vector(-inf)] * count + [e.vector(-1.0)] * (count * self.keeps_places)
            values = self._fold(e, x, (d, h, w), initial, compare)
            for column in columns:
                e.store(values[column], y, column * self.target.steps[2])
                if self.keeps_places:
                    e.store(values[count + column], y - buffers[1] + buffers[2], column * self.target.steps[2])

        self._walk(e, buffers[0], buffers[1], task, outputs)


@dataclass(frozen=True, slots=True)
class AveragePool(_Pool):
    """Buffers: source, target. With `count_pad` the padding counts as zeros, but never what lies past it."""

    buffers: ClassVar[int] = 2
    count_pad: bool = True

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """One row of outputs."""

        def outputs(columns: list[int], x: Word, y: Word, d: _Taps, h: _Taps, w: _Taps, first: Word) -> None:
            def add(tap: Word, number: Word, sums: list[Vector]) -> list[Vector]:
                del number
                found = [e.load(tap, self._column(column)) for column in columns]
                return [new + old for new, old in zip(found, sums, strict=True)]

            sums = self._fold(e, x, (d, h, w), [e.vector(0.0)] * len(columns), add)
            count = self._count(e, task, first, (d, h, w))
            for column in columns:
                e.store(sums[column] / count, y, column * self.target.steps[2])

        self._walk(e, buffers[0], buffers[1], task, outputs)

    def _count(self, e: Emitter, task: Word, column: Word, inside: tuple[_Taps, _Taps, _Taps]) -> Vector:
        """By how much the sum is divided."""
        if self.count_pad:
            height = self.target.size[1]
            indices = (task // height % self.target.size[0], task % height, column)
            inside = tuple(self._padded(axis, index) for axis, index in enumerate(indices))  # type: ignore[assignment]
        total = e.word(1)
        for taps in inside:
            total = total * (e.word(0) + taps.last - taps.first).at_least(1)
        return e.spread(e.real_of(total))

    def _padded(self, axis: int, index: Word) -> _Taps:
        """The taps that lie inside the map or its padding."""
        last = index * 0 + (self.source.size[axis] + self.window.before[axis] + self.window.after[axis])
        return _Taps(0, (last - index * self.window.stride[axis]).at_most(self.window.size[axis]))


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
        """One block: rows are summed in four chains, then added."""
        block, element = task % self.source.blocks, task // self.source.blocks
        place, into = self.source.place(), self.target.place()
        depth, height, width = self.source.size
        x = buffers[0] + e.bytes * (element * place.batch + block * place.block + place.offset)
        chains = min(4, width)

        def row(index: Word, sums: list[Vector]) -> list[Vector]:
            line = x + e.bytes * (index // height * place.pixel[0] + index % height * place.pixel[1])
            for column in range(width if width <= 32 else 0):
                sums[column % chains] = sums[column % chains] + e.load(line, column * place.pixel[2])
            if width <= 32:
                return sums
            return e.gather_up(
                0, width, sums, lambda c, s: [s[0] + e.load(line + c * (e.bytes * place.pixel[2])), *s[1:]]
            )

        sums = e.fold(depth * height, [e.vector(0.0)] * chains, row)
        total = sums[0]
        for other in sums[1:]:
            total = total + other
        target = buffers[1] + e.bytes * (element * into.batch + block * into.block + into.offset)
        e.store(total / float(prod(self.source.size)), target)
