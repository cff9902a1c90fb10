"""Whole nets against PyTorch in float64: outputs, running statistics and every gradient."""

from __future__ import annotations

from pathlib import Path

import pytest
from backend.nets import graph

import cnnspec

pytest.importorskip("torch")
from backend.agreement import assert_agrees_with_torch, without_dropout

SPECS = Path(cnnspec.__file__).parents[1] / "specs"
# Inputs so small that the tests are quick, and so large that no batch normalisation is left with a few
# numbers, where rounding errors have no bound.
ZOO = {
    "lenet5": {},
    "resnet18": {"H": 64, "W": 49, "classes": 7},
    "googlenet": {"H": 64, "W": 64, "classes": 5},
    "mobilenet_v2": {"H": 64, "W": 64, "classes": 5},
    "densenet121": {"H": 64, "W": 49, "classes": 4, "growth": 8},
    "squeezenet1_1": {"H": 33, "W": 40, "classes": 4},
    "unet": {"H": 32, "W": 16, "width": 4},
    "resnet20_cifar": {},
    "ds_cnn": {},
    "espcn": {"H": 9, "W": 8},
    "m5": {"T": 4000},
    "wavenet": {"T": 128, "channels": 8},
}

MIXED = {
    "shared weights and a tensor read by many": """
        net n():
            input x: [3, 9, 8]
            layer enc = conv(3, 3, pad=same)
            a = enc -> tanh
            b = a -> enc -> relu
            c = b -> enc
            concat(a, b + c, a * b, x) -> conv(2, 1)
            output global_avgpool -> flatten
    """,
    "the same tensor twice": """
        net n():
            input x: [2, 5]
            conv(3, 2) -> tanh
            t = it + it
            t * t
            output concat(it, it, t) -> flatten -> linear(2)
    """,
    "gates, scales and shuffles": """
        net n():
            input x: [8, 6, 6]
            gate = global_avgpool -> conv(2, 1) -> silu -> conv(8, 1) -> sigmoid
            x * gate -> channel_shuffle(4) -> scale(bias=true)
            left, right = split((3, 5))
            concat(right, left -> prelu) -> pixel_shuffle(2) -> permute((0, 2, 1))
            pixel_unshuffle(2)
            output crop(1) -> pad(2, mode=reflect) -> flatten -> linear(3) -> log_softmax
    """,
    "lengths and angles": """
        net n():
            input x: [2, 7, 6]
            across, down = conv(4, 3) -> tanh -> split(2)
            length = hypot(across, down -> global_avgpool)
            angle = atan2(down, across)
            output length * angle + hypot(angle, x -> conv(1, 3)) -> conv(2, 1)
    """,
    "outputs that are read on, and one only in training": """
        net n():
            input x: [2, 7, 7]
            features = conv(4, 3) -> bn -> relu
            training output early = features -> global_avgpool -> flatten -> linear(3) weight 0.3
            output maps = features
            output main = features -> conv(4, 3) -> flatten -> linear(3) -> softmax
    """,
    "an output of a split that nobody reads": """
        net n():
            input x: [6, 4, 4]
            a, b, c = conv(9, 3, pad=1) -> split(3)
            output a * c
    """,
    "frozen layers in the middle": """
        net n():
            input x: [2, 8, 8]
            conv(3, 3) -> relu
            conv(3, 3, frozen) -> bn -> relu
            output conv(2, 3)
    """,
    "two inputs of different rank": """
        net n():
            input image: [2, 6, 6]
            input extra: [5]
            maps = image -> conv(4, 3) -> relu -> flatten
            output concat(maps, extra) -> linear(3)
    """,
    "norms": """
        net n():
            input x: [6, 5, 4]
            groupnorm(3) -> relu -> layernorm -> instancenorm -> layernorm(over=channels)
            lrn(3) -> bn(affine=false)
            output conv(2, 3)
    """,
    "a small U-Net in three dimensions": """
        net n():
            input volume: [1, 6, 8, 4]
            skip = conv(2, 3, pad=same) -> bn -> relu
            skip -> maxpool(2) -> conv(4, 3, pad=same) -> relu -> conv_transpose(2, 2, stride=2)
            concat(skip, it) -> conv(3, 1x3x2, stride=(1, 2, 1), pad=((0, 0), (1, 0), (0, 1)))
            output upsample(2, mode=trilinear)
    """,
    "a short net in one dimension": """
        net n():
            input sound: [2, 21]
            conv(4, 5, stride=2, dilation=2, pad=2) -> bn -> relu -> maxpool(3, stride=2, ceil=true)
            separable(6, 3) -> lppool(2) -> leaky_relu(0.2)
            output flatten -> linear(2)
    """,
}


@pytest.mark.parametrize("name", ZOO)
def test_zoo_in_training(name: str) -> None:
    net = cnnspec.load(SPECS / f"{name}.cnn").net().bind(**ZOO[name]).graph
    assert_agrees_with_torch(without_dropout(net), training=True)


@pytest.mark.parametrize("name", ["googlenet", "resnet18", "densenet121"])
def test_zoo_at_inference(name: str) -> None:
    net = cnnspec.load(SPECS / f"{name}.cnn").net().bind(**ZOO[name]).graph
    assert_agrees_with_torch(net, training=False)


@pytest.mark.parametrize("text", MIXED.values(), ids=MIXED.keys())
@pytest.mark.parametrize("training", [True, False])
def test_graphs_of_every_form(text: str, training: bool) -> None:
    assert_agrees_with_torch(graph(text), training=training)
