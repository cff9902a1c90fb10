# pyright: basic, reportMissingImports=false
# The frameworks need not be installed; where they are, not all of them bring types.
"""Every layer of the language as PyTorch runs it, from the layer's arguments alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812

from cnnspec.bench.peers import torch_windows as windows
from cnnspec.bench.peers.torch_windows import each, nd, shape_of, sides
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
from cnnspec.layers.base import Layer

Tensors = list[torch.Tensor]
_AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}


@dataclass(frozen=True)
class Use:
    """A layer on its inputs, with its weights by name."""

    layer: Any
    inputs: Tensors
    own: Mapping[str, torch.Tensor]
    training: bool

    @property
    def x(self) -> torch.Tensor:
        """The first input."""
        return self.inputs[0]

    @property
    def rank(self) -> int:
        """How many axes the map has."""
        return self.x.ndim - 2

    @property
    def weight(self) -> Any:
        """The weight, where there is one."""
        return self.own.get("weight")

    @property
    def bias(self) -> Any:
        """The bias, where there is one."""
        return self.own.get("bias")


def run_layer(layer: Layer, inputs: Tensors, own: Mapping[str, torch.Tensor], *, training: bool) -> Tensors:
    """The outputs of a layer. Raises NotImplementedError for what PyTorch does not have."""
    if not runs(type(layer)):
        raise NotImplementedError(f"the layer `{layer.word}`")
    run = next(_RUNS[kind] for kind in type(layer).__mro__ if kind in _RUNS)
    result = run(Use(layer, inputs, own, training))
    return list(result) if isinstance(result, tuple | list) else [result]


def runs(kind: type[Layer]) -> bool:
    """Whether PyTorch has such a layer."""
    return any(base in _RUNS for base in kind.__mro__)


# --- normalisation ----------------------------------------------------------------------------------------


def _batch_norm(use: Use) -> torch.Tensor:
    layer, own = use.layer, use.own
    mean, var = own.get("running_mean"), own.get("running_var")
    of_batch = use.training or not layer.track
    momentum, eps = float(layer.momentum), float(layer.eps)
    return F.batch_norm(use.x, mean, var, use.weight, use.bias, of_batch, momentum, eps)


def _layer_norm(use: Use) -> torch.Tensor:
    eps = float(use.layer.eps)
    if use.layer.over == "sample":
        return F.layer_norm(use.x, shape_of(use.x)[1:], use.weight, use.bias, eps)
    rank = use.rank
    last = use.x.permute(0, *range(2, 2 + rank), 1)
    normed = F.layer_norm(last, shape_of(last)[-1:], use.weight, use.bias, eps)
    return normed.permute(0, 1 + rank, *range(1, 1 + rank))


def _local_response_norm(use: Use) -> torch.Tensor:
    layer = use.layer
    return F.local_response_norm(use.x, layer.size, float(layer.alpha), float(layer.beta), float(layer.k))


# --- maps -------------------------------------------------------------------------------------------------


def _upsample(use: Use) -> torch.Tensor:
    layer, rank = use.layer, use.rank
    factors = zip(shape_of(use.x)[2:], each(layer.factor, rank), strict=True)
    sizes = layer.size or tuple(size * factor for size, factor in factors)
    mode = "nearest" if layer.mode == "nearest" else ("linear", "bilinear", "trilinear")[rank - 1]
    corners = layer.align_corners if mode != "nearest" else None
    return F.interpolate(use.x, each(sizes, rank), mode=mode, align_corners=corners)


def _pixel_shuffle(use: Use) -> torch.Tensor:
    """PyTorch has it for two axes; for others the channels are moved beside the axes they go to."""
    x, rank, r = use.x, use.rank, use.layer.factor
    if rank == 2:
        return F.pixel_shuffle(x, r)
    apart = x.reshape(len(x), shape_of(x)[1] // r**rank, *[r] * rank, *shape_of(x)[2:])
    pairs = [axis for k in range(rank) for axis in (2 + rank + k, 2 + k)]
    return apart.permute(0, 1, *pairs).reshape(*shape_of(apart)[:2], *(n * r for n in shape_of(x)[2:]))


def _pixel_unshuffle(use: Use) -> torch.Tensor:
    """PyTorch has it for two axes; for others the place in its tile of a pixel becomes a channel."""
    x, rank, r = use.x, use.rank, use.layer.factor
    if rank == 2:
        return F.pixel_unshuffle(x, r)
    sizes = [n // r for n in shape_of(x)[2:]]
    apart = x.reshape(*shape_of(x)[:2], *(part for n in sizes for part in (n, r)))
    within, across = range(3, 3 + 2 * rank, 2), range(2, 2 + 2 * rank, 2)
    return apart.permute(0, 1, *within, *across).reshape(len(x), shape_of(x)[1] * r**rank, *sizes)


def _channel_shuffle(use: Use) -> torch.Tensor:
    """In steps that ONNX has, which lacks the whole."""
    x, groups = use.x, use.layer.groups
    apart = x.reshape(len(x), groups, shape_of(x)[1] // groups, *shape_of(x)[2:])
    return apart.transpose(1, 2).reshape(shape_of(x))


def _pad(use: Use) -> torch.Tensor:
    layer = use.layer
    value = float(layer.value) if layer.mode == "constant" else None
    return F.pad(use.x, sides(layer.amount, use.rank), layer.mode, value)


def _crop(use: Use) -> torch.Tensor:
    return F.pad(use.x, [-amount for amount in sides(use.layer.amount, use.rank)])


def _lp_pool(use: Use) -> torch.Tensor:
    layer = use.layer
    return nd("lp_pool{}d", use.rank)(use.x, float(layer.norm), layer.kernel, layer.stride, layer.ceil)


def _adaptive(name: str) -> Callable[[Use], torch.Tensor]:
    return lambda use: nd(name, use.rank)(use.x, use.layer.size)


# --- shapes and several tensors ---------------------------------------------------------------------------


def _axis(name: str, x: torch.Tensor) -> int:
    return 1 if name == "channels" else 2 + _AXES[x.ndim - 2].index(name)


def _squeeze(use: Use) -> torch.Tensor:
    return use.x.reshape(*shape_of(use.x)[:2], *(n for n in shape_of(use.x)[2:] if n != 1))


def _split(use: Use) -> Any:
    axis, parts = _axis(use.layer.axis, use.x), use.layer.parts
    if isinstance(parts, tuple):
        return torch.split(use.x, list(parts), dim=axis)
    return torch.split(use.x, shape_of(use.x)[axis] // parts, dim=axis)


def _scale(use: Use) -> torch.Tensor:
    spread = (-1, *(1,) * use.rank)
    return use.x * use.weight.view(spread) + (use.bias.view(spread) if use.layer.bias else 0)


_RUNS: dict[type, Callable[[Use], Any]] = {
    convolution.Conv: lambda use: windows.convolution(use.layer, use.x, use.weight, use.bias),
    transposed.ConvTranspose: lambda use: windows.transposed(use.layer, use.x, use.weight, use.bias),
    linear.Linear: lambda use: F.linear(use.x, use.weight, use.bias),
    pooling.MaxPool: lambda use: windows.max_pool(use.layer, use.x),
    pooling.AvgPool: lambda use: windows.average_pool(use.layer, use.x),
    pooling.LpPool: _lp_pool,
    pooling.GlobalAvgPool: lambda use: nd("adaptive_avg_pool{}d", use.rank)(use.x, 1),
    pooling.GlobalMaxPool: lambda use: use.x.amax(dim=tuple(range(2, use.x.ndim)), keepdim=True),
    pooling.AdaptiveAvgPool: _adaptive("adaptive_avg_pool{}d"),
    pooling.AdaptiveMaxPool: _adaptive("adaptive_max_pool{}d"),
    normalisation.BatchNorm: _batch_norm,
    normalisation.GroupNorm: lambda use: F.group_norm(
        use.x, use.layer.groups, use.weight, use.bias, float(use.layer.eps)
    ),
    normalisation.InstanceNorm: lambda use: F.instance_norm(
        use.x, weight=use.weight, bias=use.bias, eps=float(use.layer.eps)
    ),
    normalisation.LayerNorm: _layer_norm,
    normalisation.LocalResponseNorm: _local_response_norm,
    dropout.Dropout: lambda use: F.dropout(use.x, float(use.layer.p), use.training),
    resampling.Upsample: _upsample,
    resampling.PixelShuffle: _pixel_shuffle,
    resampling.PixelUnshuffle: _pixel_unshuffle,
    resampling.ChannelShuffle: _channel_shuffle,
    borders.Pad: _pad,
    borders.Crop: _crop,
    shaping.Identity: lambda use: use.x,
    shaping.Flatten: lambda use: use.x.flatten(1),
    shaping.Reshape: lambda use: use.x.reshape(len(use.x), *use.layer.sizes),
    shaping.Permute: lambda use: use.x.permute(0, *(axis + 1 for axis in use.layer.order)),
    shaping.Squeeze: _squeeze,
    merging.Concat: lambda use: torch.cat(use.inputs, dim=_axis(use.layer.axis, use.x)),
    merging.Add: lambda use: reduce(torch.add, use.inputs),
    merging.Mul: lambda use: reduce(torch.mul, use.inputs),
    merging.Hypot: lambda use: torch.hypot(*use.inputs),
    merging.Atan2: lambda use: torch.atan2(*use.inputs),
    splitting.Split: _split,
    scaling.Scale: _scale,
    scaling.Times: lambda use: use.x * float(use.layer.factor),
    activation.Softmax: lambda use: F.softmax(use.x, dim=1),
    activation.LogSoftmax: lambda use: F.log_softmax(use.x, dim=1),
    activation.PRelu: lambda use: F.prelu(use.x, use.weight),
    activation.LeakyRelu: lambda use: F.leaky_relu(use.x, float(use.layer.slope)),
    activation.Elu: lambda use: F.elu(use.x, float(use.layer.alpha)),
    activation.Gelu: lambda use: F.gelu(use.x, approximate=use.layer.approximate),
    activation.Sigmoid: lambda use: torch.sigmoid(use.x),
    activation.Tanh: lambda use: torch.tanh(use.x),
    activation.Activation: lambda use: getattr(F, use.layer.word)(use.x),
}
