"""Padding and cropping: pixels added around a map, or taken away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from cnnspec.dims import Dim, IndexMap, Relation, evaluate, render
from cnnspec.layers.arguments import REAL, SIDES, Sides, arg, choice
from cnnspec.layers.base import Derivation, Layer, Requirement, Shape
from cnnspec.layers.derivation import factor_text
from cnnspec.layers.registry import layer
from cnnspec.layers.spatial import axis_name, needs_map, needs_one_per_axis
from cnnspec.layers.window import paddings

_AMOUNT = "how many pixels on each side: a number, or one or a (before, after) pair an axis"


class Border(Layer):
    """What padding and cropping share: an amount before and after every axis."""

    amount: Sides

    def sides(self, shape: Shape) -> tuple[tuple[Dim, Dim], ...]:
        """(before, after) of every spatial axis."""
        return tuple(pair or (0, 0) for pair in paddings(self.amount, len(shape) - 1))

    def requirements(self, inputs: tuple[Shape, ...]) -> Iterator[Requirement]:
        """A map, and an amount for every axis."""
        yield from needs_map(self.word, inputs[0])
        yield from needs_one_per_axis(self.word, "amount", self.amount, inputs[0])


@layer("pad")
@dataclass(frozen=True)
class Pad(Border):
    """Pixels around the map: a constant, the mirror image (without the edge), or the edge repeated."""

    amount: Sides = arg(SIDES, _AMOUNT)
    mode: str = arg(choice("constant", "reflect", "replicate"), "what the new pixels are", "constant")
    value: Fraction = arg(REAL, "the constant", Fraction(0))

    def requirements(self, inputs: tuple[Shape, ...]) -> Iterator[Requirement]:
        """A mirror image cannot be wider than the map without its edge."""
        yield from super().requirements(inputs)
        if self.mode != "reflect":
            return
        (shape,) = inputs
        for axis, pair in enumerate(self.sides(shape)):
            for amount in pair:
                yield _room_to_reflect(axis_name(len(shape) - 1, axis), axis, shape[axis + 1], amount)

    def infer(self, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        """Every axis longer by what is added on both sides."""
        channels, *spatial = inputs[0]
        pads = self.sides(inputs[0])
        return ((channels, *(n + before + after for n, (before, after) in zip(spatial, pads, strict=True))),)

    def index_map(self, inputs: tuple[Shape, ...], port: int, axis: int) -> IndexMap:
        """The pixel that was there (outside the border)."""
        return IndexMap.shifted(-self.sides(inputs[port])[axis][0])

    def reads(self, inputs: tuple[Shape, ...], port: int, axis: int, index: int) -> Iterable[int]:
        """The pixel that was there, or the one that the border repeats."""
        last = evaluate(inputs[port][axis + 1], {}) - 1
        place = index - evaluate(self.sides(inputs[port])[axis][0], {})
        match self.mode:
            case "reflect":
                return (last - abs(last - abs(place)),)
            case "replicate":
                return (min(max(place, 0), last),)
            case _:
                return (place,)

    def derive(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Iterator[Derivation]:
        """Every size."""
        return _derive(self, "+", inputs[0], outputs[0])


@layer("crop")
@dataclass(frozen=True)
class Crop(Border):
    """Pixels cut off around the map."""

    amount: Sides = arg(SIDES, _AMOUNT)

    def requirements(self, inputs: tuple[Shape, ...]) -> Iterator[Requirement]:
        """Something is left."""
        yield from super().requirements(inputs)
        (shape,) = inputs
        for axis, (before, after) in enumerate(self.sides(shape)):
            yield _something_left(axis_name(len(shape) - 1, axis), axis, shape[axis + 1], before + after)

    def infer(self, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        """Every axis shorter by what is cut off on both sides."""
        channels, *spatial = inputs[0]
        pads = self.sides(inputs[0])
        return ((channels, *(n - before - after for n, (before, after) in zip(spatial, pads, strict=True))),)

    def index_map(self, inputs: tuple[Shape, ...], port: int, axis: int) -> IndexMap:
        """The pixel that was there."""
        return IndexMap.shifted(self.sides(inputs[port])[axis][0])

    def derive(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Iterator[Derivation]:
        """Every size."""
        return _derive(self, "−", inputs[0], outputs[0])


def _room_to_reflect(name: str, axis: int, size: Dim, amount: Dim) -> Requirement:
    return Requirement(
        "mirror-too-wide",
        size - 1,
        Relation.AT_LEAST,
        amount,
        lambda: (
            f"a {name} of {render(size)} has only {render(size - 1)} pixels to mirror, not {render(amount)}"
        ),
        lambda: "pad by less, or with `mode=replicate`",
        argument="amount",
        port=0,
        axis=axis,
    )


def _something_left(name: str, axis: int, size: Dim, cut: Dim) -> Requirement:
    return Requirement(
        "empty-result",
        size - cut,
        Relation.AT_LEAST,
        1,
        lambda: f"cropping {render(cut)} pixels leaves nothing of a {name} of {render(size)}",
        lambda: "crop less, or crop the larger map",
        argument="amount",
        port=0,
        axis=axis,
    )


def _derive(border: Border, sign: str, inside: Shape, outside: Shape) -> Iterator[Derivation]:
    for axis, (before, after) in enumerate(border.sides(inside)):
        numbers = f" {sign} ".join(map(factor_text, (inside[axis + 1], before, after)))
        formula = f"n {sign} before {sign} after"
        yield Derivation(axis_name(len(inside) - 1, axis), formula, numbers, render(outside[axis + 1]))
