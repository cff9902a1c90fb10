"""The nets that are counted: the zoo's, at small sizes, and every layer alone."""

from __future__ import annotations

from pathlib import Path

from cnnspec import pipeline
from cnnspec.graph import Graph

SPECS = Path(__file__).parents[3] / "specs"

# The size at which a spec is counted; smaller than its own, so that recording is quick.
ZOO = {
    "lenet5": None, "alexnet": None, "vgg16": None, "resnet18": 64, "resnet50": 64,
    "mobilenet_v1": 64, "mobilenet_v2": 64, "mnasnet1_0": 64, "squeezenet1_1": 64, "googlenet_paper": None,
    "densenet121": 64, "unet": None, "resnext50_32x4d": 64, "alexnet_paper": None,
}  # fmt: skip

MAP = "[6, 8, 10]"
LAYERS = [
    *((MAP, line) for line in (
        "conv(4, 3)", "conv(4, 3x5, stride=2, pad=1, bias=false)", "conv(9, 3, groups=3, dilation=2)",
        "depthwise(3, pad=1)", "conv_transpose(4, 4, stride=2, pad=1)",
        "conv_transpose(4, 3, stride=2, groups=2, bias=false)", "conv_transpose(4, 3, stride=2, groups=2)",
        "relu", "relu6", "leaky_relu", "prelu", "prelu(true)", "elu", "selu", "gelu", "silu", "mish",
        "sigmoid", "hardsigmoid", "hardswish", "tanh", "softplus", "softmax", "log_softmax",
        "maxpool(2)", "maxpool(3, stride=2, pad=1)", "avgpool(2)", "avgpool(3, stride=1)", "global_avgpool",
        "global_maxpool", "adaptive_avgpool(4x5)", "adaptive_avgpool(3)", "adaptive_maxpool(2)",
        "bn", "bn(affine=false)", "groupnorm(2)", "groupnorm(2, affine=false)", "layernorm",
        "layernorm(affine=false)", "instancenorm", "instancenorm(affine=true)", "lrn(5)", "lrn(4)",
        "dropout", "flatten -> linear(7)", "flatten -> linear(7, bias=false)", "upsample(2)",
        "upsample(3, mode=bilinear)", "it + it", "it * (global_avgpool -> sigmoid)", "concat(it, relu)",
        "hypot(it, relu)", "atan2(it, relu)", "atan2(it, global_avgpool)", "atan2(global_avgpool, it)",
        "conv(4, 3) -> bn -> relu", "conv(4, 3, bias=false) -> bn",
    )),
    ("[8, 4, 4]", "pixel_shuffle(2)"), ("[3, 6, 8]", "pixel_unshuffle(2)"),
    *(("[6, 12]", line) for line in (
        "conv(4, 3, pad=1)", "bn", "maxpool(2)", "avgpool(2)", "global_avgpool", "lrn(3)", "upsample(2)",
        "conv_transpose(4, 2, stride=2)",
    )),
    *(("[2, 4, 6, 6]", line) for line in (
        "conv(4, 3, pad=1)", "bn", "maxpool(2)", "avgpool(2)", "global_avgpool",
        "conv_transpose(4, 2, stride=2)", "upsample(2)", "lrn(2)",
    )),
    *(("[12]", line) for line in ("linear(4) -> relu", "linear(4) -> softmax")),
]  # fmt: skip


LINES = {f"{line} on {shape}": (shape, line) for shape, line in LAYERS}
NAMES = (*ZOO, *LINES)


def graph_of(name: str) -> Graph:
    """The net of a name."""
    if name in ZOO:
        size = ZOO[name]
        loaded = pipeline.load(SPECS / f"{name}.cnn")
        bindings = {"H": size, "W": size} if size else {}
    else:
        shape, line = LINES[name]
        loaded = pipeline.load_text(f"net one():\n    input x: {shape}\n    {line}\n    output it\n")
        bindings = {}
    assert loaded.spec is not None, loaded.diagnostics
    made = pipeline.elaborate(loaded.spec, bindings=bindings)
    assert made.graph is not None, made.diagnostics
    return made.graph
