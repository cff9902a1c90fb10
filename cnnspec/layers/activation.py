"""Activations: a function of each element, and softmax over the channels. One operation an element."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from cnnspec.layers.arguments import FLAG, REAL, arg, choice
from cnnspec.layers.base import Derivation, Flops, Init, Layer, Shape, Weight
from cnnspec.layers.derivation import count_parameters
from cnnspec.layers.registry import layer
from cnnspec.layers.spatial import elements


class Activation(Layer):
    """What activations share: the shape stays, and an element costs one operation."""

    def flops(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Flops:
        """One operation an element."""
        del inputs
        return Flops(activation=elements(outputs[0]))


@layer("relu")
@dataclass(frozen=True)
class Relu(Activation):
    """`max(0, x)`."""


@layer("relu6")
@dataclass(frozen=True)
class Relu6(Activation):
    """`min(max(0, x), 6)`."""


@layer("leaky_relu")
@dataclass(frozen=True)
class LeakyRelu(Activation):
    """`x` where it is positive, `slope·x` elsewhere."""

    slope: Fraction = arg(REAL, "the slope for negative values", Fraction(1, 100))


@layer("prelu")
@dataclass(frozen=True)
class PRelu(Activation):
    """A leaky ReLU whose slope is learned, starting at 0.25 (He et al. 2015)."""

    per_channel: bool = arg(FLAG, "whether every channel has a slope of its own", False)

    def weights(self, inputs: tuple[Shape, ...]) -> tuple[Weight, ...]:
        """`weight` (1) or (channels)."""
        return (Weight("weight", (inputs[0][0] if self.per_channel else 1,), Init.QUARTER),)

    def derive(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Iterator[Derivation]:
        """The slopes."""
        del outputs
        yield count_parameters("channels" if self.per_channel else "1", self.weights(inputs))


@layer("elu")
@dataclass(frozen=True)
class Elu(Activation):
    """`x` where it is positive, `alpha·(exp(x) − 1)` elsewhere."""

    alpha: Fraction = arg(REAL, "the limit for very negative values, with its sign turned", Fraction(1))


@layer("selu")
@dataclass(frozen=True)
class Selu(Activation):
    """The self-normalising scaled ELU (Klambauer et al. 2017)."""


@layer("gelu")
@dataclass(frozen=True)
class Gelu(Activation):
    """`x·Φ(x)`, Φ the normal distribution function."""

    approximate: str = arg(choice("none", "tanh"), "`tanh` for the usual approximation", "none")


@layer("silu")
@dataclass(frozen=True)
class Silu(Activation):
    """`x·sigmoid(x)`, also known as swish."""


@layer("mish")
@dataclass(frozen=True)
class Mish(Activation):
    """`x·tanh(softplus(x))`."""


@layer("sigmoid")
@dataclass(frozen=True)
class Sigmoid(Activation):
    """`1/(1 + exp(−x))`."""


@layer("hardsigmoid")
@dataclass(frozen=True)
class Hardsigmoid(Activation):
    """`relu6(x + 3)/6`."""


@layer("hardswish")
@dataclass(frozen=True)
class Hardswish(Activation):
    """`x·relu6(x + 3)/6`."""


@layer("tanh")
@dataclass(frozen=True)
class Tanh(Activation):
    """The hyperbolic tangent."""


@layer("softplus")
@dataclass(frozen=True)
class Softplus(Activation):
    """`log(1 + exp(x))`."""


class OverChannels(Layer):
    """What softmax and its logarithm share: exponential, sum and division, three operations an element."""

    def flops(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Flops:
        """Three operations an element."""
        del inputs
        return Flops(activation=3 * elements(outputs[0]))


@layer("softmax")
@dataclass(frozen=True)
class Softmax(OverChannels):
    """Probabilities over the channels at each position: `exp(x)/Σ exp(x)`."""


@layer("log_softmax")
@dataclass(frozen=True)
class LogSoftmax(OverChannels):
    """The logarithm of softmax over the channels."""
