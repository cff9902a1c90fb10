"""Depth: how many layers with weights lie one after the other, as the literature counts them."""

from __future__ import annotations

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


def counts(node: Node) -> bool:
    """Whether a layer adds to the depth."""
    return isinstance(node.layer, COUNTED)
