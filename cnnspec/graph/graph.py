"""The graph value. Nodes are added in an order in which every input precedes its use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import networkx as nx

from cnnspec.diagnostics import Diagnostic
from cnnspec.graph.node import Node, Tensor
from cnnspec.layers.base import Requirement

if TYPE_CHECKING:
    Digraph = nx.MultiDiGraph[str]
else:
    Digraph = nx.MultiDiGraph


@dataclass(frozen=True, slots=True)
class InputSpec:
    """An input of the net: its tensor and the assumptions (`where`) on its symbols as written."""

    name: str
    tensor: Tensor


@dataclass(frozen=True, slots=True)
class Output:
    """An output of the net. Training-only outputs are absent from inference and counted apart."""

    name: str
    tensor: Tensor
    training_only: bool = False
    loss_weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Condition:
    """A requirement that is true for some sizes only, and the layer that makes it."""

    path: str
    requirement: Requirement


@dataclass(frozen=True, slots=True)
class Expectation:
    """An `expect` line and the place where it stands. Both are the language's; the graph only keeps them."""

    statement: object
    place: object


@dataclass
class Graph:
    """A net as a directed multigraph: nodes by layer path, edges by (producer's port, consumer's port)."""

    name: str
    doc: str | None = None
    inputs: list[InputSpec] = field(default_factory=list[InputSpec])
    outputs: list[Output] = field(default_factory=list[Output])
    conditions: list[Condition] = field(default_factory=list[Condition])
    assumptions: list[Requirement] = field(default_factory=list[Requirement])
    """What `where` clauses say of the symbols left free."""
    at_least: dict[str, int] = field(default_factory=dict[str, int])
    """The least values of symbols that follow from the assumptions."""
    expectations: list[Expectation] = field(default_factory=list[Expectation])
    """The contracts stated in the net and in the blocks it is made of."""
    symbols: dict[str, int | None] = field(default_factory=dict[str, int | None])
    """The symbols left free, with their defaults."""
    bindings: dict[str, int | Fraction] = field(default_factory=dict[str, int | Fraction])
    """The values that symbols and net parameters were given."""
    labels: dict[str, Tensor] = field(default_factory=dict[str, Tensor])
    """Tensors that the spec names at net level: labels and names bound there."""
    warnings: list[Diagnostic] = field(default_factory=list[Diagnostic])
    nx: Digraph = field(default_factory=lambda: cast("Digraph", nx.MultiDiGraph()))

    def add(self, node: Node) -> None:
        """Append a node; its inputs must be there already."""
        if node.path in self.nx:
            raise ValueError(f"two nodes are called {node.path!r}")
        self.nx.add_node(node.path, node=node)
        for port, tensor in enumerate(node.inputs):
            if tensor.node not in self.nx:
                raise ValueError(f"{node.path!r} reads {tensor.node!r}, which is not in the graph")
            self.nx.add_edge(tensor.node, node.path, key=(tensor.port, port), tensor=tensor)

    def __contains__(self, path: object) -> bool:
        return path in self.nx

    def __len__(self) -> int:
        return len(self.nx)

    def __iter__(self) -> Iterator[Node]:
        """The nodes in execution order."""
        for _, node in self.nx.nodes(data="node"):
            yield cast("Node", node)

    def node(self, path: str) -> Node:
        """The node at a path (KeyError where there is none)."""
        return cast("Node", self.nx.nodes[path]["node"])

    def consumers(self, tensor: Tensor) -> list[tuple[Node, int]]:
        """The nodes that read a tensor, each with the port it reads it at."""
        edges = self.nx.out_edges(tensor.node, keys=True)
        return [(self.node(to), into) for _, to, (out, into) in edges if out == tensor.port]

    @property
    def inference_outputs(self) -> list[Output]:
        """The outputs that exist at inference."""
        return [output for output in self.outputs if not output.training_only]

    def needed_at_inference(self) -> set[str]:
        """The paths that an inference output depends on."""
        return self.needed(self.inference_outputs)

    def needed(self, outputs: Iterable[Output]) -> set[str]:
        """The paths that some outputs depend on."""
        needed: set[str] = set()
        for output in outputs:
            before = nx.ancestors(self.nx, output.tensor.node)  # pyright: ignore[reportUnknownMemberType]
            needed |= before | {output.tensor.node}
        return needed
