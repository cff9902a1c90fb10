"""What holds of every graph, as code: the tests run it on every net."""

from __future__ import annotations

from collections.abc import Iterator

import networkx as nx

from cnnspec.graph.graph import Graph
from cnnspec.graph.node import Node, Tensor


class GraphInvariantError(AssertionError):
    """A graph is not well formed: a mistake in cnnspec, never in a spec."""


def verify_graph(graph: Graph) -> None:
    """Raise GraphInvariantError naming everything that is wrong with a graph."""
    wrong = [*_structure(graph), *(fault for node in graph for fault in _node(graph, node))]
    if wrong:
        raise GraphInvariantError(f"{graph.name}: " + "; ".join(wrong))


def _structure(graph: Graph) -> Iterator[str]:
    if not nx.is_directed_acyclic_graph(graph.nx):
        yield "the graph has a cycle"
    ends = [("input", given.name, given.tensor) for given in graph.inputs]
    ends += [("output", output.name, output.tensor) for output in graph.outputs]
    for kind, name, tensor in ends:
        if not _exists(graph, tensor):
            yield f"{kind} {name!r} is no tensor of the graph"
    for kind, names in (
        ("inputs", [i.name for i in graph.inputs]),
        ("outputs", [o.name for o in graph.outputs]),
    ):
        if len(set(names)) != len(names):
            yield f"two {kind} have one name"


def _node(graph: Graph, node: Node) -> Iterator[str]:
    seen = set[str]()
    for tensor in node.inputs:
        seen.add(tensor.node)
        if not _exists(graph, tensor):
            yield f"{node.path} reads a tensor that {tensor.node} does not make"
    if set(graph.nx.predecessors(node.path)) != seen:
        yield f"{node.path}: edges and inputs disagree"
    if [tensor.port for tensor in node.outputs] != list(range(len(node.outputs))):
        yield f"{node.path}: output ports are not numbered in order"
    if any(tensor.node != node.path for tensor in node.outputs):
        yield f"{node.path}: an output names another producer"
    if node.inputs and node.layer.infer(node.input_shapes) != node.output_shapes:
        yield f"{node.path}: its shapes are not what its layer infers"
    if node.owner not in graph or graph.node(node.owner).weights != node.weights:
        yield f"{node.path}: its weights are not those of their owner {node.owner}"


def _exists(graph: Graph, tensor: Tensor) -> bool:
    return tensor.node in graph and tensor in graph.node(tensor.node).outputs
