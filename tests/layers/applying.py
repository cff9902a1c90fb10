"""Applying a layer as the elaborator does: requirements, then the primitive it stands for, then its rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from cnnspec.dims import decide
from cnnspec.layers import (
    LAYERS,
    Layer,
    Requirement,
    Shape,
    Weight,
    WeightKind,
    argument_requirements,
    signature,
)

Shapes = tuple[Shape, ...]


@dataclass(frozen=True)
class Applied:
    """What a layer makes of its inputs."""

    layer: Layer
    outputs: Shapes
    weights: tuple[Weight, ...]
    conditions: tuple[Requirement, ...]


class BrokenError(Exception):
    """A requirement does not hold."""

    def __init__(self, requirement: Requirement) -> None:
        super().__init__(f"{requirement.code}: {requirement.why()}")
        self.requirement = requirement


def make(word: str, *values: object, **named: object) -> Layer:
    """A layer from checked arguments, as from `word(values, named)`."""
    cls = LAYERS[word]
    kinds = {parameter.name: parameter.kind for parameter in signature(cls)}
    arguments = {**dict(zip(kinds, values, strict=False)), **named}
    return cls(**{name: kinds[name].accept(value) for name, value in arguments.items()})


def apply(layer: Layer, *shapes: Shape, at_least: Mapping[str, int] | None = None) -> Applied:
    """Raises BrokenError where a requirement does not hold."""
    conditions: list[Requirement] = []
    primitive = layer
    for primitive in _forms(layer, shapes):
        asked = argument_requirements(layer) if primitive is layer else ()
        for requirement in chain(asked, primitive.requirements(shapes)):
            holds = decide(requirement.left, requirement.relation, requirement.right, at_least)
            if holds is False:
                raise BrokenError(requirement)
            if holds is None:
                conditions.append(requirement)
    return Applied(primitive, primitive.infer(shapes), primitive.weights(shapes), tuple(conditions))


def _forms(layer: Layer, shapes: Shapes) -> Iterator[Layer]:
    yield layer
    primitive = layer.lower(shapes)
    if primitive is not layer:
        yield primitive


def elements(weights: tuple[Weight, ...], kind: WeightKind) -> int:
    """How many numbers the weights of a kind hold."""
    total = 0
    for weight in weights:
        if weight.kind is kind:
            count = 1
            for size in weight.shape:
                assert isinstance(size, int)
                count *= size
            total += count
    return total
