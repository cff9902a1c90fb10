"""What a training step computes: forward, gradients of the data, gradients of the weights.

Both gradients of a convolution or linear layer take as many multiply-accumulates as its forward pass,
whatever its groups, strides and padding: each product of a weight and an input element gives one product for
the input's gradient and one for the weight's. No gradient of the weights where they are frozen; none of the
data where nothing before the layer is trained.
"""

from __future__ import annotations

from dataclasses import dataclass

from cnnspec.analysis.differentiation import differentiated, is_trained, needed_nodes
from cnnspec.analysis.facts import Analysis
from cnnspec.dims import Dim, sum_of


@dataclass(frozen=True, slots=True)
class TrainingMacs:
    """Multiply-accumulates of one sample in one training step."""

    forward: Dim = 0
    data: Dim = 0
    weights: Dim = 0

    @property
    def total(self) -> Dim:
        """All three."""
        return self.forward + self.data + self.weights

    @property
    def flops(self) -> Dim:
        """Floating-point operations: two a multiply-accumulate."""
        return 2 * self.total


def training_macs(analysis: Analysis) -> dict[str, TrainingMacs]:
    """The multiply-accumulates of every layer that takes part in training, by path."""
    graph = analysis.graph
    nodes = needed_nodes(graph, graph.outputs)
    backward = differentiated(nodes)
    found: dict[str, TrainingMacs] = {}
    for node in nodes:
        macs = analysis.by_path[node.path].macs
        passes_on = any(tensor.node in backward for tensor in node.inputs)
        found[node.path] = TrainingMacs(macs, macs if passes_on else 0, macs if is_trained(node) else 0)
    return found


def total_training_macs(analysis: Analysis) -> TrainingMacs:
    """The sum over the layers, training-only heads included."""
    layers = training_macs(analysis).values()
    return TrainingMacs(
        sum_of(layer.forward for layer in layers),
        sum_of(layer.data for layer in layers),
        sum_of(layer.weights for layer in layers),
    )
