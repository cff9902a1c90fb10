"""Axes as arguments: a tensor's axis by its name."""

from __future__ import annotations

from cnnspec.dims import Relation
from cnnspec.layers.arguments import choice
from cnnspec.layers.base import Requirement, Shape
from cnnspec.layers.spatial import shape_text, tensor_axis_name

AXIS = choice("channels", "depth", "height", "width", "length")


def axis_of(name: str, shape: Shape) -> int:
    """Which axis of a shape has the name (ValueError where none has)."""
    return _names(shape).index(name)


def needs_axis(word: str, name: str, shape: Shape) -> Requirement:
    """The tensor has the axis."""
    return Requirement(
        "unknown-axis",
        int(name in _names(shape)),
        Relation.EQUAL,
        1,
        lambda: (
            f"`{word}` works along the {name}, but {shape_text(shape)} has only {', '.join(_names(shape))}"
        ),
        argument="axis",
        port=0,
    )


def _names(shape: Shape) -> tuple[str, ...]:
    return tuple(tensor_axis_name(len(shape), axis) for axis in range(len(shape)))
