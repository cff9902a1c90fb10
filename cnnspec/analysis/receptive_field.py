"""Receptive fields through any graph: which part of the input one unit of a layer can see.

Along each axis every layer says which input indices one output index reads (`Layer.index_map`); composed from
the input downwards these maps give, for every tensor, the least and greatest index of the net's input. Where
branches meet, the field is their union; the branch that sees least is kept beside it.

Sizes are not cut off at the border (padding has indices too, as in Araujo et al. 2019, "Computing receptive
fields of convolutional neural networks"), except where a layer reads the whole map: that field is the input.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from cnnspec.dims import (
    INDEX,
    Dim,
    IndexMap,
    OneSymbol,
    SizeLimitError,
    bounds,
    evaluate,
    maximum,
    minimum,
    symbols_of,
)
from cnnspec.graph import Graph, Node
from cnnspec.layers.base import Layer

Slope = Fraction | None
"""How far the field moves from one unit to the next; None where it depends on a symbol."""


@dataclass(frozen=True, slots=True)
class Branches:
    """Of all paths whose fields move at one pace: their union, and the one path that sees least."""

    widest: IndexMap
    narrowest: IndexMap

    def then_through(self, layer: IndexMap) -> Branches:
        """The same after one more layer."""
        return Branches(layer.then(self.widest), layer.then(self.narrowest))

    def joined(self, other: Branches) -> Branches:
        """The same where two branches meet."""
        less = _greatest(self.narrowest.size) <= _greatest(other.narrowest.size)
        return Branches(
            self.widest.joined(other.widest) if self.widest != other.widest else self.widest,
            self.narrowest if less else other.narrowest,
        )


@dataclass(frozen=True, slots=True)
class AxisField:
    """The field along one axis of an input whose size there is `extent`; one entry a pace.

    No entry: what is seen repeats after too many units to be said, so that the whole axis is the bound.
    """

    extent: Dim
    by_slope: tuple[tuple[Slope, Branches], ...]

    @property
    def size(self) -> Dim:
        """The extent of what a unit sees, through all branches: the greatest over the units."""
        if not self.by_slope:
            return self.extent
        return maximum(*(_span(branches.widest, slope, self.extent) for slope, branches in self.by_slope))

    @property
    def smallest(self) -> Dim:
        """The extent of what a unit sees through the branch that sees least."""
        if not self.by_slope:
            return 1
        return minimum(*(_span(branches.narrowest, slope, self.extent) for slope, branches in self.by_slope))

    @property
    def is_decided(self) -> bool:
        """Whether its size is known: not where it differs between units in a way that depends on symbols."""
        sizes = (branches.widest.size for slope, branches in self.by_slope if slope != 0)
        return bool(self.by_slope) and all(
            INDEX not in symbols_of(size) or bounds(size, {})[1] is not None for size in sizes
        )

    @property
    def stride(self) -> Slope:
        """The effective stride: how far the field moves from one unit to the next (0: it does not)."""
        if not self.by_slope:
            return None
        slopes = [slope for slope, _ in self.by_slope if slope != 0]
        return slopes[0] if slopes else Fraction(0)

    @property
    def start(self) -> Dim:
        """The first index that unit 0 sees; negative where it sees padding."""
        if not self.by_slope:
            return 0
        return minimum(*(_first(branches.widest, slope) for slope, branches in self.by_slope))

    @property
    def is_global(self) -> bool:
        """Whether every unit sees the whole axis through some branch."""
        return any(slope == 0 for slope, _ in self.by_slope)

    def at(self, unit: int, **sizes: int) -> tuple[int, int]:
        """The first and last index that one unit sees, where all symbols have values; not cut off."""
        if not self.by_slope:
            return 0, evaluate(self.extent, sizes) - 1
        hulls = [branches.widest.at(unit, **sizes) for _, branches in self.by_slope]
        return min(low for low, _ in hulls), max(high for _, high in hulls)


@dataclass(frozen=True, slots=True)
class Field:
    """The fields of a layer's output: for every input of the net that it sees, one entry a spatial axis."""

    by_input: Mapping[str, tuple[AxisField, ...]]

    @property
    def axes(self) -> tuple[AxisField, ...]:
        """The field in the first input that the layer sees; empty where that has no spatial axes."""
        return next(iter(self.by_input.values()), ())


Key = tuple[str, int]
"""A tensor: the path of the layer that makes it, and which of its outputs it is."""


def receptive_fields(graph: Graph) -> dict[Key, Field]:
    """The field of every tensor."""
    fields: dict[Key, Field] = {}
    for given in graph.inputs:
        identity = Branches(IndexMap.IDENTITY, IndexMap.IDENTITY)
        axes = tuple(AxisField(extent, ((Fraction(1), identity),)) for extent in given.tensor.shape[1:])
        fields[given.tensor.node, given.tensor.port] = Field({given.name: axes})
    for node in graph:
        for tensor in node.outputs:
            if (node.path, tensor.port) not in fields:
                fields[node.path, tensor.port] = _field_of(node, tensor.port, fields)
    return fields


def _field_of(node: Node, output: int, fields: Mapping[Key, Field]) -> Field:
    layer = node.layer.making(output, node.input_shapes)
    seen: dict[str, tuple[AxisField, ...]] = {}
    for port, tensor in enumerate(node.inputs):
        for name, axes in fields[tensor.node, tensor.port].by_input.items():
            moved = tuple(_through(layer, node, port, axis, field) for axis, field in enumerate(axes))
            before = seen.get(name)
            seen[name] = moved if before is None else tuple(map(_joined, before, moved))
    return Field(seen)


def _through(layer: Layer, node: Node, port: int, axis: int, field: AxisField) -> AxisField:
    if axis + 1 >= len(node.inputs[port].shape):
        return field
    moved = layer.index_map(node.input_shapes, port, axis)
    if moved == IndexMap.IDENTITY:
        return field
    try:
        return _grouped(field.extent, [branches.then_through(moved) for _, branches in field.by_slope])
    except SizeLimitError:
        return AxisField(field.extent, ())


def _joined(first: AxisField, second: AxisField) -> AxisField:
    if first.by_slope == second.by_slope:
        return first
    if not first.by_slope or not second.by_slope:
        return AxisField(first.extent, ())
    everything = [branches for field in (first, second) for _, branches in field.by_slope]
    return _grouped(first.extent, everything)


def _grouped(extent: Dim, found: list[Branches]) -> AxisField:
    by_slope: dict[Slope, Branches] = {}
    for branches in found:
        slope = slope_of(branches.widest)
        by_slope[slope] = by_slope[slope].joined(branches) if slope in by_slope else branches
    return AxisField(extent, tuple(by_slope.items()))


def slope_of(hull: IndexMap) -> Slope:
    """The pace of a map."""
    low = hull.lo
    if INDEX not in symbols_of(low):
        return Fraction(0)
    return Fraction(low.function.step, low.function.period) if isinstance(low, OneSymbol) else None


def _first(hull: IndexMap, slope: Slope) -> Dim:
    if slope == 0:
        return maximum(hull.lo, 0)
    return hull.substitute({INDEX: 0}).lo


def _span(hull: IndexMap, slope: Slope, extent: Dim) -> Dim:
    if slope == 0:
        return minimum(hull.hi, extent - 1) - maximum(hull.lo, 0) + 1
    return _greatest(hull.size) if INDEX in symbols_of(hull.size) else hull.size


def _greatest(size: Dim) -> int:
    """The greatest of a size that repeats from unit to unit (a formula that has no bound counts as none)."""
    if isinstance(size, int):
        return size
    return bounds(size, {})[1] or 0
