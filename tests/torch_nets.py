"""A net of the language as PyTorch would run it: the oracle of the whole-net tests.

The graph is walked node by node. What a layer is in PyTorch is said in `cnnspec/bench/peers`, from its
arguments alone, so that nothing that our own backend computes is used.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from cnnspec.bench.peers.torch_layers import run_layer
from cnnspec.bench.peers.torch_windows import max_pool
from cnnspec.graph import Graph, Node
from cnnspec.layers.dropout import Dropout
from cnnspec.layers.pooling import MaxPool

Tensors = list[torch.Tensor]


class TorchNet:
    """The graph with weights that PyTorch can differentiate."""

    def __init__(self, graph: Graph, state: Mapping[str, np.ndarray]) -> None:
        self.graph = graph
        self.tied = False
        """Whether a maximum had equals up to rounding: which gets the gradient is nobody's to say then."""
        self.weights = {name: torch.tensor(array) for name, array in state.items()}
        for node in graph:
            for weight in node.weights:
                tensor = self.weights[f"{node.owner}.{weight.name}"]
                tensor.requires_grad_(weight.kind == "parameter" and not node.frozen)

    def __call__(self, inputs: Mapping[str, np.ndarray], *, training: bool) -> dict[str, torch.Tensor]:
        """All outputs that exist in this mode; the inputs are kept for their gradients."""
        self.inputs = {name: torch.tensor(array, requires_grad=True) for name, array in inputs.items()}
        values = {(spec.tensor.node, 0): self.inputs[spec.name] for spec in self.graph.inputs}
        for node in self.graph:
            if node.inputs:
                read = [values[tensor.node, tensor.port] for tensor in node.inputs]
                for port, result in enumerate(self.run(node, read, training=training)):
                    values[node.path, port] = result
        return {
            output.name: values[output.tensor.node, output.tensor.port]
            for output in self.graph.outputs
            if training or not output.training_only
        }

    def run(self, node: Node, inputs: Tensors, *, training: bool) -> Tensors:
        """The outputs of one layer."""
        own = {weight.name: self.weights[f"{node.owner}.{weight.name}"] for weight in node.weights}
        if isinstance(node.layer, MaxPool):
            self.tied |= _has_ties(node.layer, inputs[0].detach())
        if isinstance(node.layer, Dropout):
            assert not training or node.layer.p == 0, "the masks of two frameworks differ"
        return run_layer(node.layer, inputs, own, training=training)


def _has_ties(layer: MaxPool, x: torch.Tensor) -> bool:
    """Whether other elements are the greatest where every element is changed a little."""
    ranks = torch.arange(x.numel(), dtype=x.dtype).reshape(x.shape)
    chosen = []
    for sign in (1e-11, -1e-11):
        shaken = (x * (1 + sign * torch.sin(ranks))).requires_grad_()
        (gradient,) = torch.autograd.grad(max_pool(layer, shaken).sum(), shaken)
        chosen.append(gradient)
    return not torch.equal(*chosen)
