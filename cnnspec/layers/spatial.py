"""Words and requirements for shapes: axes by name, ranks, sizes written for people."""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.dims import Dim, Relation, product, render
from cnnspec.layers.arguments import entries
from cnnspec.layers.base import Requirement, Shape

_AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}


def axis_name(rank: int, axis: int) -> str:
    """What spatial axis `axis` of a map with `rank` spatial axes is called."""
    return _AXES[rank][axis]


def shape_text(shape: Shape) -> str:
    """A shape as the language writes it: `[64, 56, 56]`."""
    return "[" + ", ".join(render(dim) for dim in shape) + "]"


def elements(shape: Shape) -> Dim:
    """How many numbers a tensor of this shape holds."""
    return product(shape)


def needs_map(word: str, shape: Shape) -> Iterator[Requirement]:
    """The input has channels and one to three spatial axes.

    Ranks are numbers always, so that such a requirement is only made to be refused.
    """
    rank = len(shape)
    if rank < 2:
        yield Requirement(
            "rank-mismatch",
            rank,
            Relation.AT_LEAST,
            2,
            lambda: f"`{word}` works on maps such as [channels, height, width], not on {shape_text(shape)}",
            lambda: "put it before `flatten`, where the tensor still has spatial axes",
            port=0,
        )
    if rank > 4:
        yield Requirement(
            "rank-mismatch",
            4,
            Relation.AT_LEAST,
            rank,
            lambda: f"`{word}` works on one to three spatial axes; {shape_text(shape)} has {rank - 1}",
            port=0,
        )


def needs_one_per_axis(word: str, argument: str, value: object, shape: Shape) -> Iterator[Requirement]:
    """An argument that is given axis by axis has as many entries as the map has spatial axes."""
    each = entries(value)
    if each is None or len(each) == len(shape) - 1:
        return
    given, rank = len(each), len(shape) - 1
    yield Requirement(
        "axis-count",
        given,
        Relation.EQUAL,
        rank,
        lambda: (
            f"`{argument}` of `{word}` has {counted(given, 'entry', 'entries')}, "
            f"but {shape_text(shape)} has {counted(rank, 'spatial axis', 'spatial axes')}"
        ),
        lambda: f"give one number for all axes, or {counted(rank, 'entry', 'entries')}",
        argument=argument,
    )


def needs_groups(groups: Dim, channels: Dim, which: str) -> Iterator[Requirement]:
    """The channels that go in (`which` is input) or come out (output) can be divided into the groups."""
    if groups == 1:
        return
    yield Requirement(
        "group-mismatch",
        channels,
        Relation.MULTIPLE,
        groups,
        lambda: (
            f"{render(channels)} {which} "
            f"{'channel does' if channels == 1 else 'channels do'} not divide into {render(groups)} groups"
        ),
        lambda: f"make the {which} channels a multiple of the groups",
        argument="groups" if which == "input" else "channels",
        port=0 if which == "input" else None,
    )


def counted(number: int, one: str, many: str) -> str:
    """`1 axis`, `2 axes`."""
    return f"{number} {one if number == 1 else many}"


def tensor_axis_name(rank: int, axis: int) -> str:
    """What an axis of a tensor is called: `rank` counts the channels, which are axis 0."""
    return "channels" if axis == 0 else axis_name(rank - 1, axis - 1)
