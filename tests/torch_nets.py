"""A net of the language as PyTorch would run it: the oracle of the whole-net tests.

The graph is walked node by node, and every layer is said in `torch.nn.functional`, from its arguments alone:
no window, shape or number of ours is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from itertools import product

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812

from cnnspec.graph import Graph, Node
from cnnspec.layers import (
    activation,
    borders,
    convolution,
    dropout,
    linear,
    merging,
    normalisation,
    pooling,
    resampling,
    scaling,
    shaping,
    splitting,
    transposed,
)

Tensors = list[torch.Tensor]
AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}


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
        if isinstance(node.layer, pooling.MaxPool):
            self.tied |= _has_ties(node.layer, inputs[0].detach())
        result = _apply(node.layer, inputs, own, training)
        return list(result) if isinstance(result, tuple) else [result]


def _apply(  # noqa: C901, PLR0911, PLR0912, PLR0915 - one case a layer
    layer: object, inputs: Tensors, own: dict[str, torch.Tensor], training: bool
) -> torch.Tensor | tuple[torch.Tensor, ...]:
    x = inputs[0]
    rank = x.ndim - 2
    weight, bias = own.get("weight"), own.get("bias")
    match layer:
        case convolution.Conv():
            padded = F.pad(x, _pads(layer, x))
            return _nd("conv{}d", rank)(
                padded, weight, bias, stride=layer.stride, dilation=layer.dilation, groups=layer.groups
            )
        case transposed.ConvTranspose():
            return _transposed(layer, x, weight, bias)
        case linear.Linear():
            return F.linear(x, weight, bias)
        case pooling.MaxPool():
            return _max_pool(layer, x)
        case pooling.AvgPool():
            return _average_pool(layer, x)
        case pooling.LpPool():
            return _nd("lp_pool{}d", rank)(x, float(layer.norm), layer.kernel, layer.stride, layer.ceil)
        case pooling.GlobalAvgPool():
            return x.mean(dim=tuple(range(2, x.ndim)), keepdim=True)
        case pooling.GlobalMaxPool():
            return x.amax(dim=tuple(range(2, x.ndim)), keepdim=True)
        case pooling.AdaptiveAvgPool():
            return _nd("adaptive_avg_pool{}d", rank)(x, layer.size)
        case pooling.AdaptiveMaxPool():
            return _nd("adaptive_max_pool{}d", rank)(x, layer.size)
        case normalisation.BatchNorm():
            mean, var = own.get("running_mean"), own.get("running_var")
            of_batch = training or not layer.track
            return F.batch_norm(x, mean, var, weight, bias, of_batch, float(layer.momentum), float(layer.eps))
        case normalisation.GroupNorm():
            return F.group_norm(x, layer.groups, weight, bias, float(layer.eps))
        case normalisation.InstanceNorm():
            return F.instance_norm(x, weight=weight, bias=bias, eps=float(layer.eps))
        case normalisation.LayerNorm(over="sample"):
            return F.layer_norm(x, x.shape[1:], weight, bias, float(layer.eps))
        case normalisation.LayerNorm():
            last = x.movedim(1, -1)
            return F.layer_norm(last, last.shape[-1:], weight, bias, float(layer.eps)).movedim(-1, 1)
        case normalisation.LocalResponseNorm():
            return F.local_response_norm(x, layer.size, float(layer.alpha), float(layer.beta), float(layer.k))
        case dropout.Dropout():
            assert not training or layer.p == 0, "the masks of two frameworks differ"
            return x
        case resampling.Upsample():
            factors = zip(x.shape[2:], _each(layer.factor, rank), strict=True)
            sizes = layer.size or tuple(size * factor for size, factor in factors)
            mode = "nearest" if layer.mode == "nearest" else ("linear", "bilinear", "trilinear")[rank - 1]
            corners = layer.align_corners if mode != "nearest" else None
            return F.interpolate(x, _each(sizes, rank), mode=mode, align_corners=corners)
        case resampling.PixelShuffle():
            assert rank == 2
            return F.pixel_shuffle(x, layer.factor)
        case resampling.ChannelShuffle():
            return F.channel_shuffle(x, layer.groups)
        case borders.Pad():
            value = float(layer.value) if layer.mode == "constant" else None
            return F.pad(x, _sides(layer.amount, rank), layer.mode, value)
        case borders.Crop():
            return F.pad(x, [-amount for amount in _sides(layer.amount, rank)])
        case shaping.Identity():
            return x * 1
        case shaping.Flatten():
            return x.flatten(1)
        case shaping.Reshape():
            return x.reshape(len(x), *layer.sizes)
        case shaping.Permute():
            return x.permute(0, *(axis + 1 for axis in layer.order))
        case shaping.Squeeze():
            return x.reshape(*x.shape[:2], *(n for n in x.shape[2:] if n != 1))
        case merging.Concat():
            return torch.cat(inputs, dim=_axis(layer.axis, x))
        case merging.Add():
            return sum(inputs[1:], start=x)
        case merging.Mul():
            return reduce(torch.mul, inputs)
        case merging.Hypot():
            return torch.hypot(*inputs)
        case merging.Atan2():
            return torch.atan2(*inputs)
        case splitting.Split():
            axis = _axis(layer.axis, x)
            if isinstance(layer.parts, tuple):
                return torch.split(x, list(layer.parts), dim=axis)
            return torch.split(x, x.shape[axis] // layer.parts, dim=axis)
        case scaling.Scale():
            spread = (-1, *(1,) * rank)
            return x * weight.view(spread) + (bias.view(spread) if layer.bias else 0)
        case scaling.Times():
            return x * float(layer.factor)
        case activation.Softmax():
            return F.softmax(x, dim=1)
        case activation.LogSoftmax():
            return F.log_softmax(x, dim=1)
        case activation.PRelu():
            return F.prelu(x, weight)
        case activation.LeakyRelu():
            return F.leaky_relu(x, float(layer.slope))
        case activation.Elu():
            return F.elu(x, float(layer.alpha))
        case activation.Gelu():
            return F.gelu(x, approximate=layer.approximate)
        case activation.Sigmoid():
            return torch.sigmoid(x)
        case activation.Tanh():
            return torch.tanh(x)
        case activation.Activation():
            return getattr(F, layer.word)(x)
        case _:
            raise NotImplementedError(layer)


def _nd(name: str, rank: int) -> Callable[..., torch.Tensor]:
    return getattr(F, name.format(rank))


def _each(value: object, rank: int) -> tuple[int, ...]:
    return tuple(value) if isinstance(value, tuple) else (value,) * rank


def _axis(name: str, x: torch.Tensor) -> int:
    return 1 if name == "channels" else 2 + AXES[x.ndim - 2].index(name)


def _sides(amount: object, rank: int) -> list[int]:
    """`F.pad`'s order: the last axis first, before and after."""
    pairs = [pair if isinstance(pair, tuple) else (pair, pair) for pair in _each(amount, rank)]
    return [side for pair in reversed(pairs) for side in pair]


