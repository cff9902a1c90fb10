"""What a layer makes of its inputs: the primitive it stands for, outputs, weights, or what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from cnnspec.dims import decide
from cnnspec.layers import argument_requirements
from cnnspec.layers.base import Layer, Requirement, Shape, Weight

Shapes = tuple[Shape, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A layer applied to shapes. Where a requirement is broken there are no outputs.

    `conditions` are the requirements that hold for some values of the symbols only.
    """

    layer: Layer
    outputs: Shapes = ()
    weights: tuple[Weight, ...] = ()
    conditions: tuple[Requirement, ...] = ()
    broken: Requirement | None = None


def outcome_of(layer: Layer, shapes: Shapes, at_least: Mapping[str, int]) -> Outcome:
    """Lower the layer, hold its requirements against the shapes, and infer what comes out."""
    conditions: list[Requirement] = []
    primitive = layer
    for primitive in _forms(layer, shapes):
        asked = argument_requirements(layer) if primitive is layer else ()
        for requirement in chain(asked, primitive.requirements(shapes)):
            holds = decide(requirement.left, requirement.relation, requirement.right, at_least)
            if holds is False:
                return Outcome(layer, broken=requirement)
            if holds is None:
                conditions.append(requirement)
    return Outcome(primitive, primitive.infer(shapes), primitive.weights(shapes), tuple(conditions))


def _forms(layer: Layer, shapes: Shapes) -> Iterator[Layer]:
    """The layer, and then the primitive that it stands for, which may rely on what the layer requires."""
    yield layer
    primitive = layer.lower(shapes)
    if primitive is not layer:
        yield primitive
