# pyright: basic, reportMissingImports=false
# The frameworks need not be installed; where they are, not all of them bring types.
"""A net of the language as a PyTorch module, with the weights of an executable."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from cnnspec.analysis.differentiation import needed_nodes
from cnnspec.bench.peers.torch_layers import run_layer
from cnnspec.graph import Graph, Node, Tensor
from cnnspec.layers.activation import LogSoftmax, Softmax
from cnnspec.layers.base import Weight, WeightKind


class TorchNet(torch.nn.Module):
    """The layers that inference needs, or training, walked in the order of the graph.

    `forward` takes the inputs in their order and returns a tuple: at inference the outputs; in training what
    cross-entropy is taken of, which is before a final softmax.
    """

    def __init__(self, graph: Graph, state: Mapping[str, np.ndarray], *, for_training: bool = False) -> None:
        super().__init__()
        outputs = graph.outputs if for_training else graph.inference_outputs
        self.loss_weights = [output.loss_weight for output in outputs]
        self._inputs = [(spec.tensor.node, 0) for spec in graph.inputs]
        ends = [_scored(graph, output.tensor) if for_training else output.tensor for output in outputs]
        self._ends = [(tensor.node, tensor.port) for tensor in ends]
        self._nodes = needed_nodes(graph, outputs)
        last = {(tensor.node, tensor.port): node.path for node in self._nodes for tensor in node.inputs}
        self._last_read: dict[str, list[tuple[str, int]]] = {node.path: [] for node in self._nodes}
        for key, path in last.items():
            if key not in self._ends:
                self._last_read[path].append(key)
        self._names: dict[str, dict[str, str]] = {}
        for node in self._nodes:
            self._names[node.path] = {
                weight.name: self._register(node, weight, state) for weight in node.weights
            }
        self.train(for_training)

    def _register(self, node: Node, weight: Weight, state: Mapping[str, np.ndarray]) -> str:
        path = f"{node.owner}.{weight.name}"
        name = path.replace(".", "_")
        if not hasattr(self, name):
            values = torch.from_numpy(np.array(state[path]))
            if weight.kind is WeightKind.PARAMETER:
                self.register_parameter(name, torch.nn.Parameter(values, requires_grad=not node.frozen))
            else:
                self.register_buffer(name, values)
        return name

    def forward(self, *inputs: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """All outputs, of inputs in the order of the net's. A tensor is let go after its last reader."""
        values = dict(zip(self._inputs, inputs, strict=True))
        for node in self._nodes:
            read = [values[tensor.node, tensor.port] for tensor in node.inputs]
            own = {weight: getattr(self, name) for weight, name in self._names[node.path].items()}
            for key in self._last_read[node.path]:
                del values[key]
            for port, result in enumerate(self.run(node, read, own)):
                values[node.path, port] = result
            del read
        return tuple(values[end] for end in self._ends)

    def run(
        self, node: Node, inputs: list[torch.Tensor], own: Mapping[str, torch.Tensor]
    ) -> list[torch.Tensor]:
        """The outputs of a layer."""
        return run_layer(node.layer, inputs, own, training=self.training)


def _scored(graph: Graph, tensor: Tensor) -> Tensor:
    node = graph.node(tensor.node)
    return node.inputs[0] if isinstance(node.layer, Softmax | LogSoftmax) else tensor
