"""A counting convention: what another tool adds up for each class of layer.

A rule answers for one application of a layer to one sample. The tools are taken as they are mostly used: the
net is a PyTorch module in evaluation mode with a submodule a layer; additions, products, concatenations and
splits are Python operators.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from cnnspec.analysis.facts import Analysis
from cnnspec.dims import Dim, product, sum_of
from cnnspec.graph import Graph, Node
from cnnspec.layers.base import Layer
from cnnspec.layers.normalisation import Normalisation

LayerKind = TypeVar("LayerKind", bound=Layer)


@dataclass(frozen=True, slots=True)
class Site:
    """A layer where it stands in its net."""

    node: Node
    graph: Graph

    @property
    def outputs(self) -> Dim:
        """The elements of the first output."""
        return product(self.node.output_shapes[0])

    @property
    def inputs(self) -> Dim:
        """The elements of the first input."""
        return product(self.node.input_shapes[0])

    @property
    def rank(self) -> int:
        """The spatial axes of the first input."""
        return len(self.node.input_shapes[0]) - 1

    @property
    def macs(self) -> Dim:
        """The layer's multiply-accumulates."""
        return self.node.layer.macs(self.node.input_shapes, self.node.output_shapes)

    @property
    def bias(self) -> Dim:
        """One addition an output element, where there is a bias."""
        return self.outputs if any(weight.name == "bias" for weight in self.node.weights) else 0

    @property
    def is_affine(self) -> bool:
        """Whether a normalisation learns a scale and a shift."""
        return isinstance(self.node.layer, Normalisation) and self.node.layer.affine

    def layer(self, kind: type[LayerKind]) -> LayerKind:
        """The layer, which is of the class that the rule is for (TypeError where it is not)."""
        if not isinstance(self.node.layer, kind):
            raise TypeError(f"{self.node.path} is no {kind.word}")
        return self.node.layer


Formula = Callable[[Site], Dim]


@dataclass(frozen=True, slots=True)
class Rule:
    """How a class of layers is counted, and that in words."""

    count: Formula
    says: str


class Unit(StrEnum):
    """What the tool's number is best compared with, whatever the tool calls it."""

    MACS = "MACs"
    FLOPS = "FLOPs"


@dataclass(frozen=True, slots=True)
class Convention:
    """One tool. A layer without a rule counts nothing; a rule of a base class holds for its subclasses."""

    tool: str
    version: str
    calls: str
    """How its number is obtained."""
    label: str
    """What the tool calls its number."""
    unit: Unit
    rules: Mapping[type[Layer], Rule]

    def rule_of(self, layer: Layer) -> Rule | None:
        """The rule of the most special class that has one."""
        return next((self.rules[cls] for cls in type(layer).__mro__ if cls in self.rules), None)

    def count(self, node: Node, graph: Graph) -> Dim:
        """What the tool adds for a layer."""
        rule = self.rule_of(node.layer)
        return rule.count(Site(node, graph)) if rule else 0


@dataclass(frozen=True, slots=True)
class Line:
    """All layers of one word: our count, theirs, and why they differ."""

    word: str
    layers: int
    macs: Dim
    flops: Dim
    theirs: Dim
    says: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a tool prints for a net, word by word."""

    convention: Convention
    lines: tuple[Line, ...]

    @property
    def total(self) -> Dim:
        """The number that the tool prints."""
        return sum_of(line.theirs for line in self.lines)


NOT_COUNTED = "not counted"


def compare(analysis: Analysis, convention: Convention) -> Comparison:
    """Count a net's inference as a tool does, beside our own counts; words in the order they first appear."""
    needed = analysis.graph.needed_at_inference()
    words: dict[str, list[Line]] = {}
    for facts in analysis.layers:
        if facts.node.inputs and facts.path in needed:
            rule = convention.rule_of(facts.node.layer)
            theirs = convention.count(facts.node, analysis.graph)
            line = Line(
                facts.node.word, 1, facts.macs, facts.flops.total, theirs, rule.says if rule else NOT_COUNTED
            )
            words.setdefault(facts.node.word, []).append(line)
    return Comparison(convention, tuple(map(_together, words.values())))


def _together(lines: list[Line]) -> Line:
    first = lines[0]
    return Line(
        first.word,
        len(lines),
        sum_of(line.macs for line in lines),
        sum_of(line.flops for line in lines),
        sum_of(line.theirs for line in lines),
        first.says,
    )
