"""A convolution as the fully connected layer that it is: few weights, shared among many connections.

A convolution is linear in its input, so it is multiplication by a matrix with a row for every output element
and a column for every input element. Nearly all entries are zero, and the others are the same few weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import product as combinations
from math import prod

from cnnspec.analysis.facts import Analysis, LayerFacts
from cnnspec.analysis.padding_macs import padding_macs
from cnnspec.dims import Dim, product
from cnnspec.graph import Node
from cnnspec.layers.convolution import Conv
from cnnspec.layers.transposed import ConvTranspose
from cnnspec.layers.window import AxisWindow

Link = tuple[int, int, int]
"""Along one axis: an output index, an input index, and the tap that connects them."""

Entry = tuple[int, int, int]
"""A row, a column, and which weight stands there (its place in the weight tensor, row-major)."""


@dataclass(frozen=True, slots=True)
class Dense:
    """A convolution beside the fully connected layer between the same tensors.

    `connections` are the weights that one would have, `nonzero` those of them that the convolution has, and
    `weights` the different values among these. `nonzero` is None where it is not known.
    """

    facts: LayerFacts
    inputs: Dim
    outputs: Dim
    weights: Dim
    biases: Dim
    nonzero: Dim | None

    @property
    def connections(self) -> Dim:
        """Every output with every input."""
        return self.inputs * self.outputs

    @property
    def saving(self) -> Fraction | None:
        """How many connections share one weight in the mean; None for formulas."""
        return _quotient(self.connections, self.weights)

    @property
    def density(self) -> Fraction | None:
        """The share of connections that are not zero; None where it is not known."""
        return None if self.nonzero is None else _quotient(self.nonzero, self.connections)


def dense_equivalents(analysis: Analysis) -> Iterator[Dense]:
    """Every convolution of a net beside the fully connected layer that it replaces."""
    for facts in analysis.layers:
        if isinstance(facts.node.layer, Conv | ConvTranspose):
            sizes = {weight.name: product(weight.shape) for weight in facts.node.weights}
            on_padding = padding_macs(facts, analysis.graph.at_least)
            yield Dense(
                facts,
                product(facts.node.input_shapes[0]),
                facts.elements,
                sizes["weight"],
                sizes.get("bias", 0),
                None if on_padding is None else facts.macs - on_padding,
            )


def _quotient(value: Dim, by: Dim) -> Fraction | None:
    return Fraction(value, by) if isinstance(value, int) and isinstance(by, int) and by else None


# --- the matrix -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Matrix:
    """The sparse matrix of a convolution: outputs are rows, inputs columns, both in channels-first order."""

    rows: int
    columns: int
    weight_shape: tuple[int, ...]
    entries: tuple[Entry, ...]


def matrix_of(node: Node) -> Matrix:
    """The matrix that a convolution multiplies by. Raises TypeError for other layers and free symbols."""
    layer = node.layer
    if not isinstance(layer, Conv | ConvTranspose):
        raise TypeError(f"{node.path} is no convolution")
    shape, result = _whole(node.input_shapes[0]), _whole(node.output_shapes[0])
    weight = _whole(node.weights[0].shape)
    axes = [
        list(_transposed_links(window) if isinstance(layer, ConvTranspose) else _links(window))
        for window in layer.window(shape)
    ]
    groups = _number(layer.groups)
    channels = _transposed_channels if isinstance(layer, ConvTranspose) else _channels
    entries = [
        (
            _flat((out, *(link[0] for link in links)), result),
            _flat((into, *(link[1] for link in links)), shape),
            _flat((*places, *(link[2] for link in links)), weight),
        )
        for out, into, places in channels(weight, groups)
        for links in combinations(*axes)
    ]
    return Matrix(prod(result), prod(shape), weight, tuple(sorted(entries)))


def _links(window: AxisWindow) -> Iterator[Link]:
    for out, tap in combinations(range(_number(window.size_out)), range(_number(window.kernel))):
        into = _number(window.stride) * out - _number(window.before) + _number(window.dilation) * tap
        if 0 <= into < _number(window.size_in):
            yield out, into, tap


def _transposed_links(window: AxisWindow) -> Iterator[Link]:
    for into, tap in combinations(range(_number(window.size_in)), range(_number(window.kernel))):
        out = _number(window.stride) * into - _number(window.before) + _number(window.dilation) * tap
        if 0 <= out < _number(window.size_out):
            yield out, into, tap


def _channels(weight: tuple[int, ...], groups: int) -> Iterator[tuple[int, int, tuple[int, int]]]:
    """Out channel, in channel, and where in the weight `(out, in/groups, …)` they meet."""
    outs, share = weight[:2]
    for out, place in combinations(range(outs), range(share)):
        yield out, out * groups // outs * share + place, (out, place)


def _transposed_channels(weight: tuple[int, ...], groups: int) -> Iterator[tuple[int, int, tuple[int, int]]]:
    """The same of a weight `(in, out/groups, …)`."""
    ins, share = weight[:2]
    for into, place in combinations(range(ins), range(share)):
        yield into * groups // ins * share + place, into, (into, place)


def _flat(index: tuple[int, ...], shape: tuple[int, ...]) -> int:
    place = 0
    for at, size in zip(index, shape, strict=True):
        place = place * size + at
    return place


def _whole(shape: tuple[Dim, ...]) -> tuple[int, ...]:
    return tuple(map(_number, shape))


def _number(size: Dim) -> int:
    if not isinstance(size, int):
        raise TypeError(f"{size} is no number")
    return size
