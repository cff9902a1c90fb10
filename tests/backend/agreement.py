"""The comparison of a whole net with PyTorch, which several tests make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import torch
from backend.nets import samples
from torch_nets import TorchNet

from cnnspec.backend.executable import Executable
from cnnspec.backend.plan import make_plan
from cnnspec.graph import Graph
from cnnspec.layers.dropout import Dropout

Arrays = Mapping[str, Any]


def without_dropout(net: Graph) -> Graph:
    """The same net whose dropouts drop nothing, for the masks of two frameworks differ."""
    for path, attributes in net.nx.nodes(data=True):
        node = attributes["node"]
        if isinstance(node.layer, Dropout):
            net.nx.nodes[path]["node"] = replace(node, layer=Dropout(Fraction(0)))
    return net


def assert_agrees_with_torch(net: Graph, *, training: bool) -> None:
    """Everything that a forward and a backward pass give."""
    made = make_plan(net, batch=3, training=True, dtype="float64", input_gradients=True)
    ours, state = Executable(made, seed=1), Executable(made, seed=1).state
    inputs = samples(made)
    ours.forward(inputs, training=training)
    random = np.random.default_rng(2)
    weighing = {name: random.standard_normal(output.shape) for name, output in ours.outputs.items()}
    ours.backward(weighing)
    found = {**ours.outputs, **ours.gradients, **{f"∂{name}": g for name, g in ours.input_gradients.items()}}
    found |= {name: array for name, array in ours.buffers.items() if "running" in name}
    values, gradients = by_torch(net, state, inputs, weighing, training)
    for name, wanted in values.items():
        assert_close(name, found[name], wanted, np.abs(wanted).max())
    steepest = max((np.abs(gradient).max() for gradient in gradients.values()), default=0)
    for name, wanted in gradients.items():
        assert_close(name, found[name], wanted, steepest)


def by_torch(
    net: Graph, state: Arrays, inputs: Arrays, weighing: Arrays, training: bool
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """What PyTorch makes of it: outputs and running statistics, then gradients of weights and of inputs.

    Without the gradients where a maximum had equals (pixels that upsampling repeats, holes of transposed
    convolutions).
    """
    theirs = TorchNet(net, state)
    outputs = theirs(inputs, training=training)
    sum((torch.tensor(weighing[name]) * output).sum() for name, output in outputs.items()).backward()
    values = {name: output.detach().numpy() for name, output in outputs.items()}
    values |= {name: weight.numpy() for name, weight in theirs.weights.items() if "running" in name}
    if theirs.tied:
        return values, {}
    trained = {name: weight for name, weight in theirs.weights.items() if weight.requires_grad}
    leaves = {**trained, **{f"∂{name}": tensor for name, tensor in theirs.inputs.items()}}
    return values, {name: _gradient(leaf) for name, leaf in leaves.items()}


def _gradient(tensor: torch.Tensor) -> np.ndarray:
    return (torch.zeros_like(tensor) if tensor.grad is None else tensor.grad).detach().numpy()


def assert_close(name: str, found: np.ndarray, wanted: np.ndarray, scale: float) -> None:
    """Equal up to 1e-10 of what is usual there."""
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-10 * max(1, scale), err_msg=name)
