"""Peak memory from the lifetimes of tensors."""

from __future__ import annotations

from dataclasses import dataclass

from cnnspec.dims import Dim, maximum, product
from cnnspec.graph import Graph, Tensor
from cnnspec.layers.base import WeightKind

Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Peak:
    """The most bytes alive at once, and the layer during which they are."""

    bytes: Dim
    path: str


@dataclass(frozen=True, slots=True)
class Lifetime:
    """A tensor is alive from the step that makes it to the last step that reads it, both included."""

    elements: Dim
    first: int
    last: int


def lifetimes(graph: Graph, paths: list[str]) -> dict[Key, Lifetime]:
    """The lifetime of every tensor that the layers at `paths` make; the net's outputs live to the end."""
    step = {path: index for index, path in enumerate(paths)}
    last: dict[Key, int] = {}
    for path, index in step.items():
        for tensor in graph.node(path).inputs:
            last[key_of(tensor)] = index
    for output in graph.outputs:
        last[key_of(output.tensor)] = len(paths) - 1
    return {
        key_of(tensor): Lifetime(product(tensor.shape), index, last.get(key_of(tensor), index))
        for path, index in step.items()
        for tensor in graph.node(path).outputs
    }


def key_of(tensor: Tensor) -> Key:
    """A tensor's identity: the layer that makes it and the port."""
    return tensor.node, tensor.port


def inference_peak(graph: Graph, batch: int, width: int) -> Peak:
    """The greatest sum of living activations over the steps of inference (weights not included)."""
    needed = graph.needed_at_inference()
    paths = [node.path for node in graph if node.path in needed]
    alive = list(lifetimes(graph, paths).values())
    best = Peak(0, paths[0] if paths else "")
    for index, elements in enumerate(_alive_at_each(alive, len(paths))):
        best = _greater(best, elements * (batch * width), paths[index])
    return best


def training_peak(graph: Graph, batch: int, width: int) -> Peak:
    """The peak of a training step that keeps every activation until its layer's backward pass is done.

    Counted: activations still needed, gradients of activations from their first to their last use, and for
    every trainable parameter its value, its gradient and one momentum; buffers once.
    """
    paths = [node.path for node in graph]
    alive = lifetimes(graph, paths)
    steps = len(paths)
    made = _alive_at_each([Lifetime(life.elements, life.first, steps - 1) for life in alive.values()], steps)
    gradients = _alive_at_each(list(alive.values()), steps)
    standing = _weights(graph) * width
    best = Peak(standing, paths[0] if paths else "")
    for index in reversed(range(steps)):
        best = _greater(best, (made[index] + gradients[index]) * (batch * width) + standing, paths[index])
    return best


def _weights(graph: Graph) -> Dim:
    elements: Dim = 0
    for node in graph:
        if node.owns_weights:
            for weight in node.weights:
                trained = weight.kind is WeightKind.PARAMETER and not node.frozen
                elements = elements + product(weight.shape) * (3 if trained else 1)
    return elements


def _alive_at_each(alive: list[Lifetime], steps: int) -> list[Dim]:
    """The elements alive during each step, by differences, so that the work is linear."""
    change: list[Dim] = [0] * (steps + 1)
    for life in alive:
        change[life.first] = change[life.first] + life.elements
        change[life.last + 1] = change[life.last + 1] - life.elements
    result: list[Dim] = []
    now: Dim = 0
    for step in range(steps):
        now = now + change[step]
        result.append(now)
    return result


def _greater(best: Peak, size: Dim, path: str) -> Peak:
    greatest = maximum(best.bytes, size)
    return best if greatest == best.bytes else Peak(greatest, path)
