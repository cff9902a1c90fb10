"""Batch normalisation in training, forward and backward, and sums over all pixels of each channel.

Statistics are of one block of channels a task, in two sweeps of each row: a row is summed by itself and then
added to the total, which keeps the rounding error small whatever the number of pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import ClassVar

from cnnspec.backend.fast.layout import BlockedMap, Place
from cnnspec.backend.fast.simd.emitter import Emitter
from cnnspec.backend.fast.simd.values import Vector, Word

_CHAINS = 4

Terms = Callable[[list[Vector]], list[Vector]]


def _sums(
    e: Emitter, like: BlockedMap, maps: Sequence[tuple[Word, Place]], block: Word, count: int, terms: Terms
) -> list[Vector]:
    """`count` sums over all pixels of a block: of what `terms` makes of the maps' values at a pixel."""
    depth, height, width = like.size
    together = next(k for k in (_CHAINS, 2, 1) if width % k == 0)

    def over_rows(index: Word, totals: list[Vector]) -> list[Vector]:
        row, rest = index % height, index // height
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
            chains = [parts[chain * count + k] for chain in range(together)]
            row_total = chains[0]
            for other in chains[1:]:
                row_total = row_total + other
            totals[k] = totals[k] + row_total
        return totals

    return e.fold(like.batch * depth * height, [e.vector(0.0)] * count, over_rows)


def _channels(e: Emitter, block: Word, like: BlockedMap) -> tuple[Word, Word]:
    """The byte offset of a block's first channel, and how many channels it has."""
    first = block * like.block
    return first * e.bytes, (e.word(like.channels) - first).at_most(like.block)


@dataclass(frozen=True, slots=True)
class BatchStatistics:
    """Buffers: source, scale, shift, running mean and variance, mean, inverse deviation, factors, shifts.

    Mean and 1/√(variance + epsilon) of each channel over the batch, the factor and shift that normalising by
    them is, and the running statistics moved by `momentum` (the variance without bias). The last four are
    padded to blocks.
    """

    buffers: ClassVar[int] = 9
    source: BlockedMap
    epsilon: float
    momentum: float
    affine: bool
    tracks: bool = True

    @property
    def tasks(self) -> int:
        """One a block."""
        return self.source.blocks

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """Differences from a number near the mean are summed, lest the mean swallow the variance."""
        place = self.source.place()
        pivot = self._near_the_mean(e, buffers[0], task)

        def terms(values: list[Vector]) -> list[Vector]:
            difference = values[0] - pivot
            return [difference, difference * difference]

        total, squares = _sums(e, self.source, [(buffers[0], place)], task, 2, terms)
        count = self.source.batch * prod(self.source.size)
        shift = total / float(count)
        mean = pivot + shift
        spread = squares / float(count) - shift * shift
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

    def _near_the_mean(self, e: Emitter, source: Word, block: Word) -> Vector:
        """The mean of the middle row of every sample: no single pixel is far enough out to spoil it."""
        depth, height, width = self.source.size
        middle = self.source.place((depth // 2, height // 2, 0))
        row = replace(self.source, size=(1, 1, width))
        (total,) = _sums(e, row, [(source, middle)], block, 1, lambda values: values)
        return total / float(self.source.batch * width)


@dataclass(frozen=True, slots=True)
class BatchNormSums:
    """Buffers: source, gradient, mean, inverse deviation, scale, gradients of scale and shift, a, b, c.

    The gradients of scale and shift, and the coefficients with which the source's gradient is
    `a · gradient + b · source + c`. The coefficients, mean and inverse deviation are padded to blocks.
    """

    buffers: ClassVar[int] = 10
    source: BlockedMap
    gradient: BlockedMap
    affine: bool
    writes: bool

    @property
    def tasks(self) -> int:
        """One a block."""
        return self.source.blocks

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """The sums of the gradient and of its product with the normalised source."""
        at, channels = _channels(e, task, self.source)
        mean, inverse = e.load(buffers[2] + at), e.load(buffers[3] + at)

        def terms(values: list[Vector]) -> list[Vector]:
            return [values[1], values[1] * (values[0] - mean)]

        maps = [(buffers[0], self.source.place()), (buffers[1], self.gradient.place())]
        shift_gradient, products = _sums(e, self.source, maps, task, 2, terms)
        scale_gradient = products * inverse
        mask = e.first_lanes(channels)
        if self.writes:
            e.store_masked(scale_gradient, buffers[5] + at, mask)
            e.store_masked(shift_gradient, buffers[6] + at, mask)
        a = inverse * e.load_masked(buffers[4] + at, mask) if self.affine else inverse
        count = float(self.source.batch * prod(self.source.size))
        b = a * inverse * scale_gradient * (-1.0 / count)
        c = e.fma(-b, mean, a * shift_gradient * (-1.0 / count))
        for buffer, value in zip(buffers[7:], (a, b, c), strict=True):
            e.store(value, buffer + at)


@dataclass(frozen=True, slots=True)
class ChannelSums:
    """Buffers: gradient, sums. The sum of each channel over all pixels: the gradient of a bias."""

    buffers: ClassVar[int] = 2
    gradient: BlockedMap

    @property
    def tasks(self) -> int:
        """One a block."""
        return self.gradient.blocks

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """One block."""
        at, channels = _channels(e, task, self.gradient)
        (total,) = _sums(
            e, self.gradient, [(buffers[0], self.gradient.place())], task, 1, lambda values: values
        )
        e.store_masked(total, buffers[1] + at, e.first_lanes(channels))
