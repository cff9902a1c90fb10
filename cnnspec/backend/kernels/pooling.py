"""Pools: each window of a plane becomes one number.

Windows and the bins of adaptive pools are the same to the kernels: along each axis and for each output, the
pixels it reads and the number by which a mean is divided (a row of `spans`).
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import NamedTuple

import numpy as np

from cnnspec.backend.kernels.arrays import Array, Backward, Context, Forward
from cnnspec.backend.kernels.checks import Shapes, require, require_one_map
from cnnspec.backend.kernels.jit import inline, kernel
from cnnspec.backend.kernels.operations import (
    AdaptiveAveragePool,
    AdaptiveMaxPool,
    AveragePool,
    LpPool,
    MaxPool,
    Shape,
    Triple,
    Window,
)
from cnnspec.backend.kernels.threads import launch

WindowPool = MaxPool | AveragePool | LpPool
AdaptivePool = AdaptiveMaxPool | AdaptiveAveragePool


class Spans(NamedTuple):
    """What the outputs read along each axis: rows of (first pixel, pixels, divisor), and the steps."""

    depth: Array
    height: Array
    width: Array
    step: Triple
    inputs: Triple


@inline
def _pixel(spans: Spans, output: Triple, tap: Triple) -> int:
    """Where in its plane a tap of the window of an output lies."""
    d = spans.depth[output[0], 0] + tap[0] * spans.step[0]
    h = spans.height[output[1], 0] + tap[1] * spans.step[1]
    w = spans.width[output[2], 0] + tap[2] * spans.step[2]
    return (d * spans.inputs[1] + h) * spans.inputs[2] + w


@inline
def _divisor(spans: Spans, output: Triple) -> int:
    return spans.depth[output[0], 2] * spans.height[output[1], 2] * spans.width[output[2], 2]


@kernel
def max_forward(begin: int, end: int, x: Array, y: Array, argmax: Array, spans: Spans) -> None:
    """The greatest of each window and where it is (−1: nowhere). NaN is greatest. A task is a plane."""
    for plane in range(begin, end):
        for a in range(y.shape[1]):
            for b in range(y.shape[2]):
                for c in range(y.shape[3]):
                    best, found = -np.inf, -1
                    for d in range(spans.depth[a, 1]):
                        for h in range(spans.height[b, 1]):
                            for w in range(spans.width[c, 1]):
                                at = _pixel(spans, (a, b, c), (d, h, w))
                                value = x[plane, at]
                                if value > best or np.isnan(value) or found < 0:
                                    best, found = value, at
                    y[plane, a, b, c] = best
                    if argmax.size:
                        argmax[plane, a, b, c] = found


@kernel
def max_backward(begin: int, end: int, dy: Array, argmax: Array, dx: Array) -> None:
    """Each output's gradient goes to where it was found. A task is a plane."""
    for plane in range(begin, end):
        dx[plane] = 0
        for i in range(dy.shape[1]):
            if argmax[plane, i] >= 0:
                dx[plane, argmax[plane, i]] += dy[plane, i]


@kernel
def mean_forward(begin: int, end: int, x: Array, y: Array, spans: Spans) -> None:
    """The sum of each window over its divisor. A task is a plane."""
    for plane in range(begin, end):
        for a in range(y.shape[1]):
            for b in range(y.shape[2]):
                for c in range(y.shape[3]):
                    total = 0.0
                    for d in range(spans.depth[a, 1]):
                        for h in range(spans.height[b, 1]):
                            for w in range(spans.width[c, 1]):
                                at = _pixel(spans, (a, b, c), (d, h, w))
                                total += x[plane, at]
                    y[plane, a, b, c] = total / _divisor(spans, (a, b, c))


@kernel
def mean_backward(begin: int, end: int, dy: Array, dx: Array, spans: Spans) -> None:
    """Each output's gradient, over its divisor, goes to its whole window. A task is a plane."""
    for plane in range(begin, end):
        dx[plane] = 0
        for a in range(dy.shape[1]):
            for b in range(dy.shape[2]):
                for c in range(dy.shape[3]):
                    share = dy[plane, a, b, c] / _divisor(spans, (a, b, c))
                    for d in range(spans.depth[a, 1]):
                        for h in range(spans.height[b, 1]):
                            for w in range(spans.width[c, 1]):
                                at = _pixel(spans, (a, b, c), (d, h, w))
                                dx[plane, at] += share


