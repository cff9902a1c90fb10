"""Exactly which pixels one unit of a layer sees, and which units see a pixel: sets, not only their hulls.

The set of one unit is taken back layer by layer. Along an axis a layer says which indices one output index
reads (`Layer.reads`); where branches meet, the sets are united, so that what dilation leaves out and what no
branch reads stays out. All sizes must be numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import prod
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from cnnspec.analysis.facts import Analysis
from cnnspec.dims import IndexMap, evaluate
from cnnspec.graph import Graph, Node, Tensor
from cnnspec.layers.base import Layer, Shape
from cnnspec.layers.shaping import Permute

Mask = NDArray[np.bool_]
"""Which pixels of a map belong to a set; one axis a spatial axis."""

PHASES = 64
"""Of how many units the centres are compared: after transposed convolutions they differ."""

Unit = tuple[int, ...]
Span = tuple[int, int]


@dataclass(frozen=True)
class Seen:
    """What one unit sees of one input: its set, and the hull along every axis before it is cut off."""

    name: str
    mask: Mask
    hull: tuple[Span, ...]

    @cached_property
    def box(self) -> tuple[Span, ...] | None:
        """The least box that holds the set; None where nothing is seen."""
        if not self.mask.any():
            return None
        places: tuple[NDArray[Any], ...] = np.nonzero(self.mask)
        return tuple((int(along.min()), int(along.max())) for along in places)

    @property
    def pixels(self) -> int:
        """How many pixels are seen."""
        return int(self.mask.sum())

    @property
    def pixels_in_box(self) -> int:
        """How many pixels the box has: more than are seen where there are holes."""
        return prod(high - low + 1 for low, high in self.box or ())

    @property
    def centre(self) -> tuple[Fraction, ...]:
        """The middle of the hull."""
        return tuple(Fraction(low + high, 2) for low, high in self.hull)


def seen_by(analysis: Analysis, path: str, unit: Unit) -> list[Seen]:
    """What a unit of a layer's first output sees of every input of the net."""
    graph = analysis.graph
    sets: dict[tuple[str, int], Mask] = {}
    start = np.zeros(map_size(graph.node(path).outputs[0]), dtype=bool)
    start[unit] = True
    sets[path, 0] = start
    for node in reversed(list(graph)):
        for tensor in node.outputs:
            mask = sets.get((node.path, tensor.port))
            if mask is not None:
                _take_back(node, tensor.port, mask, sets)
    fields = analysis.by_path[path].field.by_input
    return [
        Seen(
            given.name,
            sets[given.tensor.node, 0],
            tuple(field.at(i) for field, i in _along(fields[given.name], unit)),
        )
        for given in graph.inputs
        if (given.tensor.node, 0) in sets and given.name in fields
    ]


def _along(fields: Sequence[Any], unit: Unit) -> Iterator[tuple[Any, int]]:
    """The field of every axis with the unit's index there: 0 on an axis that the unit's map does not have."""
    for axis, field in enumerate(fields):
        yield field, unit[axis] if axis < len(unit) else 0


def _take_back(node: Node, output: int, mask: Mask, sets: dict[tuple[str, int], Mask]) -> None:
    layer = node.layer.making(output, node.input_shapes)
    for port, tensor in enumerate(node.inputs):
        moved = _read(layer, node, port, mask)
        key = tensor.node, tensor.port
        sets[key] = sets[key] | moved if key in sets else moved


def _read(layer: Layer, node: Node, port: int, mask: Mask) -> Mask:
    """The set of an input that a set of the output reads."""
    sizes = map_size(node.inputs[port])
    if len(sizes) != mask.ndim:
        return np.full(sizes, bool(mask.any()))
    order = _turn(layer)
    if order is not None:
        return mask.transpose(np.argsort(order))
    for axis, size in enumerate(sizes):
        along = _Along(layer, node.input_shapes, port, axis)
        if not along.stays(mask.shape[axis], size):
            mask = _read_along(along, mask, size)
    return mask


def _turn(layer: Layer) -> list[int] | None:
    """Which spatial axis of the input each one of the output is, where a layer only exchanges them."""
    if isinstance(layer, Permute) and layer.order[0] == 0:
        return [axis - 1 for axis in layer.order[1:]]
    return None


