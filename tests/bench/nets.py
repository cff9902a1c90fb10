"""Small nets that between them have what makes frameworks differ."""

from __future__ import annotations

from textwrap import dedent

import cnnspec
from cnnspec.graph import Graph

NETS = {
    "padding": """
        net padding():
            input image: [4, 13, 11]
            conv(8, 3, stride=2, pad=((0, 1), (2, 1))) -> relu
            conv(8, (4, 3), pad=same, dilation=(1, 2)) -> bn -> relu6
            pad(2, mode=reflect) -> conv(6, 3, groups=2) -> gelu
            avgpool(3, 2, pad=1) -> maxpool(2, 1, pad=((1, 0), (0, 1)))
            flatten
            output linear(5)
    """,
    "same": """
        net same():
            input image: [1, 49, 10]
            conv(16, 10x4, stride=2, pad=same) -> bn -> relu
            maxpool(2, pad=same) -> pixel_unshuffle(1) -> conv_transpose(4, 3, stride=2, pad=same)
            flatten
            output linear(4)
    """,
    "sound": """
        net sound():
            input wave: [2, 64]
            conv(8, 9, stride=4, pad=4) -> bn -> relu
            depthwise(3, pad=1, multiplier=2) -> groupnorm(4) -> leaky_relu(0.1)
            conv_transpose(6, 4, stride=2, pad=1) -> tanh
            maxpool(3, 2) -> lrn(3) -> global_avgpool -> flatten
            output linear(7) -> softmax
    """,
    "volume": """
        net volume():
            input scan: [2, 6, 8, 8]
            conv(8, 3, pad=1) -> instancenorm -> elu
            skip = conv(8, (1, 3, 3), pad=(0, 1, 1)) -> sigmoid
            below = skip -> maxpool(2) -> upsample(2, mode=linear)
            concat(skip, below) -> conv_transpose(4, 2, stride=2) -> avgpool(2)
            output conv(3, 1)
    """,
    "several": """
        net several():
            input left: [3, 12, 12]
            input right: [3, 6, 6]
            a = left -> conv(8, 3, stride=2, pad=1) -> silu
            b = right -> conv(8, 3, pad=1) -> prelu
            mixed = a * b + a -> layernorm(over=channels) -> pixel_shuffle(2) -> channel_shuffle(2)
            p, q = mixed -> split(2)
            training output aux = (p -> global_maxpool -> flatten -> linear(4)) weight 0.3
            output far = p -> adaptive_avgpool(3) -> flatten -> linear(4)
            output near = q -> crop(1) -> scale -> flatten -> linear(4) -> log_softmax
    """,
}

ROUNDS_UP = """
    net rounds_up():
        input image: [4, 12, 10]
        avgpool(3, 2, pad=1, ceil) -> maxpool(2, 2, ceil)
        flatten
        output linear(5)
"""
"""OpenVINO has other means at the edge of such an average."""

UNEVEN_BINS = """
    net uneven_bins():
        input image: [4, 12, 10]
        output adaptive_avgpool(7)
"""
"""ONNX has no bins of different sizes."""


def graph(name_or_text: str) -> Graph:
    """One of them, or a text, expanded."""
    return cnnspec.loads(dedent(NETS.get(name_or_text, name_or_text))).net().graph
