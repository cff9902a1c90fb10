"""Layers with several inputs: concatenation, sum and product, and the polar coordinates of two."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from cnnspec.dims import Dim, IndexMap, Relation, maximum, render, sum_of
from cnnspec.layers.arguments import arg
from cnnspec.layers.axes import AXIS, axis_of, needs_axis
from cnnspec.layers.base import Derivation, Flops, Layer, Requirement, Shape
from cnnspec.layers.derivation import factor_text
from cnnspec.layers.registry import layer
from cnnspec.layers.spatial import elements, shape_text, tensor_axis_name


class Elementwise(Layer):
    """What layers share that work element by element: equal shapes, where an axis of size 1 is repeated."""

    inputs: ClassVar[tuple[int, int | None]] = (2, None)
    verb: ClassVar[str] = ""

    def requirements(self, inputs: tuple[Shape, ...]) -> Iterator[Requirement]:
        """Each input fits those before it."""
        so_far = inputs[0]
        for port, shape in enumerate(inputs[1:], start=1):
            yield _same_rank(self.verb, so_far, shape, port)
            for axis, (left, right) in enumerate(zip(so_far, shape, strict=True)):
                if left not in (1, right) and right != 1:
                    yield _same_size(self.verb, so_far, shape, port, axis)
            so_far = _broadcast(so_far, shape)

    def infer(self, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        """The common shape."""
        shape = inputs[0]
        for other in inputs[1:]:
            shape = _broadcast(shape, other)
        return (shape,)

    def flops(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Flops:
        """One operation an element for every input after the first."""
        return Flops(elementwise=elements(outputs[0]) * (len(inputs) - 1))

    def index_map(self, inputs: tuple[Shape, ...], port: int, axis: int) -> IndexMap:
        """The same pixel, or the only one where it is repeated."""
        (shape,) = self.infer(inputs)
        is_repeated = inputs[port][axis + 1] == 1 and shape[axis + 1] != 1
        return IndexMap.everything(1) if is_repeated else IndexMap.IDENTITY


def _broadcast(left: Shape, right: Shape) -> Shape:
    return tuple(b if a == 1 else a for a, b in zip(left, right, strict=True))


def _same_rank(verb: str, left: Shape, right: Shape, port: int) -> Requirement:
    return Requirement(
        "shape-mismatch",
        len(left),
        Relation.EQUAL,
        len(right),
        lambda: (
            f"cannot {verb} {shape_text(left)} and {shape_text(right)}: one has {len(left)} axes, "
            f"the other {len(right)}"
        ),
        port=port,
    )


def _same_size(verb: str, left: Shape, right: Shape, port: int, axis: int) -> Requirement:
    one, other = left[axis], right[axis]
    name = tensor_axis_name(len(left), axis)
    return Requirement(
        "shape-mismatch",
        one,
        Relation.EQUAL,
        other,
        lambda: (
            f"cannot {verb} {shape_text(left)} and {shape_text(right)}: "
            f"the {name} {'are' if axis == 0 else 'is'} {render(one)} in one and {render(other)} in the other"
        ),
        lambda: _way_out(verb, one, other, axis),
        port=port,
        axis=axis - 1 if axis else None,
    )


def _way_out(verb: str, one: Dim, other: Dim, axis: int) -> str:
    if axis == 0 and verb != "join":
        channels = render(maximum(one, other))
        return f"bring both to the same channels, with `conv({channels}, 1)` on the thinner branch"
    return "give both branches the same strides and padding, or `crop` the larger map"


@layer("add")
@dataclass(frozen=True)
class Add(Elementwise):
    """The sum of tensors, also written `a + b`."""

    verb: ClassVar[str] = "add"


@layer("mul")
@dataclass(frozen=True)
class Mul(Elementwise):
    """The product of tensors element by element, also written `a * b`."""

    verb: ClassVar[str] = "multiply"


class Polar(Elementwise):
    """What the two polar coordinates share: a pair of tensors, one operation a pair of elements."""

    inputs: ClassVar[tuple[int, int | None]] = (2, 2)
    verb: ClassVar[str] = "pair"


@layer("hypot")
@dataclass(frozen=True)
class Hypot(Polar):
    """The length `√(a² + b²)` of each pair of elements.

    It is the magnitude of a gradient with the components a and b. The derivatives are `a/length` and
    `b/length`, and 0 where the length is 0.
    """


@layer("atan2")
@dataclass(frozen=True)
class Atan2(Polar):
    """The angle of each point `(x, y)` in radians, from −π to π; y comes first.

    0 is along x, π/2 along y. The derivatives are `x/(x² + y²)` by y and `−y/(x² + y²)` by x, and 0 at the
    origin, where the angle is 0, or ±π if x is −0.
    """


@layer("concat")
@dataclass(frozen=True)
class Concat(Layer):
    """The tensors one after the other along an axis, mostly the channels."""

    inputs: ClassVar[tuple[int, int | None]] = (1, None)
    axis: str = arg(AXIS, "the axis along which they are joined", "channels")

    def requirements(self, inputs: tuple[Shape, ...]) -> Iterator[Requirement]:
        """All axes but the one are equal."""
        first = inputs[0]
        yield needs_axis(self.word, self.axis, first)
        joined = axis_of(self.axis, first)
        for port, shape in enumerate(inputs[1:], start=1):
            yield _same_rank("join", first, shape, port)
            for axis in range(len(first)):
                if axis != joined:
                    yield _same_size("join", first, shape, port, axis)

    def infer(self, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        """The sum along the axis, the common sizes elsewhere."""
        joined = axis_of(self.axis, inputs[0])
        total = sum_of(shape[joined] for shape in inputs)
        return ((*inputs[0][:joined], total, *inputs[0][joined + 1 :]),)

    def index_map(self, inputs: tuple[Shape, ...], port: int, axis: int) -> IndexMap:
        """The same index, less what stands before along the axis."""
        joined = axis_of(self.axis, inputs[0])
        if axis + 1 != joined:
            return IndexMap.IDENTITY
        return IndexMap.shifted(-sum_of(shape[joined] for shape in inputs[:port]))

    def derive(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Iterator[Derivation]:
        """The sum along the axis."""
        joined = axis_of(self.axis, inputs[0])
        numbers = " + ".join(factor_text(shape[joined]) for shape in inputs)
        yield Derivation(self.axis, "sum", numbers, render(outputs[0][joined]))
