"""Everything the analyser says of a graph, layer by layer and in total.

Sizes, counts and operations are of one sample; multiply the activations by the batch. A number is an exact
`int` of any size, or a formula where a symbol was left free.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from cnnspec.analysis.depth import depths
from cnnspec.analysis.memory import Peak, inference_peak, training_peak
from cnnspec.analysis.receptive_field import Field, Key, receptive_fields
from cnnspec.dims import Dim, product, sum_of
from cnnspec.graph import Graph, Node, Tensor
from cnnspec.layers.base import Flops, Shape, Weight, WeightKind

BYTES_PER_ELEMENT = 4
"""Sizes in bytes are of float32 unless another width is asked for."""


@dataclass(frozen=True, slots=True)
class LayerFacts:
    """What is true of one layer.

    `params` and `buffers` are elements counted here: 0 where the weights are shared from another layer.
    `fields` has one entry an output; `depth` is the number of layers with weights on the longest path that
    ends here. Of an auxiliary head `training_only` is true, and `dead` of what no output needs.
    """

    node: Node
    params: Dim
    trainable: Dim
    buffers: Dim
    macs: Dim
    flops: Flops
    elements: Dim
    fields: tuple[Field, ...]
    depth: int
    training_only: bool
    dead: bool

    @property
    def at_inference(self) -> bool:
        """Whether inference needs it: not what only training needs, nor what no output needs."""
        return not (self.training_only or self.dead)

    @property
    def field(self) -> Field:
        """The receptive field of the first output."""
        return self.fields[0]

    @property
    def path(self) -> str:
        """The layer's path, by which it is named everywhere."""
        return self.node.path

    @property
    def output(self) -> Shape:
        """The shape of the first output, without the batch."""
        return self.node.outputs[0].shape

    @property
    def activation_bytes(self) -> Dim:
        """Bytes of the outputs of one sample in float32."""
        return self.elements * BYTES_PER_ELEMENT


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the layers.

    `params` and `buffers` are of the whole spec; `macs`, `flops` and `elements` of inference. What exists
    only while training (auxiliary heads) is in the `…_training_only` entries, what no output needs in none.
    """

    params: Dim
    trainable: Dim
    buffers: Dim
    params_inference: Dim
    buffers_inference: Dim
    macs: Dim
    flops: Flops
    elements: Dim
    depth: int
    params_training_only: Dim
    buffers_training_only: Dim
    macs_training_only: Dim
    flops_training_only: Flops

    @property
    def frozen(self) -> Dim:
        """Parameters that training leaves alone."""
        return self.params - self.trainable

    @property
    def weight_bytes(self) -> Dim:
        """Bytes of all parameters and buffers in float32."""
        return (self.params + self.buffers) * BYTES_PER_ELEMENT

    @property
    def activation_bytes(self) -> Dim:
        """Bytes of all layer outputs of one sample at inference in float32, were none released."""
        return self.elements * BYTES_PER_ELEMENT


@dataclass(frozen=True)
class Analysis:
    """The facts of a graph, in execution order."""

    graph: Graph
    layers: tuple[LayerFacts, ...]
    totals: Totals

    @cached_property
    def by_path(self) -> dict[str, LayerFacts]:
        """The facts of each layer by its path."""
        return {facts.path: facts for facts in self.layers}

    def field_of(self, tensor: Tensor) -> Field:
        """The receptive field of a tensor."""
        return self.by_path[tensor.node].fields[tensor.port]

    def inference_peak(self, batch: int = 1, width: int = BYTES_PER_ELEMENT) -> Peak:
        """The most bytes of activations alive at once at inference, and the layer that sets it."""
        return inference_peak(self.graph, batch, width)

    def training_peak(self, batch: int = 1, width: int = BYTES_PER_ELEMENT) -> Peak:
        """The same for a training step: saved tensors, gradients, weights and one momentum a parameter."""
        return training_peak(self.graph, batch, width)


def analyse(graph: Graph) -> Analysis:
    """Measure every layer of a graph."""
    fields = receptive_fields(graph)
    depth = depths(graph)
    ever = graph.needed(graph.outputs)
    extra = ever - graph.needed_at_inference()
    layers = tuple(
        _facts(
            node,
            _fields_of(node, fields),
            depth[node.path],
            training_only=node.path in extra,
            dead=node.path not in ever,
        )
        for node in graph
    )
    return Analysis(graph, layers, _totals(layers))


def _fields_of(node: Node, fields: Mapping[Key, Field]) -> tuple[Field, ...]:
    return tuple(fields[node.path, tensor.port] for tensor in node.outputs)


def _facts(
    node: Node, fields: tuple[Field, ...], depth: int, *, training_only: bool, dead: bool
) -> LayerFacts:
    params = elements_of(node, WeightKind.PARAMETER)
    shapes = node.input_shapes, node.output_shapes
    macs = node.layer.macs(*shapes)
    return LayerFacts(
        node=node,
        params=params,
        trainable=0 if node.frozen else params,
        buffers=elements_of(node, WeightKind.BUFFER),
        macs=macs,
        flops=Flops(multiply_add=2 * macs) + node.layer.flops(*shapes),
        elements=total(product(tensor.shape) for tensor in node.outputs),
        fields=fields,
        depth=depth,
        training_only=training_only,
        dead=dead,
    )


def elements_of(node: Node, kind: WeightKind) -> Dim:
    """Elements of the weights of a kind that are counted at this node."""
    if not node.owns_weights:
        return 0
    return total(_size(weight) for weight in node.weights if weight.kind is kind)


def _size(weight: Weight) -> Dim:
    return product(weight.shape)


def _totals(layers: tuple[LayerFacts, ...]) -> Totals:
    kept = [facts for facts in layers if facts.at_inference]
    extra = [facts for facts in layers if facts.training_only]
    return Totals(
        params=total(facts.params for facts in layers),
        trainable=total(facts.trainable for facts in layers),
        buffers=total(facts.buffers for facts in layers),
        params_inference=total(facts.params for facts in kept),
        buffers_inference=total(facts.buffers for facts in kept),
        macs=total(facts.macs for facts in kept),
        flops=total_flops(kept),
        elements=total(facts.elements for facts in kept),
        depth=max((facts.depth for facts in kept), default=0),
        params_training_only=total(facts.params for facts in extra),
        buffers_training_only=total(facts.buffers for facts in extra),
        macs_training_only=total(facts.macs for facts in extra),
        flops_training_only=total_flops(extra),
    )


def total(values: Iterable[Dim]) -> Dim:
    """The sum of numbers or formulas; 0 of none."""
    return sum_of(values)


def total_flops(layers: Iterable[LayerFacts]) -> Flops:
    """The sum of the operations, column by column."""
    return Flops.sum(facts.flops for facts in layers)
