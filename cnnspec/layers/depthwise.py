"""Depthwise convolution: each channel is convolved alone (MobileNet, Howard et al. 2017)."""

from __future__ import annotations

from dataclasses import dataclass

from cnnspec.dims import Dim
from cnnspec.layers.arguments import COUNT, FLAG, PADDING, PER_AXIS, Padding, PerAxis, arg
from cnnspec.layers.base import Layer, Shape
from cnnspec.layers.convolution import Conv
from cnnspec.layers.registry import layer


@layer("depthwise")
@dataclass(frozen=True)
class Depthwise(Layer):
    """A convolution with as many groups as channels: `depthwise(k)` is `conv(C, k, groups=C)`."""

    kernel: PerAxis = arg(PER_AXIS, "the size of the window: `3`, `3x5` or `(3, k)`")
    multiplier: Dim = arg(COUNT, "how many channels are made of each", 1)
    stride: PerAxis = arg(PER_AXIS, "how far the window moves", 1)
    pad: Padding = arg(PADDING, "zeros around: `same`, `valid`, a number, or one (or a pair) an axis", 0)
    dilation: PerAxis = arg(PER_AXIS, "how far apart the taps of the window are", 1)
    bias: bool = arg(FLAG, "whether a learned number is added to every channel", True)

    def lower(self, inputs: tuple[Shape, ...]) -> Layer:
        """The grouped convolution that it is."""
        channels = inputs[0][0]
        return Conv(
            channels * self.multiplier,
            self.kernel,
            self.stride,
            self.pad,
            self.dilation,
            groups=channels,
            bias=self.bias,
        )
