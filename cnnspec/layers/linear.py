"""The fully connected layer, `y = W·x + b`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cnnspec.dims import Dim, Relation, product, render
from cnnspec.layers.arguments import COUNT, FLAG, arg
from cnnspec.layers.base import Derivation, Flops, Init, Layer, Requirement, Shape, Weight
from cnnspec.layers.derivation import count_macs, count_parameters
from cnnspec.layers.registry import layer
from cnnspec.layers.spatial import shape_text


@layer("linear")
@dataclass(frozen=True)
class Linear(Layer):
    """A fully connected layer on a vector `[features]`; put `flatten` between a map and it.

    (PyTorch's `Linear` would act on the last axis of a map, which in a CNN is nearly always a mistake. The
    same weights at every position are a `conv` with kernel 1.)
    """

    features: Dim = arg(COUNT, "the features it produces")
    bias: bool = arg(FLAG, "whether a learned number is added to every feature", True)

    def requirements(self, inputs: tuple[Shape, ...]) -> Iterator[Requirement]:
        """A vector."""
        (shape,) = inputs
        yield Requirement(
            "not-flattened",
            1,
            Relation.AT_LEAST,
            len(shape),
            lambda: f"`linear` works on a vector [features], not on {shape_text(shape)}",
            lambda: f"put `flatten` before it, which makes [{render(product(shape))}] of it",
            port=0,
        )

    def infer(self, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        """`(features,)`."""
        del inputs
        return ((self.features,),)

    def weights(self, inputs: tuple[Shape, ...]) -> tuple[Weight, ...]:
        """`weight` (out, in) and `bias` (out)."""
        ((inside,),) = inputs
        weight = Weight("weight", (self.features, inside), Init.KAIMING, fan_in=inside)
        return (weight, Weight("bias", (self.features,), Init.ZEROS)) if self.bias else (weight,)

    def macs(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Dim:
        """Every output is a sum over all inputs."""
        return inputs[0][0] * outputs[0][0]

    def flops(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Flops:
        """The bias: one addition an output."""
        del inputs
        return Flops(bias=outputs[0][0] if self.bias else 0)

    def derive(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Iterator[Derivation]:
        """Parameters and MACs."""
        del outputs
        yield count_parameters("out·in + out" if self.bias else "out·in", self.weights(inputs))
        yield count_macs("out·in", self.features, inputs[0][0])