@kernel
def norm_forward(begin: int, end: int, x: Array, y: Array, spans: Spans, power: float, taps: int) -> None:
    """`(taps · mean of xᵖ)^(1/p)` of each window. A task is a plane."""
    for plane in range(begin, end):
        for a in range(y.shape[1]):
            for b in range(y.shape[2]):
                for c in range(y.shape[3]):
                    total = 0.0
                    for d in range(spans.depth[a, 1]):
                        for h in range(spans.height[b, 1]):
                            for w in range(spans.width[c, 1]):
                                at = _pixel(spans, (a, b, c), (d, h, w))
                                total += np.float64(x[plane, at]) ** power
                    mean = total / _divisor(spans, (a, b, c))
                    y[plane, a, b, c] = (taps * mean) ** (1 / power)


@kernel
def norm_backward(
    begin: int,
    end: int,
    x: Array,
    y: Array,
    dy: Array,
    dx: Array,
    spans: Spans,
    power: float,
    taps: int,
) -> None:
    """`dy · taps / divisor · (x / y)^(p − 1)`, and 0 where y is 0. A task is a plane."""
    for plane in range(begin, end):
        dx[plane] = 0
        for a in range(dy.shape[1]):
            for b in range(dy.shape[2]):
                for c in range(dy.shape[3]):
                    norm = np.float64(y[plane, a, b, c])
                    if norm == 0:
                        continue
                    share = dy[plane, a, b, c] * taps / _divisor(spans, (a, b, c))
                    for d in range(spans.depth[a, 1]):
                        for h in range(spans.height[b, 1]):
                            for w in range(spans.width[c, 1]):
                                at = _pixel(spans, (a, b, c), (d, h, w))
                                dx[plane, at] += share * (x[plane, at] / norm) ** (power - 1)


def fit_windows(operation: WindowPool, inputs: Shapes, outputs: Shapes, weights: Shapes) -> None:
    """Raise ValueError unless every window starts inside the map or the padding before it."""
    _fit_planes(inputs, outputs, weights)
    window = operation.window
    require(min(*window.size, *window.stride, *window.dilation) > 0, "a window is not positive")
    require(min(*window.before, *window.after) >= 0, "a padding is negative")
    for axis in range(3):
        start = (outputs[0][2 + axis] - 1) * window.stride[axis] - window.before[axis]
        require(start < inputs[0][2 + axis], f"the last window starts at {start}, past the end of the map")


def fit_bins(operation: AdaptivePool, inputs: Shapes, outputs: Shapes, weights: Shapes) -> None:
    """Raise ValueError unless maps of the same channels go in and out."""
    del operation
    _fit_planes(inputs, outputs, weights)


def _fit_planes(inputs: Shapes, outputs: Shapes, weights: Shapes) -> None:
    del weights
    require_one_map(inputs, outputs)
    require(inputs[0][1] == outputs[0][1], "a pool keeps its channels")
    require(prod(inputs[0][2:]) < 2**31, "a plane has more elements than positions in it can be told")


def forward_max(operation: MaxPool | AdaptiveMaxPool, arrays: Forward, context: Context) -> None:
    """The greatest of each window; the positions too, where they are saved."""
    x, y = _flat(arrays.inputs[0]), _planes(arrays.outputs[0])
    argmax = _planes(arrays.saved[0]) if arrays.saved else np.empty((0, 0, 0, 0), np.int32)
    spans = _spans(operation, arrays.inputs[0].shape, arrays.outputs[0].shape)
    launch(max_forward, len(x), _visits(spans, len(x)), context.threads, x, y, argmax, spans)


def backward_max(operation: MaxPool | AdaptiveMaxPool, arrays: Backward, context: Context) -> None:
    """The gradient goes to the greatest."""
    del operation
    dx, dy = arrays.input_gradients[0], arrays.output_gradients[0]
    if dx is not None:
        planes, work = dy.shape[0] * dy.shape[1], dx.size + dy.size
        launch(max_backward, planes, work, context.threads, *map(_flat, (dy, arrays.saved[0], dx)))


