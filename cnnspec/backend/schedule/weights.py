"""The weights of convolutions and linear layers as kernels read them: which packing a kernel needs."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Protocol

from cnnspec.backend.fast.kernels.convolution import Phase
from cnnspec.backend.fast.kernels.packing import Axis, Pack, merged
from cnnspec.backend.kernels.operations import Convolution, Linear, TransposedConvolution, Triple
from cnnspec.backend.plan.model import Call


@dataclass(frozen=True, slots=True)
class Filters:
    """A weight `(out, in / groups, *taps)` as a convolution reads it.

    A transposed convolution has the weights of the convolution that it is the adjoint of; a linear layer on
    a map is a convolution with a window as large as the map.
    """

    out: int
    channels: int
    groups: int
    taps: Triple

    @property
    def depthwise(self) -> bool:
        """Whether every channel is a group and gives one channel."""
        return self.groups == self.channels == self.out and self.groups > 1

    @property
    def exchanged(self) -> Filters:
        """Those of the data gradient: outputs to inputs."""
        return Filters(self.channels, self.out, self.groups, self.taps)

    def together(self, lanes: int) -> int:
        """How many groups run as one (see `packing.merged`)."""
        return merged(self.groups, self.channels // self.groups, self.out // self.groups, lanes)

    def run_groups(self, lanes: int) -> int:
        """How many groups the kernel has."""
        return self.groups // self.together(lanes)


def filters_of(call: Call) -> Filters:
    """The weights of a convolution of any kind, or of a linear layer (on a map: see `on_map`)."""
    operation = call.operation
    if isinstance(operation, Linear):
        return Filters(call.output_shapes[0][1], call.input_shapes[0][1], 1, (1, 1, 1))
    if not isinstance(operation, Convolution):
        raise TypeError(f"{call.path} has no filters")
    inner, outer = call.input_shapes[0][1], call.output_shapes[0][1]
    if isinstance(operation, TransposedConvolution):
        inner, outer = outer, inner
    return Filters(outer, inner, operation.groups, operation.window.size)


def on_map(filters: Filters, size: Triple) -> Filters:
    """The weights of a linear layer as those of a window over the map that it flattens."""
    return Filters(filters.out, filters.channels // prod(size), 1, size)


class Panels(Protocol):
    """What packing must know of a kernel: the channels of an input block, and the vectors of a panel."""

    @property
    def inner(self) -> int:
        """Channels of a block that sums run over."""
        ...

    @property
    def vectors(self) -> int:
        """Vectors of output channels side by side."""
        ...


def forward_pack(filters: Filters, kernel: Panels, lanes: int, *, scaled: bool = False) -> Pack:
    """What packs the weights for a forward convolution."""
    out, inner = _axes(filters)
    strides = _tap_strides(filters.taps)
    if filters.depthwise:
        return Pack(
            1,
            1,
            0,
            Axis(filters.out, prod(filters.taps)),
            Axis(1, 1),
            filters.taps,
            0,
            strides,
            1,
            1,
            lanes,
            scaled,
        )
    return Pack(
        groups=filters.groups,
        merged=filters.together(lanes),
        group_stride=out.count * out.stride,
        across=out,
        along=inner,
        taps=filters.taps,
        first_tap=0,
        tap_strides=strides,
        inner=kernel.inner,
        vectors=kernel.vectors,
        lanes=lanes,
        scaled=scaled,
    )


def gradient_pack(filters: Filters, phase: Phase, kernel: Panels, lanes: int) -> Pack:
    """What packs the weights for a phase of a data gradient: channels exchanged, its taps alone."""
    out, inner = _axes(filters)
    strides = _tap_strides(filters.taps)
    first = sum(part.start * stride for part, stride in zip(phase, strides, strict=True))
    steps = [-part.tap_step * stride for part, stride in zip(phase, strides, strict=True)]
    taps: Triple = (phase[0].taps, phase[1].taps, phase[2].taps)
    tap_strides: Triple = (steps[0], steps[1], steps[2])
    if filters.depthwise:
        across = Axis(filters.out, prod(filters.taps))
        return Pack(1, 1, 0, across, Axis(1, 1), taps, first, tap_strides, 1, 1, lanes)
    return Pack(
        groups=filters.groups,
        merged=filters.together(lanes),
        group_stride=out.count * out.stride,
        across=inner,
        along=out,
        taps=taps,
        first_tap=first,
        tap_strides=tap_strides,
        inner=kernel.inner,
        vectors=kernel.vectors,
        lanes=lanes,
    )


def _axes(filters: Filters) -> tuple[Axis, Axis]:
    area = prod(filters.taps)
    inner = filters.channels // filters.groups
    return Axis(filters.out // filters.groups, inner * area), Axis(inner, area)


def _tap_strides(taps: Triple) -> Triple:
    return taps[1] * taps[2], taps[2], 1
