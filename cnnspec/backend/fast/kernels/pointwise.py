"""Element by element: sums and products of maps, a factor and a shift a channel, an activation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from cnnspec.backend.fast.kernels.functions import Activation
from cnnspec.backend.fast.layout import BlockedMap, Place
from cnnspec.backend.fast.simd.emitter import Emitter
from cnnspec.backend.fast.simd.values import Vector, Word

_COLUMNS_TOGETHER = 4
MOST_OPERANDS = 8


@dataclass(frozen=True, slots=True)
class Pointwise:
    """Buffers: target, factors, shifts, then the operands (`MOST_OPERANDS` addresses).

    The operands are added, or with `multiply` multiplied. Each is told by its place: a step of 0 repeats the operand
    along that axis. With `affine` the result is multiplied by a factor and has a shift added, a channel each; then
    `activation` is applied.
    """

    buffers: ClassVar[int] = 3 + MOST_OPERANDS
    target: BlockedMap
    operands: tuple[Place, ...]
    multiply: bool = False
    factor: float = 1.0
    affine: bool = False
    activation: Activation | None = None

    @property
    def tasks(self) -> int:
        """One a row of a block."""
        return self.target.batch * self.target.blocks * self.target.size[0] * self.target.size[1]

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """One row."""
        depth, height, width = self.target.size
        row, rest = task % height, task // height
        plane, rest = rest % depth, rest // depth
        block, element = rest % self.target.blocks, rest // self.target.blocks

        def start(buffer: Word, place: Place) -> Word:
            return buffer + e.bytes * (
                element * place.batch
                + block * place.block
                + plane * place.pixel[0]
                + row * place.pixel[1]
                + place.offset
            )

        into = self.target.place()
        y = start(buffers[0], into)
        operands = [start(buffer, place) for buffer, place in zip(buffers[3:], self.operands, strict=False)]
        channel = block * (e.bytes * self.target.block)
        factors = e.load(buffers[1] + channel) if self.affine else None
        shifts = e.load(buffers[2] + channel) if self.affine else None

        def pixel(column: Word, offset: int) -> None:
            found = [
                e.load(address + column * (e.bytes * place.pixel[2]), offset * place.pixel[2])
                for address, place in zip(operands, self.operands, strict=True)
            ]
            value = self._combined(found)
            if factors and shifts:
                value = e.fma(value, factors, shifts)
            if self.activation:
                value = self.activation.apply(e, value)
            e.store(value, y + column * (e.bytes * into.pixel[2]), offset * into.pixel[2])

        together = width // _COLUMNS_TOGETHER
        with e.loop(0, together) as group:
            for offset in range(_COLUMNS_TOGETHER):
                pixel(group * _COLUMNS_TOGETHER, offset)
        with e.loop(together * _COLUMNS_TOGETHER, width) as column:
            pixel(column, 0)

    def _combined(self, found: list[Vector]) -> Vector:
        value = found[0]
        for other in found[1:]:
            value = value * other if self.multiply else value + other
        return value if self.factor == 1.0 else value * self.factor


def repeated(operand: BlockedMap, target: BlockedMap) -> Place:
    """How to walk an operand along with a target: axes of size 1 are repeated."""
    place = operand.place()
    sizes = zip(operand.size, target.size, place.pixel, strict=True)
    depth, height, width = (0 if mine == 1 and theirs > 1 else step for mine, theirs, step in sizes)
    return Place(place.offset, place.batch, place.block, (depth, height, width))


@dataclass(frozen=True, slots=True)
class ChannelFactors:
    """Buffers: scale, shift, mean, variance, bias, factors, shifts.

    The factor and the shift that a normalisation by fixed statistics is: `factor = scale / √(variance + epsilon)`,
    `shift = shift + (bias − mean) · factor`, `bias` being that of the convolution before it. Without `normalises`
    the factor is the scale (1 if not `scales`), and the shift is shift + bias · factor.
    """

    buffers: ClassVar[int] = 7
    channels: int
    normalises: bool = False
    epsilon: float = 0.0
    scales: bool = False
    shifts: bool = False
    biased: bool = False

    @property
    def tasks(self) -> int:
        """One a vector of channels, at most 64."""
        return min(64, -(-self.channels // 16))

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """A share of the channels, one by one."""
        scale, shift, mean, variance, bias, factors, into = buffers
        first, last = task * self.channels // self.tasks, (task + 1) * self.channels // self.tasks
        with e.loop(first, last) as channel:
            at = channel * e.bytes
            factor = e.load_scalar(scale + at) if self.scales else e.scalar(1.0)
            if self.normalises:
                factor = factor / e.sqrt(e.load_scalar(variance + at) + self.epsilon)
            value = e.load_scalar(bias + at) if self.biased else e.scalar(0.0)
            if self.normalises:
                value = value - e.load_scalar(mean + at)
            value = value * factor
            if self.shifts:
                value = value + e.load_scalar(shift + at)
            e.store_scalar(factor, factors + at)
            e.store_scalar(value, into + at)