@dataclass(frozen=True, slots=True)
class _Along:
    """What a layer reads of one input along one axis."""

    layer: Layer
    shapes: tuple[Shape, ...]
    port: int
    axis: int

    def stays(self, outside: int, inside: int) -> bool:
        """Whether every index reads itself."""
        return outside == inside and self.index_map == IndexMap.IDENTITY

    @property
    def index_map(self) -> IndexMap:
        """The least and the greatest index that is read."""
        return self.layer.index_map(self.shapes, self.port, self.axis)

    def inside(self, index: int, size: int) -> list[int]:
        """What an index reads of the map itself, its border left out."""
        places = self.layer.reads(self.shapes, self.port, self.axis, index)
        return [place for place in places if 0 <= place < size]


def _read_along(along: _Along, mask: Mask, size: int) -> Mask:
    outside = np.moveaxis(mask, along.axis, 0)
    inside = np.zeros((size, *outside.shape[1:]), dtype=bool)
    for index in np.flatnonzero(outside.reshape(len(outside), -1).any(axis=1)):
        inside[along.inside(int(index), size)] |= outside[index]
    return np.moveaxis(inside, 0, along.axis)


def seeing(graph: Graph, path: str, name: str, pixel: Unit) -> Mask:
    """The units of a layer's first output that see a pixel of an input."""
    given = next(given for given in graph.inputs if given.name == name)
    start = np.zeros(map_size(given.tensor), dtype=bool)
    start[pixel] = True
    sets: dict[tuple[str, int], Mask] = {(given.tensor.node, given.tensor.port): start}
    for node in graph:
        reached = [
            (port, sets[key]) for port, t in enumerate(node.inputs) if (key := (t.node, t.port)) in sets
        ]
        if reached:
            for tensor in node.outputs:
                seen = [_reached(node, tensor, port, mask) for port, mask in reached]
                sets[node.path, tensor.port] = np.logical_or.reduce(seen)
        if node.path == path:
            break
    return sets.get((path, 0), np.zeros(map_size(graph.node(path).outputs[0]), dtype=bool))


def _reached(node: Node, output: Tensor, port: int, mask: Mask) -> Mask:
    """The set of an output that reads something of a set of an input."""
    layer, sizes = node.layer.making(output.port, node.input_shapes), map_size(output)
    if len(sizes) != mask.ndim:
        return np.full(sizes, bool(mask.any()))
    order = _turn(layer)
    if order is not None:
        return mask.transpose(order)
    for axis, size in enumerate(sizes):
        along = _Along(layer, node.input_shapes, port, axis)
        if not along.stays(size, mask.shape[axis]):
            inside = np.moveaxis(mask, axis, 0)
            rows = [inside[along.inside(index, len(inside))].any(axis=0) for index in range(size)]
            mask = np.moveaxis(np.stack(rows), 0, axis)
    return mask


def map_size(tensor: Tensor) -> tuple[int, ...]:
    """The spatial sizes of a tensor, which are numbers."""
    return tuple(evaluate(size, {}) for size in tensor.shape[1:])


@dataclass(frozen=True, slots=True)
class Misalignment:
    """A layer at which branches meet whose centres lie up to so many pixels of the input apart."""

    path: str
    axis: int
    pixels: Fraction


def misalignments(analysis: Analysis, path: str) -> Iterator[Misalignment]:
    """Where, up to a layer, branches are joined unit by unit that look at different places."""
    for node in analysis.graph:
        if len(node.inputs) > 1 and _leads_to(analysis.graph, node.path, path):
            yield from _apart(analysis, node)


def _apart(analysis: Analysis, node: Node) -> Iterator[Misalignment]:
    fields = [analysis.field_of(tensor).axes for tensor in node.inputs]
    for axis in range(min(len(axes) for axes in fields)):
        if any(axes[axis].is_global for axes in fields) or not _joins_units(node, axis):
            continue
        units = range(min(evaluate(node.outputs[0].shape[axis + 1], {}), PHASES))
        centres = [[sum(axes[axis].at(unit)) for axes in fields] for unit in units]
        apart = Fraction(max(max(each) - min(each) for each in centres), 2)
        if apart:
            yield Misalignment(node.path, axis, apart)


def _joins_units(node: Node, axis: int) -> bool:
    """Whether a layer joins the units of one index of all its inputs."""
    shapes = node.input_shapes
    return all(
        axis + 1 < len(shape) and node.layer.index_map(shapes, port, axis) == IndexMap.IDENTITY
        for port, shape in enumerate(shapes)
    )


def _leads_to(graph: Graph, start: str, end: str) -> bool:
    return start == end or nx.has_path(graph.nx, start, end)
