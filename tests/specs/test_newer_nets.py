"""Nets that torchvision's oracles do not have, against definitions of their own in PyTorch."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

import pytest

from cnnspec import api
from cnnspec.analysis.facts import Analysis

torch = pytest.importorskip("torch")
from specs.torch_definitions import DEFINITIONS  # noqa: E402

SPECS = Path(__file__).parents[2] / "specs"

PUBLISHED = {
    "mobilenet_v3_large": 5_483_032,
    "efficientnet_b0": 5_288_548,
    "convnext_tiny": 28_589_128,
}
"""As torchvision's documentation has them."""

DARKNET_WEIGHTS = 203_934_260
"""The size in bytes of the authors' yolov2.weights: four numbers, then all weights, in four bytes each."""


def analysis(name: str) -> Analysis:
    return api.load(SPECS / f"{name}.cnn").net(name).analysis


@pytest.mark.parametrize("name", DEFINITIONS)
def test_a_net_is_what_pytorch_makes_of_its_papers_table(name: str) -> None:
    make, side = DEFINITIONS[name]
    with torch.device("meta"):
        net = make().eval()
        macs: list[int] = []

        def count(layer: Any, _: Any, output: torch.Tensor) -> None:
            each = layer.weight[0].numel()
            macs.append(prod(output.shape) * each)

        for layer in net.modules():
            if isinstance(layer, torch.nn.Conv2d | torch.nn.Linear):
                layer.register_forward_hook(count)
        output = net(torch.empty(1, 3, side, side))
    ours = analysis(name)
    assert ours.totals.params == sum(p.numel() for p in net.parameters())
    assert ours.totals.buffers == sum(b.numel() for b in net.buffers())
    assert ours.totals.macs == sum(macs)
    assert ours.graph.inference_outputs[0].tensor.shape == tuple(output.shape[1:])


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_net_has_the_published_parameters(name: str) -> None:
    assert analysis(name).totals.params == PUBLISHED[name]


def test_yolo_v2_fills_the_authors_weight_file() -> None:
    """Of every batch normalisation the file has scale, shift, mean and variance; a counter it has not."""
    ours = analysis("yolo_v2")
    counters = sum(facts.node.word == "bn" for facts in ours.layers)
    assert 4 * (4 + ours.totals.params + ours.totals.buffers - counters) == DARKNET_WEIGHTS