def _pads(layer: convolution.Conv | pooling.MaxPool | pooling.AvgPool, x: torch.Tensor) -> list[int]:
    """The padding of a window; `same` as TensorFlow defines it."""
    rank = x.ndim - 2
    if layer.pad == "valid":
        return [0] * 2 * rank
    if layer.pad != "same":
        return _sides(layer.pad, rank)
    pairs: list[tuple[int, int]] = []
    stride = layer.stride or layer.kernel
    dilation = getattr(layer, "dilation", 1)
    arguments = (_each(value, rank) for value in (layer.kernel, stride, dilation))
    for n, k, s, d in zip(x.shape[2:], *arguments, strict=True):
        total = max((-(-n // s) - 1) * s + d * (k - 1) + 1 - n, 0)
        pairs.append((total // 2, total - total // 2))
    return _sides(tuple(pairs), rank)


def _max_pool(layer: pooling.MaxPool, x: torch.Tensor) -> torch.Tensor:
    """PyTorch's own padding where it can say it, −∞ otherwise."""
    rank = x.ndim - 2
    pool, stride = _nd("max_pool{}d", rank), layer.stride or layer.kernel
    pads = _pads(layer, x)
    before, after = pads[-2::-2], pads[-1::-2]
    if before == after:
        return pool(x, layer.kernel, stride, before, layer.dilation, layer.ceil)
    assert not layer.ceil
    return pool(F.pad(x, pads, value=-torch.inf), layer.kernel, stride, 0, layer.dilation)


def _has_ties(layer: pooling.MaxPool, x: torch.Tensor) -> bool:
    """Whether other elements are the greatest where every element is changed a little."""
    ranks = torch.arange(x.numel(), dtype=x.dtype).reshape(x.shape)
    chosen = []
    for sign in (1e-11, -1e-11):
        shaken = (x * (1 + sign * torch.sin(ranks))).requires_grad_()
        (gradient,) = torch.autograd.grad(_max_pool(layer, shaken).sum(), shaken)
        chosen.append(gradient)
    return not torch.equal(*chosen)


def _average_pool(layer: pooling.AvgPool, x: torch.Tensor) -> torch.Tensor:
    rank = x.ndim - 2
    pool, stride = _nd("avg_pool{}d", rank), layer.stride or layer.kernel
    pads = _pads(layer, x)
    before, after = pads[-2::-2], pads[-1::-2]
    if before == after and rank < 3:
        return pool(x, layer.kernel, stride, before, layer.ceil, layer.count_pad)
    if layer.ceil:
        return _average_by_sums(layer, x)
    summed = pool(F.pad(x, pads), layer.kernel, stride)
    inside = pool(F.pad(torch.ones_like(x), pads), layer.kernel, stride)
    return summed if layer.count_pad else summed / inside


def _average_by_sums(layer: pooling.AvgPool, x: torch.Tensor) -> torch.Tensor:
    """Window by window, for what PyTorch's own pool refuses (maps smaller than the kernel in 3-D)."""
    rank, pads = x.ndim - 2, _pads(layer, x)
    stride, kernel = _each(layer.stride or layer.kernel, rank), _each(layer.kernel, rank)
    counted, real = F.pad(torch.ones_like(x), pads, value=float(layer.count_pad)), F.pad(x, pads)
    places = [range(0, n + before, s) for n, before, s in zip(x.shape[2:], pads[-2::-2], stride, strict=True)]
    places = [
        [start for start in axis if start + k - n < s]
        for axis, k, n, s in zip(places, kernel, real.shape[2:], stride, strict=True)
    ]
    means = []
    for corner in product(*places):
        window = (..., *(slice(start, start + k) for start, k in zip(corner, kernel, strict=True)))
        axes = tuple(range(2, x.ndim))
        means.append(real[window].sum(dim=axes) / counted[window].sum(dim=axes))
    return torch.stack(means, dim=-1).reshape(*x.shape[:2], *map(len, places))


def _transposed(
    layer: transposed.ConvTranspose, x: torch.Tensor, weight: torch.Tensor | None, bias: torch.Tensor | None
) -> torch.Tensor:
    """Everything that is spread, then cut to size."""
    rank = x.ndim - 2
    full = _nd("conv_transpose{}d", rank)(
        x, weight, None, stride=layer.stride, groups=layer.groups, dilation=layer.dilation
    )
    kernel, stride, dilation, extra = (
        _each(value, rank) for value in (layer.kernel, layer.stride, layer.dilation, layer.output_pad)
    )
    extents = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    if layer.pad == "same":
        over = [max(e - s, 0) for e, s in zip(extents, stride, strict=True)]
        before = [amount // 2 for amount in over]
        sizes = [s * n + o for s, n, o in zip(stride, x.shape[2:], extra, strict=True)]
    else:
        sides = [0] * 2 * rank if layer.pad == "valid" else _sides(layer.pad, rank)
        before, after = sides[-2::-2], sides[-1::-2]
        sizes = [n - b - a + o for n, b, a, o in zip(full.shape[2:], before, after, extra, strict=True)]
    ends = [size + b - n for size, b, n in zip(sizes, before, full.shape[2:], strict=True)]
    cut = [side for b, end in reversed(list(zip(before, ends, strict=True))) for side in (-b, end)]
    result = F.pad(full, cut)
    return result if bias is None else result + bias.view(-1, *(1,) * rank)
