"""Weights from the order in which people see them to that in which kernels read them, and gradients back.

A convolution's weight is `(out, in / groups, d, h, w)`; a packed one is `[group][panel][input
block][tap][channel] [vectors × lanes]` (see `taps.py`). The data gradient reads the same weights with the
channels exchanged and the taps of one phase in their order, so packing is told by strides: along the lanes,
along the channels of a block, and the place of each tap. Packed buffers begin with zeros; what pads a panel
or block is never written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import ClassVar

from cnnspec.backend.fast.simd.emitter import Emitter
from cnnspec.backend.fast.simd.values import Vector, Word
from cnnspec.backend.kernels.operations import Triple

_CHUNKS = 4
"""Windows whose taps lie within so many vectors are packed a vector of channels at a time."""

_TAPS_WRITTEN_OUT = 9
"""Windows of so many taps are copied without a loop."""


def merged(groups: int, in_channels: int, out_channels: int, lanes: int) -> int:
    """How many groups to run as one dense convolution so that every group fills whole blocks.

    `in_channels` and `out_channels` are of one group. The weights between merged groups are zeros.
    """
    for many in range(1, groups):
        whole = many * in_channels % lanes == 0 and many * out_channels % lanes == 0
        if groups % many == 0 and whole:
            return many
    return groups


@dataclass(frozen=True, slots=True)
class Axis:
    """A channel axis of the weights: how many of one group, and how far apart."""

    count: int
    stride: int


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Some numbers of a pair of channels from `start` on, at most a vector, and where each goes."""

    start: int
    places: dict[int, int]


