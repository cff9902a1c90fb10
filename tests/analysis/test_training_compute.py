"""Training compute against PyTorch's own counter, which sees every operator of forward and backward."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from torch_nets import TorchNet

from cnnspec import pipeline
from cnnspec.analysis.training_compute import TrainingMacs, total_training_macs, training_macs
from cnnspec.dims import evaluate
from cnnspec.graph import Graph, Node
from cnnspec.layers.convolution import Conv
from cnnspec.layers.transposed import ConvTranspose

SPECS = Path(__file__).parents[2] / "specs"

BRANCHES = """
net n:
    input x: [4, H = 12, W = 12]
    conv(6, 3, pad=1) -> relu
    a = it -> conv(6, 3, pad=1, groups=3, bias=false)
    b = it -> conv(6, 1, bias=false) -> bn
    a + b -> conv_transpose(4, 2, stride=2, groups=2, bias=false) -> depthwise(3, bias=false)
    conv(4, 3, stride=2, dilation=2)
    training output early = b -> global_avgpool -> flatten -> linear(3)
    output global_avgpool -> flatten -> linear(5)
"""
FROZEN = """
net n:
    input x: [4, 12, 12]
    conv(6, 3, pad=1, frozen) -> relu -> conv(6, 3, frozen)
    conv(8, 3) -> relu -> conv(8, 3, frozen) -> relu -> conv(8, 1)
    global_avgpool -> flatten
    output linear(5)
"""
SHARED = """
net n:
    input x: [4, 12, 12]
    layer c = conv(4, 3, pad=1)
    c -> relu -> c -> relu -> c
    global_avgpool -> flatten
    output linear(5)
"""


def graph_of(text: str, **sizes: int) -> Graph:
    spec = pipeline.load_text(text).spec
    assert spec is not None
    graph = pipeline.elaborate(spec, bindings=sizes).graph
    assert graph is not None
    return graph


class Ungrouped(TorchNet):
    """A net whose grouped convolutions are one convolution a group.

    PyTorch counts the weight gradient of a grouped convolution as if it had no groups, so that each group is
    given to it alone.
    """

    def run(self, node: Node, inputs: list[torch.Tensor], *, training: bool) -> list[torch.Tensor]:
        layer = node.layer
        if not isinstance(layer, Conv | ConvTranspose) or layer.groups == 1:
            return super().run(node, inputs, training=training)
        groups = int(str(layer.groups))
        alone = replace(layer, channels=layer.channels // layer.groups, groups=1)
        weights = self.weights[f"{node.owner}.weight"].chunk(groups)
        parts: list[torch.Tensor] = []
        for part, weight in zip(inputs[0].chunk(groups, 1), weights, strict=True):
            self.weights["group.weight"] = weight
            own = replace(node, layer=alone, owner="group", weights=node.weights[:1])
            parts += super().run(own, [part], training=training)
        return [torch.cat(parts, 1)]


def counted(graph: Graph) -> int:
    """Multiply-accumulates of one step on one sample; the counter counts two operations each."""
    state = {
        f"{node.path}.{weight.name}": np.ones([int(str(size)) for size in weight.shape], np.float32)
        for node in graph
        for weight in node.weights
        if node.owns_weights
    }
    net = Ungrouped(graph, state)
    with FlopCounterMode(display=False) as counter:
        values = {
            (spec.tensor.node, 0): torch.ones(1, *(int(str(size)) for size in spec.tensor.shape))
            for spec in graph.inputs
        }
        for node in graph:
            if node.inputs:
                read = [values[tensor.node, tensor.port] for tensor in node.inputs]
                for port, result in enumerate(net.run(node, read, training=True)):
                    values[node.path, port] = result
        outputs = [values[output.tensor.node, output.tensor.port].sum() for output in graph.outputs]
        torch.stack(outputs).sum().backward()
    return counter.get_total_flops() // 2


@pytest.mark.parametrize("text", [BRANCHES, FROZEN, SHARED])
def test_pytorch_counts_the_same(text: str) -> None:
    graph = graph_of(text)
    assert total_training_macs(pipeline.analyse(graph)).total == counted(graph)


@pytest.mark.parametrize("name", ["lenet5", "resnet20_cifar", "resnet18", "m5"])
def test_pytorch_counts_the_same_of_the_zoo(name: str) -> None:
    spec = pipeline.load(SPECS / f"{name}.cnn").spec
    assert spec is not None
    sizes = {"H": 64, "W": 96} if name == "resnet18" else {}
    graph = pipeline.elaborate(spec, bindings=sizes).graph
    assert graph is not None
    assert total_training_macs(pipeline.analyse(graph)).total == counted(graph)


def test_what_need_not_be_computed_is_not() -> None:
    layers = training_macs(pipeline.analyse(graph_of(FROZEN)))
    macs = {path: layer.forward for path, layer in layers.items()}
    # Nothing before the third convolution is trained: two frozen layers are run forward only, and the first
    # trained one has no use for the gradient of its data.
    assert layers["conv1"] == TrainingMacs(macs["conv1"], 0, 0)
    assert layers["conv2"] == TrainingMacs(macs["conv2"], 0, 0)
    assert layers["conv3"] == TrainingMacs(macs["conv3"], 0, macs["conv3"])
    assert layers["conv4"] == TrainingMacs(macs["conv4"], macs["conv4"], 0)
    assert layers["conv5"] == TrainingMacs(macs["conv5"], macs["conv5"], macs["conv5"])


def test_the_formula_says_what_the_numbers_say() -> None:
    spec = pipeline.load_text(BRANCHES).spec
    assert spec is not None
    free = pipeline.elaborate(spec, symbolic=True).graph
    assert free is not None
    formula = total_training_macs(pipeline.analyse(free))
    for height, width in ((12, 12), (17, 30)):
        exact = total_training_macs(pipeline.analyse(graph_of(BRANCHES, H=height, W=width)))
        assert evaluate(formula.total, {"H": height, "W": width}) == exact.total
        assert exact.flops == 2 * exact.total
