"""A net of the language as a PyTorch module of modules, as the tools that count operations expect it."""

from __future__ import annotations

from functools import reduce

import torch
from torch import nn

from cnnspec.graph import Graph, Node
from cnnspec.layers import (
    activation,
    convolution,
    dropout,
    linear,
    merging,
    normalisation,
    pooling,
    resampling,
    shaping,
    splitting,
    transposed,
)

ACTIVATIONS = {
    "relu": nn.ReLU, "relu6": nn.ReLU6, "selu": nn.SELU, "silu": nn.SiLU, "mish": nn.Mish,
    "sigmoid": nn.Sigmoid, "hardsigmoid": nn.Hardsigmoid, "hardswish": nn.Hardswish,
    "tanh": nn.Tanh, "softplus": nn.Softplus,
}  # fmt: skip


class Net(nn.Module):
    """The layers, one module each; additions, products, concatenations and splits are operators."""

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        self.graph = graph
        self.parts = nn.ModuleDict()
        self.nodes = [node for node in graph if node.inputs and node.path in graph.needed_at_inference()]
        for node in self.nodes:
            module = module_of(node)
            if module is not None and node.owns_weights:
                self.parts[_name(node.path)] = module
        if not list(self.parameters()):
            # calflops asks the first parameter for its device.
            self.anchor = nn.Parameter(torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        values = {(self.graph.inputs[0].tensor.node, 0): x}
        for node in self.nodes:
            read = [values[tensor.node, tensor.port] for tensor in node.inputs]
            name = _name(node.owner)
            made = self.parts[name](read[0]) if name in self.parts else operator_of(node, read)
            for port, result in enumerate(made if isinstance(made, tuple) else (made,)):
                values[node.path, port] = result
        tensor = self.graph.inference_outputs[0].tensor
        return values[tensor.node, tensor.port]


def _name(path: str) -> str:
    return path.replace(".", "__")


def operator_of(node: Node, read: list[torch.Tensor]) -> torch.Tensor | tuple[torch.Tensor, ...]:
    """What is no module."""
    match node.layer:
        case merging.Add():
            return sum(read[1:], start=read[0])
        case merging.Mul():
            return reduce(lambda left, right: left * right, read)
        case merging.Hypot():
            return torch.hypot(*read)
        case merging.Atan2():
            return torch.atan2(*read)
        case merging.Concat(axis="channels"):
            return torch.cat(read, 1)
        case splitting.Split(axis="channels"):
            return torch.split(read[0], [shape[0] for shape in node.output_shapes], 1)
    raise NotImplementedError(node.word)


def module_of(node: Node) -> nn.Module | None:  # noqa: C901, PLR0911, PLR0912 - one case a layer
    layer, shape = node.layer, node.input_shapes[0]
    rank = len(shape) - 1
    weights = {weight.name: weight.shape for weight in node.weights}
    match layer:
        case convolution.Conv():
            kernel, stride, dilation, pads = _window(layer.window(shape))
            made = _nd("Conv", rank)(
                shape[0], layer.channels, kernel, stride, 0, dilation, layer.groups, "bias" in weights
            )
            return _padded(made, pads)
        case transposed.ConvTranspose():
            kernel, stride, dilation, pads = _window(layer.window(shape))
            assert all(before == after for before, after in pads)
            return _nd("ConvTranspose", rank)(
                shape[0], layer.channels, kernel, stride, tuple(pad for pad, _ in pads), layer.output_pad,
                layer.groups, layer.bias, dilation,
            )  # fmt: skip
        case linear.Linear():
            return nn.Linear(shape[0], layer.features, layer.bias)
        case pooling.MaxPool():
            kernel, stride, dilation, pads = _window(layer.window(shape))
            return _nd("MaxPool", rank)(
                kernel, stride, tuple(pad for pad, _ in pads), dilation, ceil_mode=layer.ceil
            )
        case pooling.AvgPool():
            kernel, stride, _, pads = _window(layer.window(shape))
            return _nd("AvgPool", rank)(kernel, stride, tuple(pad for pad, _ in pads), layer.ceil)
        case pooling.GlobalAvgPool():
            return _nd("AdaptiveAvgPool", rank)(1)
        case pooling.GlobalMaxPool():
            return _nd("AdaptiveMaxPool", rank)(1)
        case pooling.AdaptiveAvgPool():
            return _nd("AdaptiveAvgPool", rank)(layer.size)
        case pooling.AdaptiveMaxPool():
            return _nd("AdaptiveMaxPool", rank)(layer.size)
        case normalisation.BatchNorm():
            return _nd("BatchNorm", rank)(shape[0], affine=layer.affine)
        case normalisation.InstanceNorm():
            return _nd("InstanceNorm", rank)(shape[0], affine=layer.affine)
        case normalisation.GroupNorm():
            return nn.GroupNorm(layer.groups, shape[0], affine=layer.affine)
        case normalisation.LayerNorm(over="sample"):
            return nn.LayerNorm(shape, elementwise_affine=layer.affine)
        case normalisation.LocalResponseNorm():
            return nn.LocalResponseNorm(layer.size)
        case activation.PRelu():
            return nn.PReLU(weights["weight"][0])
        case activation.LeakyRelu():
            return nn.LeakyReLU(float(layer.slope))
        case activation.Elu():
            return nn.ELU(float(layer.alpha))
        case activation.Gelu():
            return nn.GELU(layer.approximate)
        case activation.Softmax():
            return nn.Softmax(1)
        case activation.LogSoftmax():
            return nn.LogSoftmax(1)
        case activation.Activation():
            return ACTIVATIONS[layer.word]()
        case dropout.Dropout():
            return nn.Dropout(float(layer.p))
        case resampling.Upsample(factor=int(factor)):
            modes = ("linear", "bilinear", "trilinear")
            return nn.Upsample(
                scale_factor=factor, mode="nearest" if layer.mode == "nearest" else modes[rank - 1]
            )
        case resampling.PixelShuffle():
            return nn.PixelShuffle(layer.factor)
        case resampling.PixelUnshuffle():
            return nn.PixelUnshuffle(layer.factor)
        case shaping.Flatten():
            return nn.Flatten()
        case shaping.Identity():
            return nn.Identity()
    return None


def _nd(name: str, rank: int) -> type[nn.Module]:
    return getattr(nn, f"{name}{rank}d")


def _window(windows: tuple) -> tuple[tuple, tuple, tuple, tuple]:
    return (
        tuple(window.kernel for window in windows),
        tuple(window.stride for window in windows),
        tuple(window.dilation for window in windows),
        tuple((window.before, window.after) for window in windows),
    )


def _padded(made: nn.Module, pads: tuple) -> nn.Module:
    """The padding as an argument where it is the same on both sides, as a module of its own elsewhere."""
    if all(before == after for before, after in pads):
        made.padding = tuple(before for before, _ in pads)
        made._reversed_padding_repeated_twice = [pad for pair in reversed(pads) for pad in pair]
        return made
    return nn.Sequential(nn.ConstantPad2d([pad for pair in reversed(pads) for pad in pair], 0.0), made)
