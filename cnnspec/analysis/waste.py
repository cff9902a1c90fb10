"""Sizes that are legal but wasteful: rows or columns at the end of a map that no window reaches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cnnspec.dims import Dim, OneSymbol, Relation
from cnnspec.dims.solutions import ALL_SIZES, PeriodLimitError, SizeSet, solve
from cnnspec.graph import Graph
from cnnspec.layers.convolution import Conv
from cnnspec.layers.pooling import WindowPool
from cnnspec.layers.window import AxisWindow


@dataclass(frozen=True, slots=True)
class Unread:
    """How many pixels at the end of an axis a layer's windows do not reach."""

    path: str
    axis: int
    pixels: Dim


def unread(graph: Graph) -> Iterator[Unread]:
    """The pixels that are left over along each axis of every layer with windows, where there may be any.

    Padding that is left over is nobody's loss: only what is left of the map itself counts.
    """
    for node in graph:
        if isinstance(node.layer, Conv | WindowPool):
            for axis, window in enumerate(node.layer.window(node.input_shapes[0])):
                pixels = left_over(window)
                if pixels != 0:
                    yield Unread(node.path, axis, pixels)


def left_over(window: AxisWindow) -> Dim:
    """The real pixels after the last one that a window reads; 0 or less where all are read."""
    last_read = (window.size_out - 1) * window.stride - window.before + window.extent - 1
    return window.size_in - 1 - last_read


def sizes_without_waste(graph: Graph) -> dict[str, SizeSet] | None:
    """For each free symbol the sizes at which the windows of every layer reach the end of its map.

    None where these sizes repeat after more than can be tabulated.
    """
    kept = dict.fromkeys(graph.symbols, ALL_SIZES)
    try:
        for loss in unread(graph):
            if isinstance(loss.pixels, OneSymbol):
                nothing = solve(loss.pixels.function.multiplied(-1), Relation.AT_LEAST)
                kept[loss.pixels.symbol] = kept[loss.pixels.symbol] & nothing
    except PeriodLimitError:
        return None
    return kept
