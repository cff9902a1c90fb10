"""What the rules look at: a spec, its nets with their analyses, and the settings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from types import UnionType

from cnnspec.analysis.facts import Analysis
from cnnspec.diagnostics import Span
from cnnspec.dims import Dim, Relation, decide
from cnnspec.graph import Graph, Node, Tensor
from cnnspec.language import ast
from cnnspec.language.spec import Spec
from cnnspec.layers.base import Layer
from cnnspec.lint.places import Places


@dataclass(frozen=True)
class LintedNet:
    """A net, with what the rules ask of it."""

    analysis: Analysis
    places: Places
    activation_budget: int | None = None
    """Bytes that the activations of one layer may take, for one sample in float32."""

    @property
    def graph(self) -> Graph:
        """Its graph."""
        return self.analysis.graph

    @cached_property
    def _readers(self) -> dict[tuple[str, int], list[Node]]:
        readers: dict[tuple[str, int], list[Node]] = {}
        for node in self.graph:
            for tensor in node.inputs:
                readers.setdefault((tensor.node, tensor.port), []).append(node)
        return readers

    @cached_property
    def _leaving(self) -> set[tuple[str, int]]:
        return {(output.tensor.node, output.tensor.port) for output in self.graph.outputs}

    def readers(self, tensor: Tensor) -> list[Node]:
        """The layers that read a tensor."""
        return self._readers.get((tensor.node, tensor.port), [])

    def is_output(self, tensor: Tensor) -> bool:
        """Whether a tensor leaves the net."""
        return (tensor.node, tensor.port) in self._leaving

    def layers(self, kind: type[Layer] | UnionType) -> Iterator[tuple[Node, Layer]]:
        """The layers of a kind, in execution order."""
        for node in self.graph:
            if isinstance(node.layer, kind):
                yield node, node.layer

    def certain(self, left: Dim, relation: Relation, right: Dim) -> bool:
        """Whether a relation holds for every size that the `where` clauses allow."""
        return decide(left, relation, right, self.graph.at_least) is True

    def producer(self, node: Node) -> Node:
        """The layer that makes the first input of a layer."""
        return self.graph.node(node.inputs[0].node)


@dataclass(frozen=True)
class Body:
    """A definition with all that is written in it, and every word that is read there."""

    definition: ast.Definition
    nodes: tuple[ast.Node, ...]
    words: frozenset[str]

    @staticmethod
    def of(definition: ast.Definition) -> Body:
        """The body of a definition."""
        nodes = tuple(ast.walk(definition))
        words = {node.name for node in nodes if isinstance(node, ast.Name)}
        # A bare word in an input's shape is a parameter or a constant where one has that name.
        words |= {node.symbol for node in nodes if isinstance(node, ast.InputDim) and node.symbol}
        return Body(definition, nodes, frozenset(words))


@dataclass(frozen=True)
class Linted:
    """A spec without errors and its nets."""

    spec: Spec
    nets: tuple[LintedNet, ...]

    @cached_property
    def bodies(self) -> tuple[Body, ...]:
        """The definitions of the spec's own file."""
        return tuple(Body.of(definition) for definition in self.spec.main.file.definitions)

    @cached_property
    def written(self) -> Counter[Span]:
        """How many layers of the nets are written at each place."""
        return Counter(node.origin.span for net in self.nets for node in net.graph if node.origin.span)
