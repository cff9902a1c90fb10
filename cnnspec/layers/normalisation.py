"""Normalisation. Mean 0 and variance 1 over some axes, then a learned scale and shift of each channel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from cnnspec.dims import Dim
from cnnspec.layers.arguments import COUNT, FLAG, REAL, arg, choice
from cnnspec.layers.base import Derivation, Flops, Init, Layer, Requirement, Shape, Weight, WeightKind
from cnnspec.layers.derivation import count_parameters
from cnnspec.layers.registry import layer
from cnnspec.layers.spatial import elements, needs_groups, needs_map

_EPS = "what is added to the variance so that nothing is divided by zero"
_AFFINE = "whether a scale and a shift are learned"
_SMALL = Fraction(1, 100_000)


class Normalisation(Layer):
    """What normalisations with a learned scale and shift share."""

    affine: bool

    def normalised_shape(self, shape: Shape) -> Shape:
        """The shape of the learned scale: one a channel."""
        return (shape[0],)

    def weights(self, inputs: tuple[Shape, ...]) -> tuple[Weight, ...]:
        """`weight` and `bias` where they are learned."""
        if not self.affine:
            return ()
        shape = self.normalised_shape(inputs[0])
        return Weight("weight", shape, Init.ONES), Weight("bias", shape, Init.ZEROS)

    def flops(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Flops:
        """Mean 1, variance 2, normalise 2 and, where affine, scale and shift 2 operations an element."""
        del inputs
        return Flops(normalisation=elements(outputs[0]) * (7 if self.affine else 5))

    def derive(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Iterator[Derivation]:
        """Scale and shift."""
        del outputs
        if self.affine:
            yield count_parameters("scale + shift", self.weights(inputs))


@layer("bn")
@dataclass(frozen=True)
class BatchNorm(Normalisation):
    """Batch normalisation (Ioffe & Szegedy 2015): each channel over the batch and all positions.

    At inference the running statistics are used, and it is one multiplication and one addition an element.
    """

    eps: Fraction = arg(REAL, _EPS, _SMALL)
    momentum: Fraction = arg(REAL, "the share of each new batch in the running statistics", Fraction(1, 10))
    affine: bool = arg(FLAG, _AFFINE, True)
    track: bool = arg(FLAG, "whether running statistics are kept for inference", True)

    def weights(self, inputs: tuple[Shape, ...]) -> tuple[Weight, ...]:
        """`weight`, `bias`, and as buffers `running_mean`, `running_var` and `num_batches_tracked`."""
        channels = (inputs[0][0],)
        if not self.track:
            return super().weights(inputs)
        return (
            *super().weights(inputs),
            Weight("running_mean", channels, Init.ZEROS, WeightKind.BUFFER),
            Weight("running_var", channels, Init.ONES, WeightKind.BUFFER),
            Weight("num_batches_tracked", (), Init.ZEROS, WeightKind.BUFFER),
        )

    def flops(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Flops:
        """With running statistics two operations an element; without them as any normalisation."""
        if not self.track:
            return super().flops(inputs, outputs)
        return Flops(normalisation=2 * elements(outputs[0]))


@layer("layernorm")
@dataclass(frozen=True)
class LayerNorm(Normalisation):
    """Layer normalisation (Ba et al. 2016) of each sample alone.

    Over the whole `sample`, with a scale and shift for each element, as PyTorch's `LayerNorm([C, H, W])`; or
    over the `channels` at each position, with a scale and shift for each channel, as in ConvNeXt.
    """

    over: str = arg(choice("sample", "channels"), "what is normalised together", "sample")
    eps: Fraction = arg(REAL, _EPS, _SMALL)
    affine: bool = arg(FLAG, _AFFINE, True)

    def normalised_shape(self, shape: Shape) -> Shape:
        """The shape of the learned scale: the sample's, or one a channel."""
        return shape if self.over == "sample" else (shape[0],)


@layer("groupnorm")
@dataclass(frozen=True)
class GroupNorm(Normalisation):
    """Group normalisation (Wu & He 2018): each sample over groups of channels and all positions."""

    groups: Dim = arg(COUNT, "into how many groups the channels are divided")
    eps: Fraction = arg(REAL, _EPS, _SMALL)
    affine: bool = arg(FLAG, _AFFINE, True)

    def requirements(self, inputs: tuple[Shape, ...]) -> Iterator[Requirement]:
        """The groups divide the channels."""
        yield from needs_groups(self.groups, inputs[0][0], "input")


@layer("instancenorm")
@dataclass(frozen=True)
class InstanceNorm(Normalisation):
    """Instance normalisation (Ulyanov et al. 2016): each channel of each sample over all positions."""

    eps: Fraction = arg(REAL, _EPS, _SMALL)
    affine: bool = arg(FLAG, _AFFINE, False)

    def requirements(self, inputs: tuple[Shape, ...]) -> Iterator[Requirement]:
        """A map."""
        return needs_map(self.word, inputs[0])


@layer("lrn")
@dataclass(frozen=True)
class LocalResponseNorm(Layer):
    """Local response normalisation (Krizhevsky et al. 2012): `x/(k + alpha/size·Σ x²)^beta`.

    The sum is over `size` neighbouring channels at each position.
    """

    size: Dim = arg(COUNT, "how many neighbouring channels are summed", 5)
    alpha: Fraction = arg(REAL, "the weight of the sum of squares", Fraction(1, 10_000))
    beta: Fraction = arg(REAL, "the exponent", Fraction(3, 4))
    k: Fraction = arg(REAL, "what is added to the sum", Fraction(1))

    def requirements(self, inputs: tuple[Shape, ...]) -> Iterator[Requirement]:
        """A map."""
        return needs_map(self.word, inputs[0])

    def flops(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Flops:
        """Square 1, sum `size`, scale and add 2, power 1, divide 1, an element."""
        del inputs
        return Flops(normalisation=elements(outputs[0]) * (self.size + 5))