def forward_mean(operation: AveragePool | AdaptiveAveragePool, arrays: Forward, context: Context) -> None:
    """The mean of each window."""
    x, y = _flat(arrays.inputs[0]), _planes(arrays.outputs[0])
    spans = _spans(operation, arrays.inputs[0].shape, arrays.outputs[0].shape)
    launch(mean_forward, len(x), _visits(spans, len(x)), context.threads, x, y, spans)


def backward_mean(operation: AveragePool | AdaptiveAveragePool, arrays: Backward, context: Context) -> None:
    """The gradient is spread evenly."""
    dx, dy = arrays.input_gradients[0], arrays.output_gradients[0]
    if dx is not None:
        spans = _spans(operation, dx.shape, dy.shape)
        views = _planes(dy), _flat(dx)
        launch(mean_backward, len(views[0]), _visits(spans, len(views[0])), context.threads, *views, spans)


def forward_norm(operation: LpPool, arrays: Forward, context: Context) -> None:
    """The p-norm of each window."""
    x, y = _flat(arrays.inputs[0]), _planes(arrays.outputs[0])
    spans = _spans(operation, arrays.inputs[0].shape, arrays.outputs[0].shape)
    taps, work = prod(operation.window.size), _visits(spans, len(x))
    launch(norm_forward, len(x), work, context.threads, x, y, spans, operation.power, taps)


def backward_norm(operation: LpPool, arrays: Backward, context: Context) -> None:
    """The gradient goes to each element by its share in the norm."""
    if arrays.input_gradients[0] is not None:
        x, dx = _flat(arrays.inputs[0]), _flat(arrays.input_gradients[0])
        y, dy = _planes(arrays.outputs[0]), _planes(arrays.output_gradients[0])
        spans = _spans(operation, arrays.inputs[0].shape, arrays.outputs[0].shape)
        taps, work = prod(operation.window.size), _visits(spans, len(x))
        arguments = x, y, dy, dx, spans, operation.power, taps
        launch(norm_backward, len(x), work, context.threads, *arguments)


def _flat(maps: Array) -> Array:
    return maps.reshape(maps.shape[0] * maps.shape[1], -1)


def _planes(maps: Array) -> Array:
    batch, channels, *spatial = maps.shape
    return maps.reshape(batch * channels, *spatial)


def _visits(spans: Spans, planes: int) -> int:
    """How many elements are looked at in all windows."""
    return planes * prod(int(axis[:, 1].sum()) for axis in spans[:3])


@lru_cache(maxsize=1024)
def _spans(operation: WindowPool | AdaptivePool, inputs: Shape, outputs: Shape) -> Spans:
    depth, height, width = (_along(operation, axis, inputs[2 + axis], outputs[2 + axis]) for axis in range(3))
    adaptive = isinstance(operation, AdaptiveMaxPool | AdaptiveAveragePool)
    step = (1, 1, 1) if adaptive else operation.window.dilation
    return Spans(depth, height, width, step, (inputs[2], inputs[3], inputs[4]))


def _along(operation: WindowPool | AdaptivePool, axis: int, size: int, outputs: int) -> Array:
    if isinstance(operation, AdaptiveMaxPool | AdaptiveAveragePool):
        return _bins(size, outputs)
    count_pad = not isinstance(operation, AveragePool) or operation.count_pad
    return _windows(operation.window, axis, size, outputs, count_pad)


def _bins(size: int, outputs: int) -> Array:
    """Bin i of m goes from ⌊i·n/m⌋ to ⌈(i + 1)·n/m⌉."""
    i = np.arange(outputs)
    first, end = i * size // outputs, -(-(i + 1) * size // outputs)
    return np.stack([first, end - first, end - first], axis=1)


def _windows(window: Window, axis: int, size: int, outputs: int, count_pad: bool) -> Array:
    """A mean is divided by the taps inside the map, or inside the padded map."""
    step, taps = window.dilation[axis], window.size[axis]
    start = np.arange(outputs) * window.stride[axis] - window.before[axis]
    skipped = np.minimum(np.maximum(0, -(start // step)), taps)
    inside = np.clip(-((start - size) // step), skipped, taps) - skipped
    padded = np.clip(-((start - size - window.after[axis]) // step), 0, taps)
    divisor = padded if count_pad else np.maximum(inside, 1)
    return np.stack([start + skipped * step, inside, divisor], axis=1)
