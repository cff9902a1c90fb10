"""Batch normalisation in training, forward and backward, and sums over all pixels of each channel.

A map is cut into some parts of its rows, samples in their order, as threads share the convolutions before and
after it: each finds what it reads in its own cache. A task sums one part of one block of channels into
`[block][part][sum][channel]`; a second kernel adds the parts up. A row is summed by itself and then added to
the total of its part, which keeps the rounding error small whatever the number of pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

from cnnspec.backend.fast.layout import BlockedMap, Place
from cnnspec.backend.fast.simd.emitter import Emitter
from cnnspec.backend.fast.simd.values import Vector, Word, total_of

_CHAINS = 4
_MOST_PARTS = 8
_LEAST_PIXELS = 64
"""Of a part: adding up the parts should be little beside summing them."""
_ROWS_NEAR_THE_MEAN = 8

Terms = Callable[[list[Vector]], list[Vector]]


@dataclass(frozen=True, slots=True)
class Parts:
    """The rows of a map cut into `count` parts of equal length, and `sums` numbers of each for a channel."""

    map: BlockedMap
    sums: int

    @property
    def rows(self) -> int:
        """Rows of all planes of all samples."""
        return self.map.batch * self.map.size[0] * self.map.size[1]

    @property
    def count(self) -> int:
        """As many parts as divide the rows, few enough that each is long."""
        most = min(_MOST_PARTS, max(1, self.rows * self.map.size[2] // _LEAST_PIXELS))
        return next(count for count in range(most, 0, -1) if self.rows % count == 0)

    @property
    def numbers(self) -> int:
        """How many numbers the sums of all parts and blocks are."""
        return self.map.blocks * self.count * self.sums * self.map.block

    @property
    def tasks(self) -> int:
        """One a part and block, the blocks of a part together."""
        return self.count * self.map.blocks

    def store(self, e: Emitter, buffer: Word, task: Word, values: Sequence[Vector]) -> None:
        """Write the sums of one part of one block."""
        block, part = task % self.map.blocks, task // self.map.blocks
        into = buffer + e.bytes * ((block * self.count + part) * (self.sums * self.map.block))
        for index, value in enumerate(values):
            e.store(value, into, index * self.map.block)

    def load(self, e: Emitter, buffer: Word, block: Word) -> list[list[Vector]]:
        """The sums of all parts of a block: result[sum][part]."""
        start = buffer + e.bytes * (block * (self.count * self.sums * self.map.block))
        return [
            [e.load(start, (part * self.sums + index) * self.map.block) for part in range(self.count)]
            for index in range(self.sums)
        ]

    def sum(self, e: Emitter, maps: Sequence[tuple[Word, Place]], task: Word, terms: Terms) -> list[Vector]:
        """`sums` sums over a part of a block: of what `terms` makes of the maps' values at a pixel."""
        length = self.rows // self.count
        block, part = task % self.map.blocks, task // self.map.blocks
        return _sums(e, self.map, maps, block, _Rows(part * length, 1, length), self.sums, terms)

    def near_the_mean(self, e: Emitter, source: Word, task: Word) -> Vector:
        """The mean of some rows of a part: no single pixel is far enough out to spoil it."""
        length = self.rows // self.count
        block, part = task % self.map.blocks, task // self.map.blocks
        step = -(-length // _ROWS_NEAR_THE_MEAN)
        many = -(-length // step)
        rows = _Rows(part * length + (length - 1 - (many - 1) * step) // 2, step, many)
        maps = [(source, self.map.place())]
        (total,) = _sums(e, self.map, maps, block, rows, 1, lambda values: values)
        return total / float(many * self.map.size[2])


@dataclass(frozen=True, slots=True)
class _Rows:
    """`count` rows, `step` apart, from `first` among the rows of all planes of all samples."""

    first: Word
    step: int
    count: int


def _sums(
    e: Emitter,
    like: BlockedMap,
    maps: Sequence[tuple[Word, Place]],
    block: Word,
    rows: _Rows,
    count: int,
    terms: Terms,
) -> list[Vector]:
    depth, height, width = like.size
    together = next(k for k in (_CHAINS, 2, 1) if width % k == 0)

    def over_rows(index: Word, totals: list[Vector]) -> list[Vector]:
        line = rows.first + index * rows.step
        row, rest = line % height, line // height
        plane, element = rest % depth, rest // depth
        starts = [
            buffer
            + e.bytes
            * (
                element * place.batch
                + block * place.block
                + plane * place.pixel[0]
                + row * place.pixel[1]
                + place.offset
            )
            for buffer, place in maps
        ]

        def over_columns(column: Word, sums: list[Vector]) -> list[Vector]:
            following = list(sums)
            for chain in range(together):
                values = [
                    e.load(start + column * (e.bytes * together * place.pixel[2]), chain * place.pixel[2])
                    for start, (_, place) in zip(starts, maps, strict=True)
                ]
                for k, term in enumerate(terms(values)):
                    following[chain * count + k] = following[chain * count + k] + term
            return following

        parts = e.fold(width // together, [e.vector(0.0)] * (together * count), over_columns)
        for k in range(count):
            totals[k] = totals[k] + total_of([parts[chain * count + k] for chain in range(together)])
        return totals

    return e.fold(rows.count, [e.vector(0.0)] * count, over_rows)


def _channels(e: Emitter, block: Word, like: BlockedMap) -> tuple[Word, Word]:
    """The byte offset of a block's first channel, and how many channels it has."""
    first = block * like.block
    return first * e.bytes, (e.word(like.channels) - first).at_most(like.block)


@dataclass(frozen=True, slots=True)
class _OfParts:
    """What sums parts of a map."""

    source: BlockedMap
    sums: ClassVar[int]

    @property
    def parts(self) -> Parts:
        """Those of the source."""
        return Parts(self.source, self.sums)

    @property
    def tasks(self) -> int:
        """One a part and block."""
        return self.parts.tasks


@dataclass(frozen=True, slots=True)
class _OfBlocks:
    """What adds up the parts of a map."""

    source: BlockedMap

    @property
    def tasks(self) -> int:
        """One a block."""
        return self.source.blocks


@dataclass(frozen=True, slots=True)
class PartStatistics(_OfParts):
    """Buffers: source, parts. Of each part the mean, and the sum of squared differences from it."""

    buffers: ClassVar[int] = 2
    sums: ClassVar[int] = 2

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """Differences from a number near the mean are summed, lest the mean swallow the variance."""
        parts = self.parts
        pivot = parts.near_the_mean(e, buffers[0], task)

        def terms(values: list[Vector]) -> list[Vector]:
            difference = values[0] - pivot
            return [difference, difference * difference]

        total, squares = parts.sum(e, [(buffers[0], self.source.place())], task, terms)
        shift = total / float(parts.rows // parts.count * self.source.size[2])
        parts.store(e, buffers[1], task, [pivot + shift, e.fma(-shift, total, squares)])


@dataclass(frozen=True, slots=True)
class BatchStatistics(_OfBlocks):
    """Buffers: parts, scale, shift, running mean and variance, mean, inverse deviation, factors, shifts.

    Mean and 1/√(variance + epsilon) of each channel over the batch, the factor and shift that normalising by
    them is, and the running statistics moved by `momentum` (the variance without bias). The last four are
    padded to blocks. The parts are those of `PartStatistics`, joined as Chan, Golub and LeVeque (1979) do.
    """

    buffers: ClassVar[int] = 9
    epsilon: float
    momentum: float
    affine: bool
    tracks: bool = True

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """One block."""
        parts = Parts(self.source, PartStatistics.sums)
        count = self.source.batch * prod(self.source.size)
        means, squares = parts.load(e, buffers[0], task)
        mean = total_of(means) / float(parts.count)
        between = total_of([(part - mean) * (part - mean) for part in means])
        spread = e.fma(between, float(count // parts.count), total_of(squares)) / float(count)
        variance = (spread < 0.0).choose(e.vector(0.0), spread)
        inverse = 1.0 / e.sqrt(variance + self.epsilon)
        at, channels = _channels(e, task, self.source)
        mask = e.first_lanes(channels)
        factor = inverse * e.load_masked(buffers[1] + at, mask) if self.affine else inverse
        offset = e.load_masked(buffers[2] + at, mask) if self.affine else e.vector(0.0)
        e.store(mean, buffers[5] + at)
        e.store(inverse, buffers[6] + at)
        e.store(factor, buffers[7] + at)
        e.store(e.fma(-mean, factor, offset), buffers[8] + at)
        if not self.tracks:
            return
        for buffer, value in ((buffers[3], mean), (buffers[4], variance * (count / max(1, count - 1)))):
            old = e.load_masked(buffer + at, mask)
            e.store_masked(e.fma(value - old, self.momentum, old), buffer + at, mask)


@dataclass(frozen=True, slots=True)
class PartGradients(_OfParts):
    """Buffers: source, gradient, mean, parts.

    Of each part the sum of the gradient, and of its product with the source's difference from the mean. The
    means are padded to blocks.
    """

    buffers: ClassVar[int] = 4
    sums: ClassVar[int] = 2
    gradient: BlockedMap

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """One part of one block."""
        at, _ = _channels(e, task % self.source.blocks, self.source)
        mean = e.load(buffers[2] + at)

        def terms(values: list[Vector]) -> list[Vector]:
            return [values[1], values[1] * (values[0] - mean)]

        maps = [(buffers[0], self.source.place()), (buffers[1], self.gradient.place())]
        self.parts.store(e, buffers[3], task, self.parts.sum(e, maps, task, terms))


@dataclass(frozen=True, slots=True)
class BatchNormSums(_OfBlocks):
    """Buffers: parts, inverse deviation, scale, gradients of scale and shift, a, b, c.

    The gradients of scale and shift, and the coefficients with which the source's gradient is
    `a · gradient + b · (source − mean) + c`: with the mean multiplied into `c`, a large one would drown the
    rest. The coefficients, mean and inverse deviation are padded to blocks. The parts are those of
    `PartGradients`.
    """

    buffers: ClassVar[int] = 8
    affine: bool
    writes: bool

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """One block."""
        at, channels = _channels(e, task, self.source)
        inverse = e.load(buffers[1] + at)
        parts = Parts(self.source, PartGradients.sums).load(e, buffers[0], task)
        shift_gradient, products = map(total_of, parts)
        scale_gradient = products * inverse
        mask = e.first_lanes(channels)
        if self.writes:
            e.store_masked(scale_gradient, buffers[3] + at, mask)
            e.store_masked(shift_gradient, buffers[4] + at, mask)
        a = inverse * e.load_masked(buffers[2] + at, mask) if self.affine else inverse
        count = float(self.source.batch * prod(self.source.size))
        b = a * inverse * scale_gradient * (-1.0 / count)
        c = a * shift_gradient * (-1.0 / count)
        for buffer, value in zip(buffers[5:], (a, b, c), strict=True):
            e.store(value, buffer + at)


@dataclass(frozen=True, slots=True)
class PartSums(_OfParts):
    """Buffers: source, parts. Of each part the sum."""

    buffers: ClassVar[int] = 2
    sums: ClassVar[int] = 1

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """One part of one block."""
        maps = [(buffers[0], self.source.place())]
        self.parts.store(e, buffers[1], task, self.parts.sum(e, maps, task, lambda values: values))


@dataclass(frozen=True, slots=True)
class ChannelSums(_OfBlocks):
    """Buffers: parts, sums. The sum of each channel over all pixels: the gradient of a bias."""

    buffers: ClassVar[int] = 2

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """One block."""
        at, channels = _channels(e, task, self.source)
        (parts,) = Parts(self.source, PartSums.sums).load(e, buffers[0], task)
        e.store_masked(total_of(parts), buffers[1] + at, e.first_lanes(channels))
