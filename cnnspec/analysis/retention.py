"""What training keeps of a layer's forward pass, and which layers need no memory of their own.

This is what the plain kernels of the backend do, as `backend/plan` schedules them; a test holds the two
together for every layer. (The fast backend keeps tensors in its own layouts, fuses some away, makes some
again and adds workspace, so that what it takes differs: see `backend/footprint.py`.)
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Flag, auto
from functools import singledispatch

from cnnspec.dims import Dim, product
from cnnspec.graph import Node
from cnnspec.layers import (
    activation,
    convolution,
    dropout,
    linear,
    merging,
    normalisation,
    pooling,
    scaling,
    shaping,
    transposed,
)
from cnnspec.layers.base import Layer, Shape

INDEX_BYTES = 4
"""The place of a maximum is an int32 whatever the width of the net's numbers."""


class Reads(Flag):
    """Which tensors of its forward pass a layer's backward pass reads."""

    NOTHING = 0
    INPUTS = auto()
    OUTPUTS = auto()


@dataclass(frozen=True, slots=True)
class Saved:
    """What the forward pass writes for the backward pass beside its outputs, in elements.

    `numbers` and `indices` are for each sample, `shared` numbers for a whole batch.
    """

    numbers: Dim = 0
    shared: Dim = 0
    indices: Dim = 0

    def bytes(self, batch: Dim, width: int) -> Dim:
        """The bytes of a batch with numbers of `width` bytes."""
        return (self.numbers * batch + self.shared) * width + self.indices * batch * INDEX_BYTES


@singledispatch
def reads(layer: Layer) -> Reads:
    """What the backward pass of a layer reads; most layers that only move numbers read nothing."""
    del layer
    return Reads.NOTHING


@reads.register(convolution.Conv)
@reads.register(transposed.ConvTranspose)
@reads.register(linear.Linear)
@reads.register(normalisation.Normalisation)
@reads.register(normalisation.LocalResponseNorm)
@reads.register(merging.Mul)
@reads.register(merging.Polar)
@reads.register(scaling.Scale)
@reads.register(activation.PRelu)
def _(layer: Layer) -> Reads:
    del layer
    return Reads.INPUTS


@reads.register
def _(layer: activation.Activation) -> Reads:
    return Reads.OUTPUTS if runs_in_place(layer) else Reads.INPUTS


@reads.register(activation.Softmax)
@reads.register(activation.LogSoftmax)
def _(layer: Layer) -> Reads:
    del layer
    return Reads.OUTPUTS


@reads.register
def _(layer: pooling.LpPool) -> Reads:
    del layer
    return Reads.INPUTS | Reads.OUTPUTS


def runs_in_place(layer: Layer) -> bool:
    """Whether the result may be written over the input: its gradient can do without the input."""
    match layer:
        case activation.LeakyRelu():
            return layer.slope >= 0
        case activation.Relu() | activation.Relu6() | activation.Sigmoid() | activation.Tanh():
            return True
        case _:
            return isinstance(layer, dropout.Dropout | scaling.Times)


def is_view(node: Node) -> bool:
    """Whether the result is the input's memory under another shape."""
    match node.layer:
        case shaping.Identity() | shaping.Flatten() | shaping.Reshape() | shaping.Squeeze():
            return True
        case _:
            return False


@singledispatch
def saved(layer: Layer, shape: Shape, result: Shape) -> Saved:
    """What a layer saves, from its first input to its first output, when its backward pass will run."""
    del layer, shape, result
    return Saved()


@saved.register(pooling.MaxPool)
@saved.register(pooling.GlobalMaxPool)
@saved.register(pooling.AdaptiveMaxPool)
def _(layer: Layer, shape: Shape, result: Shape) -> Saved:
    del layer, shape
    return Saved(indices=product(result))


@saved.register
def _(layer: normalisation.BatchNorm, shape: Shape, result: Shape) -> Saved:
    del layer, result
    return Saved(shared=2 * shape[0])


@saved.register
def _(layer: normalisation.GroupNorm, shape: Shape, result: Shape) -> Saved:
    del shape, result
    return Saved(numbers=2 * layer.groups)


@saved.register
def _(layer: normalisation.InstanceNorm, shape: Shape, result: Shape) -> Saved:
    del layer, result
    return Saved(numbers=2 * shape[0])


@saved.register
def _(layer: normalisation.LayerNorm, shape: Shape, result: Shape) -> Saved:
    del result
    return Saved(numbers=2 * product(shape[1:]) if layer.over == "channels" else 2)


@saved.register
def _(layer: normalisation.LocalResponseNorm, shape: Shape, result: Shape) -> Saved:
    del layer, result
    return Saved(numbers=product(shape))
