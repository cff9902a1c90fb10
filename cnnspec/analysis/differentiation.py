"""Which layers run, and through which of them gradients flow."""

from __future__ import annotations

from collections.abc import Iterable

from cnnspec.graph import Graph, Node, Output
from cnnspec.layers.base import WeightKind


def needed_nodes(graph: Graph, outputs: Iterable[Output]) -> list[Node]:
    """The layers that the outputs depend on, in the order of the graph; the inputs are not layers."""
    inputs = {spec.tensor.node for spec in graph.inputs}
    paths = {output.tensor.node for output in outputs}
    for node in reversed(list(graph)):
        if node.path in paths:
            paths.update(tensor.node for tensor in node.inputs)
    return [node for node in graph if node.path in paths - inputs]


def is_trained(node: Node) -> bool:
    """Whether a layer has weights of its own or shared ones that training changes."""
    return not node.frozen and any(weight.kind is WeightKind.PARAMETER for weight in node.weights)


def differentiated(nodes: Iterable[Node]) -> set[str]:
    """The layers whose backward pass runs: those at or after a trained weight."""
    paths: set[str] = set()
    for node in nodes:
        if is_trained(node) or any(tensor.node in paths for tensor in node.inputs):
            paths.add(node.path)
    return paths
