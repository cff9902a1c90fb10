"""Layers that arrange the same elements anew: flatten, reshape, permute, squeeze; and identity."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cnnspec.dims import IndexMap, Relation, product, render
from cnnspec.layers.arguments import ORDER, SHAPE, arg
from cnnspec.layers.base import Derivation, Layer, Requirement, Shape
from cnnspec.layers.derivation import grouped, product_text
from cnnspec.layers.registry import layer
from cnnspec.layers.spatial import elements, shape_text, tensor_axis_name


@layer("identity")
@dataclass(frozen=True)
class Identity(Layer):
    """The tensor as it is."""


class Rearrangement(Layer):
    """What layers that move elements share: an axis that does not stay in its place is read as a whole."""

    def index_map(self, inputs: tuple[Shape, ...], port: int, axis: int) -> IndexMap:
        """The same index where the axis stays; otherwise the whole axis, as a bound."""
        outputs = self.infer(inputs)
        if self.keeps(inputs[port], outputs[0], axis + 1):
            return IndexMap.IDENTITY
        return IndexMap.everything(inputs[port][axis + 1])

    def keeps(self, inside: Shape, outside: Shape, axis: int) -> bool:
        """Whether an axis has the same size and the same sizes after it, before and after."""
        return inside[axis:] == outside[axis:]


@layer("flatten")
@dataclass(frozen=True)
class Flatten(Rearrangement):
    """All elements of a sample in one vector, channels first, as PyTorch orders them."""

    def infer(self, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        """`(elements,)`."""
        return ((elements(inputs[0]),),)

    def derive(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Iterator[Derivation]:
        """The product of all sizes."""
        names = [tensor_axis_name(len(inputs[0]), axis) for axis in range(len(inputs[0]))]
        yield Derivation("features", "·".join(names), product_text(inputs[0]), grouped(outputs[0][0]))


@layer("reshape")
@dataclass(frozen=True)
class Reshape(Rearrangement):
    """The same elements in the same order under another shape."""

    sizes: Shape = arg(SHAPE, "the new shape, channels first: `(64, 7, 7)`")

    def requirements(self, inputs: tuple[Shape, ...]) -> Iterator[Requirement]:
        """As many elements as there are."""
        have, want = elements(inputs[0]), product(self.sizes)
        yield Requirement(
            "size-mismatch",
            have,
            Relation.EQUAL,
            want,
            lambda: (
                f"{shape_text(inputs[0])} has {render(have)} elements, {shape_text(self.sizes)} "
                f"would have {render(want)}"
            ),
            argument="sizes",
            port=0,
        )
        yield Requirement(
            "rank-mismatch",
            4,
            Relation.AT_LEAST,
            len(self.sizes),
            lambda: f"{shape_text(self.sizes)} has more than three spatial axes",
            argument="sizes",
        )

    def infer(self, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        """The sizes asked for."""
        del inputs
        return (self.sizes,)


@layer("permute")
@dataclass(frozen=True)
class Permute(Rearrangement):
    """The axes in another order: axis i of the result is axis `order[i]` of the input, 0 the channels."""

    order: tuple[int, ...] = arg(ORDER, "the axes in their new order: `(0, 2, 1)` swaps height and width")

    def requirements(self, inputs: tuple[Shape, ...]) -> Iterator[Requirement]:
        """Every axis once."""
        rank = len(inputs[0])
        axes = ", ".join(map(str, range(rank)))
        yield Requirement(
            "rank-mismatch",
            len(self.order),
            Relation.EQUAL,
            rank,
            lambda: f"`order` lists {len(self.order)} axes, but {shape_text(inputs[0])} has {rank}",
            lambda: f"list each of {axes} once",
            argument="order",
            port=0,
        )
        # Distinct numbers below the rank: as many different ones in range as there are axes.
        yield Requirement(
            "bad-argument",
            len(set(self.order) & set(range(rank))),
            Relation.EQUAL,
            rank,
            lambda: f"`order` must list each of {axes} once, not {', '.join(map(str, self.order))}",
            argument="order",
        )

    def infer(self, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        """The sizes in their new order."""
        return (tuple(inputs[0][axis] for axis in self.order),)

    def keeps(self, inside: Shape, outside: Shape, axis: int) -> bool:
        """Whether the axis stays where it is."""
        del inside, outside
        return self.order[axis] == axis


@layer("squeeze")
@dataclass(frozen=True)
class Squeeze(Rearrangement):
    """Leave out the spatial axes of size 1 (never the channels)."""

    def infer(self, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        """The channels, and the spatial axes that are not of size 1."""
        channels, *spatial = inputs[0]
        return ((channels, *(size for size in spatial if size != 1)),)

    def keeps(self, inside: Shape, outside: Shape, axis: int) -> bool:
        """Whether no axis before it is left out."""
        return inside[: axis + 1] == outside[: axis + 1]
