"""Convolutions and pools of few channels: a vector holds neighbouring columns of one channel.

With six channels, vectors of sixteen channels are two thirds empty. Maps with a block of one channel are
planes instead, one channel after the other, and rows of a plane fill vectors whatever the channels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

from cnnspec.backend.fast.kernels.epilogue import Epilogue
from cnnspec.backend.fast.kernels.tiles import evenly, runs
from cnnspec.backend.fast.layout import BlockedMap, Place
from cnnspec.backend.fast.simd.emitter import Emitter
from cnnspec.backend.fast.simd.values import Vector, Word
from cnnspec.backend.kernels.operations import Triple, Window


@dataclass(frozen=True, slots=True)
class _OnPlanes:
    """What the two share: maps of planes, and a window whose columns are read beside each other."""

    source: BlockedMap
    target: BlockedMap
    window: Window

    @property
    def _windows(self) -> Place:
        """Where the window of each output begins in the source."""
        before = self.window.before
        return self.source.place((-before[0], -before[1], -before[2]), self.window.stride)

    @property
    def _steps(self) -> tuple[int, int, int]:
        """From one tap to the next in the source, in numbers."""
        depth, height, width = (d * s for d, s in zip(self.window.dilation, self.source.steps, strict=True))
        return depth, height, width


@dataclass(frozen=True, slots=True)
class ColumnConvolution(_OnPlanes):
    """Buffers: source, weights, bias, target. Stride 1 along the columns, which are a vector at least.

    A register tile is all output channels × some vectors of columns: numbers of the source are loaded, the
    weights are broadcast. They lie as `[input channel][tap d][tap h][tap w][output channel]`, as one panel
    would. The epilogue may have no addend and no gate.
    """

    buffers: ClassVar[int] = 4
    accumulators: int
    epilogue: Epilogue

    @property
    def inner(self) -> int:
        """Input channels of a block."""
        return 1

    @property
    def vectors(self) -> int:
        """The output channels are one panel."""
        return 1

    @property
    def tasks(self) -> int:
        """One a row of outputs."""
        return self.target.batch * self.target.size[0] * self.target.size[1]

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """One row of all channels. The last vector begins early enough to end with the row."""
        planes, height, width = self.target.size
        row, rest = task % height, task // height
        plane, element = rest % planes, rest // planes

        def start(buffer: Word, place: Place) -> Word:
            numbers = element * place.batch + plane * place.pixel[0] + row * place.pixel[1] + place.offset
            return buffer + e.bytes * numbers

        x, y = start(buffers[0], self._windows), start(buffers[3], self.target.place())
        most = max(1, self.accumulators // self.target.channels)
        for first, size, many in runs(evenly(-(-width // e.lanes), most)):
            with e.loop(0, many) as group:
                columns = [
                    ((group * size + (first + k)) * e.lanes).at_most(width - e.lanes) * e.bytes
                    for k in range(size)
                ]
                sums = self._sums(e, [x + column for column in columns], buffers[1], buffers[2])
                for index, total in enumerate(sums):
                    channel, k = divmod(index, size)
                    value = self.epilogue.apply(e, total, None, None)
                    e.store(value, y + columns[k], channel * self.target.block_step)

    def _sums(self, e: Emitter, columns: list[Word], weights: Word, bias: Word) -> list[Vector]:
        """All channels of the first vector of columns, …: a channel after the other, a vector each."""
        depth, height, width = self.window.size
        channels, line = self.target.channels, self.window.size[2] * self.target.channels
        steps = [e.bytes * step for step in self._steps]
        starts = [
            e.broadcast(bias, channel) if self.epilogue.bias else e.vector(0.0) for channel in range(channels)
        ]

        def over_channels(c: Word, sums: list[Vector]) -> list[Vector]:
            def over_depth(d: Word, sums: list[Vector]) -> list[Vector]:
                def over_rows(h: Word, sums: list[Vector]) -> list[Vector]:
                    offset = c * (e.bytes * self.source.block_step) + d * steps[0] + h * steps[1]
                    w = weights + ((c * depth + d) * height + h) * (e.bytes * line)
                    for tap in range(width):
                        numbers = [e.load(column + offset, tap * self._steps[2]) for column in columns]
                        sums = self._products(e, numbers, w, tap * channels, sums)
                    return sums

                return e.fold(height, sums, over_rows)

            return e.fold(depth, sums, over_depth)

        initial = [start for start in starts for _ in columns]
        return e.fold(self.source.channels, initial, over_channels)

    def _products(
        self, e: Emitter, numbers: list[Vector], weights: Word, first: int, sums: list[Vector]
    ) -> list[Vector]:
        """One tap: each channel's weight times every vector of columns."""
        following: list[Vector] = []
        for channel in range(self.target.channels):
            weight = e.broadcast(weights, first + channel)
            mine = sums[channel * len(numbers) : (channel + 1) * len(numbers)]
            following += [e.fma(number, weight, total) for number, total in zip(numbers, mine, strict=True)]
        return following


@dataclass(frozen=True, slots=True)
class ColumnPool(_OnPlanes):
    """Buffers: source, target. The mean, or the greatest, of windows that lie inside the map."""

    buffers: ClassVar[int] = 2
    greatest: bool

    @property
    def tasks(self) -> int:
        """One a row of a plane."""
        return self.target.batch * self.target.channels * self.target.size[0] * self.target.size[1]

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """One row."""
        planes, height, width = self.target.size
        row, rest = task % height, task // height
        plane, rest = rest % planes, rest // planes
        channel, element = rest % self.target.channels, rest // self.target.channels

        def start(buffer: Word, place: Place) -> Word:
            first = element * place.batch + channel * place.block
            return buffer + e.bytes * (first + plane * place.pixel[0] + row * place.pixel[1] + place.offset)

        x, y = start(buffers[0], self._windows), start(buffers[1], self.target.place())
        whole, rest_count = divmod(width, e.lanes)
        step = e.bytes * e.lanes
        with e.loop(0, whole) as vector:
            e.store(self._pooled(e, x + vector * (step * self.window.stride[2]), e.lanes), y + vector * step)
        if rest_count:
            value = self._pooled(e, x + whole * step * self.window.stride[2], rest_count)
            e.store_masked(value, y + whole * step, e.first_lanes(rest_count))

    def _pooled(self, e: Emitter, x: Word, count: int) -> Vector:
        """The first `count` lanes: the pools of so many windows side by side."""
        taps = [e.gather(x + e.bytes * tap, self.window.stride[2], count) for tap in self._taps()]
        value = taps[0]
        for tap in taps[1:]:
            value = ((tap > value) | tap.is_nan()).choose(tap, value) if self.greatest else value + tap
        return value if self.greatest else value / float(prod(self.window.size))

    def _taps(self) -> Iterator[int]:
        """How far each tap is from the first, in numbers."""
        steps = self._steps
        for d in range(self.window.size[0]):
            for h in range(self.window.size[1]):
                for w in range(self.window.size[2]):
                    yield d * steps[0] + h * steps[1] + w * steps[2]


def stays_inside(source: Triple, target: Triple, window: Window) -> bool:
    """Whether no window of a pool leaves the map."""
    return all(
        before == 0 and (t - 1) * s + (k - 1) * d < n
        for before, t, s, k, d, n in zip(
            window.before, target, window.stride, window.size, window.dilation, source, strict=True
        )
    )
