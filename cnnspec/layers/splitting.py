"""One tensor into several: equal parts, parts of given sizes, or chunks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cnnspec.dims import Dim, Relation, ceil_div, render, sum_of
from cnnspec.layers.arguments import NUMBER_OF_PARTS, PARTS, Parts, arg
from cnnspec.layers.axes import AXIS, axis_of, needs_axis
from cnnspec.layers.base import Layer, Requirement, Shape
from cnnspec.layers.borders import Crop
from cnnspec.layers.registry import layer
from cnnspec.layers.spatial import shape_text


@layer("split")
@dataclass(frozen=True)
class Split(Layer):
    """Several outputs along an axis: `split(2)` makes halves, `split((64, 192))` parts of these sizes."""

    parts: Parts = arg(PARTS, "how many equal parts, or the size of each")
    axis: str = arg(AXIS, "the axis along which it is cut", "channels")

    def requirements(self, inputs: tuple[Shape, ...]) -> Iterator[Requirement]:
        """The parts make up the whole."""
        (shape,) = inputs
        yield needs_axis(self.word, self.axis, shape)
        size, parts = shape[axis_of(self.axis, shape)], self.parts
        if isinstance(parts, tuple):
            total = sum_of(parts)
            yield Requirement(
                "uneven-split",
                size,
                Relation.EQUAL,
                total,
                lambda: f"the parts make {render(total)} {self.axis}, not {render(size)}",
                argument="parts",
                port=0,
            )
            return
        yield Requirement(
            "uneven-split",
            size,
            Relation.MULTIPLE,
            parts,
            lambda: f"the {render(size)} {self.axis} of {shape_text(shape)} are not {parts} equal parts",
            lambda: "give the size of each part: `split((a, b))`",
            argument="parts",
            port=0,
        )

    def sizes(self, shape: Shape) -> tuple[Dim, ...]:
        """The size of every part along the axis."""
        if isinstance(self.parts, tuple):
            return self.parts
        return (shape[axis_of(self.axis, shape)] // self.parts,) * self.parts

    def infer(self, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        """One shape a part."""
        (shape,) = inputs
        axis = axis_of(self.axis, shape)
        return tuple((*shape[:axis], size, *shape[axis + 1 :]) for size in self.sizes(shape))

    def making(self, output: int, inputs: tuple[Shape, ...]) -> Layer:
        """A spatial axis is cropped; of other parts every unit reads its own place, as of the first part."""
        (shape,) = inputs
        cut = axis_of(self.axis, shape)
        if output == 0 or cut == 0:
            return self
        sizes = self.sizes(shape)
        before, after = sum_of(sizes[:output]), sum_of(sizes[output + 1 :])
        return Crop(tuple((before, after) if axis == cut else (0, 0) for axis in range(1, len(shape))))


@layer("chunk")
@dataclass(frozen=True)
class Chunk(Layer):
    """Parts of ⌈n/parts⌉ along an axis, the last one smaller where that is not even (PyTorch's rule)."""

    parts: int = arg(NUMBER_OF_PARTS, "how many parts")
    axis: str = arg(AXIS, "the axis along which it is cut", "channels")

    def requirements(self, inputs: tuple[Shape, ...]) -> Iterator[Requirement]:
        """Something is left for the last part."""
        (shape,) = inputs
        yield needs_axis(self.word, self.axis, shape)
        axis = axis_of(self.axis, shape)
        size = ceil_div(shape[axis], self.parts)
        yield Requirement(
            "empty-result",
            shape[axis] - size * (self.parts - 1),
            Relation.AT_LEAST,
            1,
            lambda: f"{render(shape[axis])} {self.axis} in chunks of {render(size)} are not {self.parts}",
            argument="parts",
            port=0,
        )

    def lower(self, inputs: tuple[Shape, ...]) -> Layer:
        """The split that it is."""
        return self._split(inputs[0])

    def _split(self, shape: Shape) -> Split:
        whole = shape[axis_of(self.axis, shape)]
        size = ceil_div(whole, self.parts)
        return Split((*(size,) * (self.parts - 1), whole - size * (self.parts - 1)), self.axis)
