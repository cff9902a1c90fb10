"""Convolution (cross-correlation, as in every framework): a window of learned weights slides over the map.

Weights `(out, in/groups, *kernel)` as in PyTorch; out channel j reads the in channels of its group only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from cnnspec.dims import Dim, IndexMap, product
from cnnspec.layers.arguments import COUNT, FLAG, PADDING, PER_AXIS, Padding, PerAxis, arg
from cnnspec.layers.base import Derivation, Flops, Init, Layer, Requirement, Shape, Weight
from cnnspec.layers.derivation import count_macs, count_parameters
from cnnspec.layers.registry import layer
from cnnspec.layers.spatial import elements, needs_groups
from cnnspec.layers.window import AxisWindow, Sliding, per_axis


@layer("conv")
@dataclass(frozen=True)
class Conv(Layer):
    """A convolution with learned weights and, unless `bias` is false, one bias a channel."""

    channels: Dim = arg(COUNT, "the channels it produces")
    kernel: PerAxis = arg(PER_AXIS, "the size of the window: `3`, `3x5` or `(3, k)`")
    stride: PerAxis = arg(PER_AXIS, "how far the window moves", 1)
    pad: Padding = arg(
        PADDING, "zeros around the map: `same`, `valid`, a number, or one (or a pair) an axis", 0
    )
    dilation: PerAxis = arg(PER_AXIS, "how far apart the taps of the window are", 1)
    groups: Dim = arg(COUNT, "into how many groups the channels are divided, each convolved alone", 1)
    bias: bool = arg(FLAG, "whether a learned number is added to every channel", True)

    @cached_property
    def _sliding(self) -> Sliding:
        return Sliding(self.word, self.kernel, self.stride, self.pad, self.dilation)

    def window(self, shape: Shape) -> tuple[AxisWindow, ...]:
        """The window along every spatial axis, resolved for an input shape."""
        return self._sliding.over(shape)

    def requirements(self, inputs: tuple[Shape, ...]) -> Iterator[Requirement]:
        """Rank, room for a window, channels and groups that divide."""
        yield from self._sliding.requirements(inputs[0])
        yield from needs_groups(self.groups, inputs[0][0], "input")
        yield from needs_groups(self.groups, self.channels, "output")

    def infer(self, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        """`(channels, *windows along every axis)`."""
        return ((self.channels, *self._sliding.output(inputs[0])),)

    def weights(self, inputs: tuple[Shape, ...]) -> tuple[Weight, ...]:
        """`weight` (out, in/groups, *kernel) and `bias` (out)."""
        (shape,) = inputs
        kernel = per_axis(self.kernel, len(shape) - 1)
        share = shape[0] // self.groups
        weight = Weight(
            "weight", (self.channels, share, *kernel), Init.KAIMING, fan_in=share * product(kernel)
        )
        return (weight, Weight("bias", (self.channels,), Init.ZEROS)) if self.bias else (weight,)

    def macs(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Dim:
        """Every output element sums one product a tap and input channel of its group."""
        (shape,) = inputs
        taps = product(per_axis(self.kernel, len(shape) - 1))
        return elements(outputs[0]) * (shape[0] // self.groups) * taps

    def flops(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Flops:
        """The bias: one addition an output element."""
        del inputs
        return Flops(bias=elements(outputs[0]) if self.bias else 0)

    def index_map(self, inputs: tuple[Shape, ...], port: int, axis: int) -> IndexMap:
        """The window."""
        del port
        return self.window(inputs[0])[axis].index_map

    def reads(self, inputs: tuple[Shape, ...], port: int, axis: int, index: int) -> Iterable[int]:
        """The taps of the window."""
        del port
        return self.window(inputs[0])[axis].taps(index)

    def derive(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Iterator[Derivation]:
        """Sizes, parameters and MACs."""
        yield from self._sliding.derive(inputs[0])
        weights = self.weights(inputs)
        share, *kernel = weights[0].shape[1:]
        taps = "·".join(["in" if self.groups == 1 else "(in/groups)", *"k" * len(kernel)])
        yield count_parameters(f"out·{taps} + out" if self.bias else f"out·{taps}", weights)
        yield count_macs(f"outputs·{taps}", *outputs[0], share, *kernel)
