"""Between plain arrays `(N, C, D, H, W)` and blocked maps, and the zeros around a map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

from cnnspec.backend.fast.layout import BlockedMap
from cnnspec.backend.fast.simd.emitter import Emitter
from cnnspec.backend.fast.simd.values import Vector, Word, total_of

_Made = Callable[[Callable[[Word], Vector], Vector, list[Word]], Vector]
"""What is made of the numbers at some addresses, given how to load them and a zero."""


@dataclass(frozen=True, slots=True)
class _Conversion:
    """What the two directions between a plain array and a map share."""

    map: BlockedMap

    @property
    def tasks(self) -> int:
        """One a row of a block."""
        return self.map.batch * self.map.blocks * self.map.size[0] * self.map.size[1]

    def _row(self, e: Emitter, buffers: Sequence[Word], task: Word, *, inwards: bool) -> None:
        map_ = self.map
        depth, height, width = map_.size
        row, rest = task % height, task // height
        plane, rest = rest % depth, rest // depth
        block, element = rest % map_.blocks, rest // map_.blocks
        place = map_.place()
        inside = buffers[1] + e.bytes * (
            element * place.batch
            + block * place.block
            + plane * place.pixel[0]
            + row * place.pixel[1]
            + place.offset
        )
        channel = element * map_.channels + block * map_.block
        array = buffers[0] + e.bytes * (((channel * depth + plane) * height + row) * width)
        last = map_.channels - (map_.blocks - 1) * map_.block
        for condition, channels in (
            (block < map_.blocks - 1, map_.block),
            (block.equals(map_.blocks - 1), last),
        ):
            with e.when(condition), e.loop(0, width) as column:
                number, pixel = array + column * e.bytes, inside + column * (e.bytes * map_.block)
                _copy_pixel(e, number, pixel, channels, map_, inwards=inwards)


@dataclass(frozen=True, slots=True)
class ToBlocks(_Conversion):
    """Buffers: array, map. Fills the inside of a map; the lanes past the channels become 0."""

    buffers: ClassVar[int] = 2

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """One row of a block."""
        self._row(e, buffers, task, inwards=True)


@dataclass(frozen=True, slots=True)
class FromBlocks(_Conversion):
    """Buffers: array, map. Fills a plain array from the inside of a map."""

    buffers: ClassVar[int] = 2

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """One row of a block."""
        self._row(e, buffers, task, inwards=False)


def _copy_pixel(
    e: Emitter, number: Word, pixel: Word, channels: int, map_: BlockedMap, *, inwards: bool
) -> None:
    stride = prod(map_.size)
    whole = map_.block % e.lanes == 0
    if inwards and whole:
        for first in range(0, map_.block, e.lanes):
            count = max(0, min(e.lanes, channels - first))
            e.store(e.gather(number + e.bytes * first * stride, stride, count), pixel, first)
        return
    for channel in range(channels):
        if inwards:
            e.store_scalar(e.load_scalar(number, channel * stride), pixel, channel)
        else:
            e.store_scalar(e.load_scalar(pixel, channel), number, channel * stride)


@dataclass(frozen=True, slots=True)
class ClearHalo:
    """Buffers: map. Writes the zeros around the inside; the inside is not touched."""

    buffers: ClassVar[int] = 1
    map: BlockedMap

    @property
    def tasks(self) -> int:
        """One a block."""
        return self.map.batch * self.map.blocks

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """The halo of one block."""
        map_ = self.map
        block, element = task % map_.blocks, task // map_.blocks
        start = buffers[0] + e.bytes * (element * map_.batch_step + block * map_.block_step)
        depth, height, width = map_.padded
        before, after = map_.halo
        with e.loop(0, depth) as plane, e.loop(0, height) as row:
            line = start + (plane * height + row) * (e.bytes * width * map_.block)
            inside = (
                (plane >= before[0])
                & (plane < before[0] + map_.size[0])
                & (row >= before[1])
                & (row < before[1] + map_.size[1])
            )
            with e.when(inside):
                _zeros(e, line, before[2] * map_.block)
                _zeros(e, line + e.bytes * (before[2] + map_.size[2]) * map_.block, after[2] * map_.block)
            with e.when(~inside):
                _zeros(e, line, width * map_.block)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """What the kernels on stretches of memory share: equal parts, vectors of each and then what is left."""

    numbers: int

    @property
    def tasks(self) -> int:
        """One for some thousand numbers."""
        return max(1, self.numbers // 4096)

    def _each(self, e: Emitter, buffers: Sequence[Word], task: Word, made: _Made) -> None:
        """Write what is made of the numbers at the same place in every buffer to the first of them."""
        first, last = task * self.numbers // self.tasks, (task + 1) * self.numbers // self.tasks
        vectors = (last - first) // e.lanes
        with e.loop(0, vectors) as index:
            at = [buffer + (first + index * e.lanes) * e.bytes for buffer in buffers]
            e.store(made(e.load, e.vector(0.0), at), at[0])
        with e.loop(first + vectors * e.lanes, last) as index:
            at = [buffer + index * e.bytes for buffer in buffers]
            e.store_scalar(made(e.load_scalar, e.scalar(0.0), at), at[0])


@dataclass(frozen=True, slots=True)
class Zeros(_Stretch):
    """Buffers: numbers. Fills a stretch of memory with zeros."""

    buffers: ClassVar[int] = 1

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """One part."""
        self._each(e, buffers, task, lambda _load, zero, _at: zero)


@dataclass(frozen=True, slots=True)
class Copy(_Stretch):
    """Buffers: target, source. Copies one stretch of memory to another."""

    buffers: ClassVar[int] = 2

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """One part."""
        self._each(e, buffers, task, lambda load, _zero, at: load(at[1]))


@dataclass(frozen=True, slots=True)
class Accumulate(_Stretch):
    """Buffers: total, part. Adds one stretch of memory to another."""

    buffers: ClassVar[int] = 2

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """One part."""
        self._each(e, buffers, task, lambda load, _zero, at: load(at[0]) + load(at[1]))


@dataclass(frozen=True, slots=True)
class AddParts(_Stretch):
    """Buffers: numbers. Adds up the `parts` stretches that lie there one after the other, into the first."""

    buffers: ClassVar[int] = 1
    parts: int

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """One part of the numbers."""
        stretches = [buffers[0] + part * self.numbers * e.bytes for part in range(self.parts)]
        self._each(e, stretches, task, lambda load, _zero, at: total_of([load(one) for one in at]))


def _zeros(e: Emitter, address: Word, numbers: int) -> None:
    whole = numbers // e.lanes
    if whole:
        with e.loop(0, whole) as index:
            e.store(e.vector(0.0), address + index * (e.bytes * e.lanes))
    for rest in range(whole * e.lanes, numbers):
        e.store_scalar(e.scalar(0.0), address, rest)
