"""Factors: learned ones a channel, and constant ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from cnnspec.layers.arguments import FLAG, REAL, arg
from cnnspec.layers.base import Derivation, Flops, Init, Layer, Shape, Weight
from cnnspec.layers.derivation import count_parameters
from cnnspec.layers.registry import layer
from cnnspec.layers.spatial import elements


@layer("scale")
@dataclass(frozen=True)
class Scale(Layer):
    """A learned factor a channel, starting at 1, and with `bias` a learned shift, starting at 0."""

    bias: bool = arg(FLAG, "whether a learned number is added to every channel", False)

    def weights(self, inputs: tuple[Shape, ...]) -> tuple[Weight, ...]:
        """`weight` (channels) and `bias` (channels)."""
        channels = (inputs[0][0],)
        weight = Weight("weight", channels, Init.ONES)
        return (weight, Weight("bias", channels, Init.ZEROS)) if self.bias else (weight,)

    def flops(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Flops:
        """One multiplication an element, and one addition for the shift."""
        del inputs
        count = elements(outputs[0])
        return Flops(elementwise=count, bias=count if self.bias else 0)

    def derive(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Iterator[Derivation]:
        """The factors and shifts."""
        del outputs
        yield count_parameters("channels + channels" if self.bias else "channels", self.weights(inputs))


@layer("times")
@dataclass(frozen=True)
class Times(Layer):
    """Every element times a constant, also written `0.5 * x`."""

    factor: Fraction = arg(REAL, "the constant")

    def flops(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Flops:
        """One multiplication an element."""
        del inputs
        return Flops(elementwise=elements(outputs[0]))
