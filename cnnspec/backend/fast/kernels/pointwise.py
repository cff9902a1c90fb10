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
    """Buffers: target, factors, shifts, gate, more factors, centres, then `MOST_OPERANDS` operands.

    With `affine` the first operand is multiplied by a factor and has a shift added, a channel each; with
    `blends` it has the second operand's difference from a centre added, times another factor a channel. The
    operands that are left are added, or with `multiply` multiplied; `factor` multiplies the result; then
    `activation` is applied; and with `gate` the result is multiplied by the derivative of `gate_activation`
    at the outputs there. An operand whose place has a step of 0 is repeated.
    """

    buffers: ClassVar[int] = 6 + MOST_OPERANDS
    target: BlockedMap
    operands: tuple[Place, ...]
    multiply: bool = False
    factor: float = 1.0
    affine: bool = False
    blends: bool = False
    activation: Activation | None = None
    gate: Place | None = None
    gate_activation: Activation | None = None

    @property
    def tasks(self) -> int:
        """One a row of a block."""
        return self.target.batch * self.target.blocks * self.target.size[0] * self.target.size[1]

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """One row, some columns at a time."""
        depth, height, width = self.target.size
        row, rest = task % height, task // height
        plane, rest = rest % depth, rest // depth
        block, element = rest % self.target.blocks, rest // self.target.blocks

        def start(buffer: Word, place: Place) -> tuple[Word, Place]:
            return buffer + e.bytes * (
                element * place.batch
                + block * place.block
                + plane * place.pixel[0]
                + row * place.pixel[1]
                + place.offset
            ), place

        target = start(buffers[0], self.target.place())
        gate = start(buffers[3], self.gate) if self.gate else None
        operands = [start(buffer, place) for buffer, place in zip(buffers[6:], self.operands, strict=False)]
        channel = block * (e.bytes * self.target.block)
        channelwise = [e.load(buffers[index] + channel) for index in self._channelwise]

        def pixel(column: Word, offset: int) -> None:
            def at(walk: tuple[Word, Place]) -> tuple[Word, int]:
                step = walk[1].pixel[2]
                return walk[0] + column * (e.bytes * step), offset * step

            value = self._value(e, [e.load(*at(walk)) for walk in operands], channelwise)
            if self.activation:
                value = self.activation.apply(e, value)
            if gate and self.gate_activation:
                value = value * self.gate_activation.slope(e, e.load(*at(gate)))
            e.store(value, *at(target))

        together = width // _COLUMNS_TOGETHER
        with e.loop(0, together) as group:
            for offset in range(_COLUMNS_TOGETHER):
                pixel(group * _COLUMNS_TOGETHER, offset)
        with e.loop(together * _COLUMNS_TOGETHER, width) as column:
            pixel(column, 0)

    @property
    def _channelwise(self) -> tuple[int, ...]:
        """The buffers of factors and shifts in use."""
        return (1, 2, 4, 5)[: 4 if self.blends else 2] if self.affine else ()

    def _value(self, e: Emitter, found: list[Vector], channelwise: list[Vector]) -> Vector:
        value, others = found[0], found[1:]
        if self.affine:
            value = e.fma(value, channelwise[0], channelwise[1])
        if self.blends:
            factor, centre = channelwise[2:]
            value, others = e.fma(others[0] - centre, factor, value), others[1:]
        for other in others:
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

    The factor and the shift that a normalisation by fixed statistics is: `factor = scale / √(variance +
    epsilon)`, `shift = shift + (bias − mean) · factor`, `bias` being that of the convolution before it.
    Without `normalises` the factor is the scale (1 if not `scales`), and the shift is shift + bias · factor.
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
