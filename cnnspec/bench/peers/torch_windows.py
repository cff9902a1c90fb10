# pyright: basic, reportMissingImports=false
# The frameworks need not be installed; where they are, not all of them bring types.
"""Layers with windows as PyTorch runs them: convolutions and pools, in one, two and three dimensions.

A layer is said from its arguments alone: no window, shape or number of our own backend is used, because the
tests hold that backend against this. Where PyTorch cannot pad by itself, zeros are put around first.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812

Sides = list[int]
"""As `F.pad` wants them: the last axis first, before and after."""


def shape_of(x: torch.Tensor) -> tuple[int, ...]:
    """The shape in plain numbers: while a net is written as ONNX, PyTorch's own sizes are operations.

    ONNX divides them otherwise than Python does.
    """
    return tuple(map(int, x.shape))


def nd(name: str, rank: int) -> Callable[..., torch.Tensor]:
    """The function of PyTorch for so many axes: `conv{}d`."""
    return getattr(F, name.format(rank))


def each(value: Any, rank: int) -> tuple[int, ...]:
    """An argument that is one number, or one an axis."""
    return tuple(value) if isinstance(value, tuple) else (value,) * rank


def sides(amount: object, rank: int) -> Sides:
    """What a padding argument puts around."""
    pairs = [pair if isinstance(pair, tuple) else (pair, pair) for pair in each(amount, rank)]
    return [side for pair in reversed(pairs) for side in pair]


def pads(layer: Any, x: torch.Tensor) -> Sides:
    """The padding of a window; `same` as TensorFlow defines it."""
    rank = x.ndim - 2
    if layer.pad == "valid":
        return [0] * 2 * rank
    if layer.pad != "same":
        return sides(layer.pad, rank)
    pairs: list[tuple[int, int]] = []
    stride = layer.stride or layer.kernel
    dilation = getattr(layer, "dilation", 1)
    arguments = (each(value, rank) for value in (layer.kernel, stride, dilation))
    for n, k, s, d in zip(shape_of(x)[2:], *arguments, strict=True):
        total = max((-(-n // s) - 1) * s + d * (k - 1) + 1 - n, 0)
        pairs.append((total // 2, total - total // 2))
    return sides(tuple(pairs), rank)


def convolution(layer: Any, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    """A convolution."""
    rank, around = x.ndim - 2, pads(layer, x)
    before, after = around[-2::-2], around[-1::-2]
    if before != after:
        x, before = F.pad(x, around), [0] * rank
    return nd("conv{}d", rank)(x, weight, bias, layer.stride, before, layer.dilation, layer.groups)


def transposed(layer: Any, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    """A transposed convolution: everything that is spread, then cut to size."""
    rank = x.ndim - 2
    full = nd("conv_transpose{}d", rank)(
        x, weight, None, stride=layer.stride, groups=layer.groups, dilation=layer.dilation
    )
    kernel, stride, dilation, extra = (
        each(value, rank) for value in (layer.kernel, layer.stride, layer.dilation, layer.output_pad)
    )
    extents = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    if layer.pad == "same":
        over = [max(e - s, 0) for e, s in zip(extents, stride, strict=True)]
        before = [amount // 2 for amount in over]
        sizes = [s * n + o for s, n, o in zip(stride, shape_of(x)[2:], extra, strict=True)]
    else:
        around = [0] * 2 * rank if layer.pad == "valid" else sides(layer.pad, rank)
        before, after = around[-2::-2], around[-1::-2]
        sizes = [n - b - a + o for n, b, a, o in zip(shape_of(full)[2:], before, after, extra, strict=True)]
    ends = [size + b - n for size, b, n in zip(sizes, before, shape_of(full)[2:], strict=True)]
    cut = [side for b, end in reversed(list(zip(before, ends, strict=True))) for side in (-b, end)]
    result = F.pad(full, cut) if any(cut) else full
    return result if bias is None else result + bias.view(-1, *(1,) * rank)


def max_pool(layer: Any, x: torch.Tensor) -> torch.Tensor:
    """The greatest of each window: PyTorch's own padding where it can say it, −∞ otherwise."""
    rank = x.ndim - 2
    pool, stride = nd("max_pool{}d", rank), layer.stride or layer.kernel
    around = pads(layer, x)
    before, after = around[-2::-2], around[-1::-2]
    if before == after:
        return pool(x, layer.kernel, stride, before, layer.dilation, layer.ceil)
    if layer.ceil:
        raise NotImplementedError("a pool that rounds up, with more padding on one side")
    return pool(F.pad(x, around, value=-torch.inf), layer.kernel, stride, 0, layer.dilation)


def average_pool(layer: Any, x: torch.Tensor) -> torch.Tensor:
    """The mean of each window."""
    rank = x.ndim - 2
    pool, stride = nd("avg_pool{}d", rank), layer.stride or layer.kernel
    around = pads(layer, x)
    before, after = around[-2::-2], around[-1::-2]
    if before == after and rank < 3:
        return pool(x, layer.kernel, stride, before, layer.ceil, layer.count_pad)
    if layer.ceil:
        return _average_by_sums(layer, x)
    padded = F.pad(x, around) if any(around) else x
    summed = pool(padded, layer.kernel, stride)
    if layer.count_pad or not any(around):
        return summed
    return summed / pool(F.pad(torch.ones_like(x), around), layer.kernel, stride)


def _average_by_sums(layer: Any, x: torch.Tensor) -> torch.Tensor:
    """Window by window, for what PyTorch's own pool refuses (maps smaller than the kernel in 3-D)."""
    rank, around = x.ndim - 2, pads(layer, x)
    stride, kernel = each(layer.stride or layer.kernel, rank), each(layer.kernel, rank)
    counted, real = F.pad(torch.ones_like(x), around, value=float(layer.count_pad)), F.pad(x, around)
    places = [
        range(0, n + before, s) for n, before, s in zip(shape_of(x)[2:], around[-2::-2], stride, strict=True)
    ]
    places = [
        [start for start in axis if start + k - n < s]
        for axis, k, n, s in zip(places, kernel, shape_of(real)[2:], stride, strict=True)
    ]
    means = []
    for corner in product(*places):
        window = (..., *(slice(start, start + k) for start, k in zip(corner, kernel, strict=True)))
        axes = tuple(range(2, x.ndim))
        means.append(real[window].sum(dim=axes) / counted[window].sum(dim=axes))
    return torch.stack(means, dim=-1).reshape(*shape_of(x)[:2], *map(len, places))
