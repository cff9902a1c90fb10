"""Depth: how many layers with weights lie one after the other, as the literature counts them."""

from __future__ import annotations

from collections.abc import Iterable

from cnnspec.graph import Graph, Node
from cnnspec.layers.convolution import Conv
from cnnspec.layers.linear import Linear
from cnnspec.layers.transposed import ConvTranspose

COUNTED = (Conv, ConvTranspose, Linear)
"""ResNet-50 has 50: the convolutions and the linear layer on its longest path, no normalisations."""


def depths(graph: Graph) -> dict[str, int]:
    """For each layer the number of counted layers on the longest path from an input to it, and itself."""
    found: dict[str, int] = {}
    for node in graph:
        before = max((found[tensor.node] for tensor in node.inputs), default=0)
        found[node.path] = before + counts(node)
    return found


def longest_path(nodes: Iterable[Node]) -> list[Node]:
    """The counted layers of the longest path through some layers that stand in execution order."""
    lengths: dict[str, int] = {}
    before: dict[str, Node] = {}
    by_path: dict[str, Node] = {}
    for node in nodes:
        inside = [by_path[tensor.node] for tensor in node.inputs if tensor.node in by_path]
        by_path[node.path] = node
        lengths[node.path] = counts(node)
        if inside:
            before[node.path] = max(inside, key=lambda other: lengths[other.path])
            lengths[node.path] += lengths[before[node.path].path]
    found: list[Node] = []
    last = max(by_path.values(), key=lambda node: lengths[node.path], default=None)
    while last is not None:
        found.append(last)
        last = before.get(last.path)
    return [node for node in reversed(found) if counts(node)]


def counts(node: Node) -> bool:
    """Whether a layer adds to the depth."""
    return isinstance(node.layer, COUNTED)