@dataclass(frozen=True, slots=True)
class Pack:
    """Buffers: weights, packed, factors. `backwards` writes the weights from the packed (a gradient).

    `across` is the axis along the lanes, `along` the one within a block. Taps run over `taps` counts a axis,
    from number `first_tap`, `tap_strides` apart. `factors` multiply each channel across (batch norm folded
    in).
    """

    buffers: ClassVar[int] = 3

    groups: int
    merged: int
    group_stride: int
    across: Axis
    along: Axis
    taps: Triple
    first_tap: int
    tap_strides: Triple
    inner: int
    vectors: int
    lanes: int
    scaled: bool = False
    backwards: bool = False

    @property
    def panels(self) -> int:
        """Panels of one merged group."""
        return -(-self.merged * self.across.count // (self.vectors * self.lanes))

    @property
    def blocks(self) -> int:
        """Input blocks of one merged group."""
        return -(-self.merged * self.along.count // self.inner)

    @property
    def numbers(self) -> int:
        """How many numbers the packed weights are."""
        dense = self.panels * self.blocks * prod(self.taps) * self.inner * self.vectors * self.lanes
        return self.groups // self.merged * dense

    @property
    def fills(self) -> bool:
        """Whether every one of them is written: nothing pads panels, blocks or merged groups."""
        columns, lines = self.vectors * self.lanes, self.inner
        return self.merged == 1 and self.across.count % columns == 0 and self.along.count % lines == 0

    @property
    def tasks(self) -> int:
        """Dense: one a panel and block. Merged groups: one a channel across."""
        if self.merged == 1:
            return self.groups * self.panels * self.blocks
        return self.groups * self.across.count

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """Copy one panel's block, or one channel of a merged group."""
        if self.merged == 1:
            self._emit_panel(e, buffers, task)
        else:
            self._emit_channel(e, buffers, task)

    def _emit_panel(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        block, rest = task % self.blocks, task // self.blocks
        panel, group = rest % self.panels, rest // self.panels
        row = self.vectors * self.lanes
        weights = buffers[0] + e.bytes * (
            group * self.group_stride
            + panel * (row * self.across.stride)
            + block * (self.inner * self.along.stride)
            + self.first_tap
        )
        packed = buffers[1] + task * (e.bytes * prod(self.taps) * self.inner * row)
        factors = buffers[2] + e.bytes * (group * self.across.count + panel * row)
        channels = (e.word(self.along.count) - block * self.inner).at_most(self.inner)
        last = self.across.count - (self.panels - 1) * row
        with e.when(panel < self.panels - 1):
            self._emit_block(e, weights, packed, factors, channels, row)
        with e.when(panel.equals(self.panels - 1)):
            self._emit_block(e, weights, packed, factors, channels, last)

    def _emit_block(
        self, e: Emitter, weights: Word, packed: Word, factors: Word, channels: Word, across: int
    ) -> None:
        """Vectors of channels across as far as they go, then number by number in the order of the weights."""
        vectors = across // e.lanes if self._chunks(e) else 0
        with e.loop(0, vectors) as vector:
            numbers = weights + vector * (e.bytes * e.lanes * self.across.stride)
            places, scales = (start + vector * (e.bytes * e.lanes) for start in (packed, factors))
            self._emit_vectors(e, numbers, places, scales, channels)
        done = vectors * e.lanes
        if done == across:
            return
        weights = weights + e.bytes * done * self.across.stride
        packed, factors, across = packed + e.bytes * done, factors + e.bytes * done, across - done
        if self.across.stride >= self.along.stride:
            with e.loop(0, across) as lane, e.loop(0, channels) as channel:
                self._emit_pair(e, weights, packed, factors, lane, channel)
        else:
            with e.loop(0, channels) as channel, e.loop(0, across) as lane:
                self._emit_pair(e, weights, packed, factors, lane, channel)

    def _chunks(self, e: Emitter) -> list[_Chunk]:
        """The taps of one pair of channels as vectors, where they lie near enough to each other."""
        numbers = {
            sum(k * stride for k, stride in zip(indices, self.tap_strides, strict=True)): tap
            for tap, indices in enumerate(product(*map(range, self.taps)))
        }
        first, last = min(numbers), max(numbers)
        if self.backwards or last - first >= _CHUNKS * e.lanes:
            return []
        step = self.inner * self.vectors * self.lanes
        chunks = [
            _Chunk(start, {n - start: numbers[n] * step for n in numbers if start <= n < start + e.lanes})
            for start in range(first, last + 1, e.lanes)
        ]
        return [chunk for chunk in chunks if chunk.places]

    def _emit_vectors(self, e: Emitter, weights: Word, packed: Word, factors: Word, channels: Word) -> None:
        """A vector of channels across: a transpose of some numbers of each, which lie side by side."""
        factor = e.load(factors) if self.scaled else None
        with e.loop(0, channels) as channel:
            source = weights + channel * (e.bytes * self.along.stride)
            place = packed + channel * (e.bytes * self.vectors * self.lanes)
            for chunk in self._chunks(e):
                columns = self._columns(e, source + e.bytes * chunk.start, max(chunk.places) + 1)
                for column, offset in chunk.places.items():
                    value = columns[column]
                    e.store(value if factor is None else value * factor, place, offset)

    def _columns(self, e: Emitter, source: Word, count: int) -> list[Vector]:
        """The first `count` numbers of every channel of a vector: a vector each."""
        if count == 1:
            return [e.gather(source, self.across.stride)]
        mask = e.first_lanes(count)
        rows = [e.load_masked(source + e.bytes * lane * self.across.stride, mask) for lane in range(e.lanes)]
        return e.transposed(rows)

    def _emit_pair(
        self, e: Emitter, weights: Word, packed: Word, factors: Word, lane: Word, channel: Word
    ) -> None:
        """The taps of one pair of channels."""
        factor = e.load_scalar(factors + lane * e.bytes) if self.scaled else None
        source = weights + e.bytes * (lane * self.across.stride + channel * self.along.stride)
        place = packed + e.bytes * (lane + channel * (self.vectors * self.lanes))
        self._taps_of(e, source, place, factor)

    def _taps_of(self, e: Emitter, source: Word, place: Word, factor: Vector | None) -> None:
        step = self.inner * self.vectors * self.lanes
        if prod(self.taps) <= _TAPS_WRITTEN_OUT:
            for tap, indices in enumerate(product(*map(range, self.taps))):
                number = sum(k * stride for k, stride in zip(indices, self.tap_strides, strict=True))
                self._copy(e, (source, number), (place, tap * step), factor)
            return
        with e.loop(0, prod(self.taps)) as tap:
            number = source + self._tap(tap) * e.bytes
            self._copy(e, (number, 0), (place + tap * (e.bytes * step), 0), factor)

    def _copy(
        self, e: Emitter, number: tuple[Word, int], place: tuple[Word, int], factor: Vector | None
    ) -> None:
        """One number, there or back."""
        if self.backwards:
            e.store_scalar(e.load_scalar(*place), *number)
        else:
            value = e.load_scalar(*number)
            e.store_scalar(value if factor is None else value * factor, *place)

    def _tap(self, tap: Word) -> Word:
        """Where a packed tap lies in the weights, in numbers from the first."""
        _, height, width = self.taps
        w, rest = tap % width, tap // width
        h, d = rest % height, rest // height
        steps = self.tap_strides
        return d * steps[0] + h * steps[1] + w * steps[2]

    def _emit_channel(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """One channel across of one group, number by number: its place lies between those of other groups."""
        row = self.vectors * self.lanes
        lane, group = task % self.across.count, task // self.across.count
        inside = group % self.merged
        column = inside * self.across.count + lane
        panel = (group // self.merged) * self.panels + column // row
        weights = buffers[0] + e.bytes * (
            group * self.group_stride + lane * self.across.stride + self.first_tap
        )
        packed = buffers[1] + e.bytes * (column % row)
        factor = e.load_scalar(buffers[2] + task * e.bytes) if self.scaled else None
        with e.loop(0, self.along.count) as channel:
            position = inside * self.along.count + channel
            block = panel * self.blocks + position // self.inner
            with e.loop(0, prod(self.taps)) as tap:
                number = weights + e.bytes * (channel * self.along.stride + self._tap(tap))
                line = (block * prod(self.taps) + tap) * self.inner + position % self.inner
                place = packed + line * (e.bytes * row)
                self._copy(e, (number, 0), (place, 0), factor)
