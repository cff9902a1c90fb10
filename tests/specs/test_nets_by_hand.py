"""Nets that torchvision's oracles do not have, against definitions of their own in PyTorch."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from cnnspec import api
from cnnspec.analysis.facts import Analysis

torch = pytest.importorskip("torch")
from specs.torch_classics import CLASSICS, mobilenet_v1  # noqa: E402
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


ALL = CLASSICS | DEFINITIONS
TRAINED = (torch.nn.modules.conv._ConvNd, torch.nn.Linear)


def analysis(name: str) -> Analysis:
    return api.load(SPECS / f"{name}.cnn").net(name).analysis


@pytest.mark.parametrize("name", ALL)
def test_a_net_is_what_pytorch_makes_of_its_papers_table(name: str) -> None:
    make, shape = ALL[name]
    with torch.device("meta"):
        net = make().eval()
        macs: list[int] = []

        def count(layer: Any, inputs: tuple[torch.Tensor], output: torch.Tensor) -> None:
            places = inputs[0] if isinstance(layer, torch.nn.ConvTranspose2d) else output
            macs.append(places.numel() * layer.weight[0].numel())

        for layer in net.modules():
            if isinstance(layer, TRAINED):
                layer.register_forward_hook(count)
        output = net(torch.empty(1, *shape))
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


@pytest.mark.parametrize(
    ("width", "parameters"), [("1", 4_231_976), ("3/4", 2_585_560), ("1/2", 1_331_592), ("1/4", 470_072)]
)
def test_mobilenet_v1_at_its_published_widths(width: str, parameters: int) -> None:
    """The trainable parameters of the authors' releases (Keras counts the running statistics too)."""
    net = api.load(SPECS / "mobilenet_v1.cnn").net().bind(width=Fraction(width))
    with torch.device("meta"):
        assert sum(p.numel() for p in mobilenet_v1(float(Fraction(width))).parameters()) == parameters
    assert net.analysis.totals.params == parameters
