"""Upsampling, and the shuffles that turn channels into pixels or put them in another order."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

import numpy as np

from cnnspec.backend.kernels.arrays import Array, Backward, Context, Forward
from cnnspec.backend.kernels.borders import Pixels, run_put, run_take
from cnnspec.backend.kernels.checks import Shapes, require, require_one, require_one_map, require_shape
from cnnspec.backend.kernels.jit import kernel
from cnnspec.backend.kernels.operations import ChannelShuffle, PixelShuffle, PixelUnshuffle, Shape, Upsample
from cnnspec.backend.kernels.shaping import run_rearrange
from cnnspec.backend.kernels.threads import launch


class Mix(NamedTuple):
    """For each pixel of an axis of the output: two of the input, and the share of the second."""

    first: Array
    second: Array
    share: Array


Mixes = tuple[Mix, Mix, Mix]
"""For depth, height and width."""


@kernel
def interpolate(begin: int, end: int, x: Array, y: Array, mixes: Mixes) -> None:
    """Weigh the corners around each place. A task is a plane."""
    depth, height, width = mixes
    for plane in range(begin, end):
        for a in range(y.shape[1]):
            for b in range(y.shape[2]):
                top, bottom = x[plane, depth.first[a]], x[plane, depth.second[a]]
                i, j, far, low = height.first[b], height.second[b], depth.share[a], height.share[b]
                for c in range(y.shape[3]):
                    left, right, at = width.first[c], width.second[c], width.share[c]
                    upper = (1 - at) * top[i, left] + at * top[i, right]
                    lower = (1 - at) * top[j, left] + at * top[j, right]
                    value = (1 - low) * upper + low * lower
                    if far > 0:
                        upper = (1 - at) * bottom[i, left] + at * bottom[i, right]
                        lower = (1 - at) * bottom[j, left] + at * bottom[j, right]
                        value = (1 - far) * value + far * ((1 - low) * upper + low * lower)
                    y[plane, a, b, c] = value


@kernel
def distribute(begin: int, end: int, dy: Array, dx: Array, mixes: Mixes) -> None:
    """The adjoint of `interpolate`. A task is a plane."""
    depth, height, width = mixes
    for plane in range(begin, end):
        dx[plane] = 0
        for a in range(dy.shape[1]):
            for b in range(dy.shape[2]):
                i, j, low = height.first[b], height.second[b], height.share[b]
                for c in range(dy.shape[3]):
                    left, right, at = width.first[c], width.second[c], width.share[c]
                    for side in range(2):
                        far = depth.share[a] if side else 1 - depth.share[a]
                        target = dx[plane, depth.second[a] if side else depth.first[a]]
                        value = dy[plane, a, b, c] * far
                        target[i, left] += (1 - low) * (1 - at) * value
                        target[i, right] += (1 - low) * at * value
                        target[j, left] += low * (1 - at) * value
                        target[j, right] += low * at * value


def fit_upsample(operation: Upsample, inputs: Shapes, outputs: Shapes, weights: Shapes) -> None:
    """Raise ValueError unless the channels stay."""
    del operation, weights
    require_one_map(inputs, outputs)
    require(inputs[0][1] == outputs[0][1], "upsampling keeps the channels")


def forward_upsample(operation: Upsample, arrays: Forward, context: Context) -> None:
    """Repeat pixels, or weigh those around each place."""
    x, y = arrays.inputs[0], arrays.outputs[0]
    if operation.mode == "nearest":
        run_take(x, y, _nearest(x.shape, y.shape), 0.0, context.threads)
    else:
        planes = len(x) * x.shape[1]
        views = x.reshape(planes, *x.shape[2:]), y.reshape(planes, *y.shape[2:])
        launch(interpolate, planes, 8 * y.size, context.threads, *views, _mixes(operation, x.shape, y.shape))


def backward_upsample(operation: Upsample, arrays: Backward, context: Context) -> None:
    """Each pixel's gradient is shared as its value was."""
    dy, dx = arrays.output_gradients[0], arrays.input_gradients[0]
    if dx is None:
        return
    if operation.mode == "nearest":
        run_put(dy, dx, _nearest(dx.shape, dy.shape), context.threads)
    else:
        planes = len(dy) * dy.shape[1]
        views = dy.reshape(planes, *dy.shape[2:]), dx.reshape(planes, *dx.shape[2:])
        mixes = _mixes(operation, dx.shape, dy.shape)
        launch(distribute, planes, 8 * dy.size, context.threads, *views, mixes)


def _nearest(inputs: Shape, outputs: Shape) -> Pixels:
    """Pixel i of m repeats pixel ⌊i·n/m⌋."""
    depth, height, width = (np.arange(outputs[axis]) * inputs[axis] // outputs[axis] for axis in (2, 3, 4))
    return depth, height, width


def _mixes(operation: Upsample, inputs: Shape, outputs: Shape) -> Mixes:
    along = (_mix(inputs[axis], outputs[axis], operation.align_corners) for axis in (2, 3, 4))
    depth, height, width = along
    return depth, height, width


def _mix(size: int, outputs: int, align_corners: bool) -> Mix:
    """Pixel i looks up i·(n − 1)/(m − 1), or (i + ½)·n/m − ½ but not before the first."""
    i = np.arange(outputs)
    if align_corners:
        place = i * (size - 1) / max(outputs - 1, 1)
    else:
        place = np.maximum((i + 0.5) * size / outputs - 0.5, 0)
    first = np.minimum(place.astype(np.int64), size - 1)
    return Mix(first, np.minimum(first + 1, size - 1), place - first)


def fit_pixels(operation: PixelShuffle, inputs: Shapes, outputs: Shapes, weights: Shapes) -> None:
    """Raise ValueError unless the channels that go become pixels."""
    del weights
    require_one_map(inputs, outputs)
    batch, channels, *sizes = inputs[0]
    taken = prod(operation.factor)
    require(min(operation.factor) > 0, "a factor is not positive")
    require(channels % taken == 0, f"{channels} channels do not divide into {taken} pixels")
    grown = (size * factor for size, factor in zip(sizes, operation.factor, strict=True))
    require_shape("the output", outputs[0], (batch, channels // taken, *grown))


def forward_pixels(operation: PixelShuffle, arrays: Forward, context: Context) -> None:
    """Interleave channels and pixels."""
    image = arrays.inputs[0]
    run_rearrange(image, arrays.outputs[0], *_interleaving(operation, image.shape), context.threads)


def backward_pixels(operation: PixelShuffle, arrays: Backward, context: Context) -> None:
    """And back."""
    if (dx := arrays.input_gradients[0]) is not None:
        axes = _interleaving(operation, dx.shape)
        run_rearrange(dx, arrays.output_gradients[0], *axes, context.threads, back=True)


def fit_tiles(operation: PixelUnshuffle, inputs: Shapes, outputs: Shapes, weights: Shapes) -> None:
    """Raise ValueError unless the pixels that go become channels."""
    fit_pixels(PixelShuffle(operation.factor), outputs, inputs, weights)


def forward_tiles(operation: PixelUnshuffle, arrays: Forward, context: Context) -> None:
    """Take channels and pixels apart."""
    tiles = arrays.outputs[0]
    run_rearrange(tiles, arrays.inputs[0], *_interleaving(operation, tiles.shape), context.threads, back=True)


def backward_tiles(operation: PixelUnshuffle, arrays: Backward, context: Context) -> None:
    """And back."""
    if (dx := arrays.input_gradients[0]) is not None:
        dy = arrays.output_gradients[0]
        run_rearrange(dy, dx, *_interleaving(operation, dy.shape), context.threads)


def _interleaving(operation: PixelShuffle | PixelUnshuffle, shape: Shape) -> tuple[Shape, tuple[int, ...]]:
    batch, channels, *sizes = shape
    expanded = (batch, channels // prod(operation.factor), *operation.factor, *sizes)
    return expanded, (0, 1, 5, 2, 6, 3, 7, 4)


def fit_channels(operation: ChannelShuffle, inputs: Shapes, outputs: Shapes, weights: Shapes) -> None:
    """Raise ValueError unless the groups divide the channels."""
    del weights
    require_one(inputs, outputs)
    divides = operation.groups > 0 and inputs[0][1] % operation.groups == 0
    require(divides, f"{inputs[0][1]} channels do not divide into {operation.groups} groups")


def forward_channels(operation: ChannelShuffle, arrays: Forward, context: Context) -> None:
    """Transpose the matrix of channels."""
    image = arrays.inputs[0]
    run_rearrange(image, arrays.outputs[0], *_transposition(operation, image.shape), context.threads)


def backward_channels(operation: ChannelShuffle, arrays: Backward, context: Context) -> None:
    """And back."""
    if (dx := arrays.input_gradients[0]) is not None:
        axes = _transposition(operation, dx.shape)
        run_rearrange(dx, arrays.output_gradients[0], *axes, context.threads, back=True)


def _transposition(operation: ChannelShuffle, shape: Shape) -> tuple[Shape, tuple[int, ...]]:
    batch, channels, *sizes = shape
    return (batch, operation.groups, channels // operation.groups, prod(sizes)), (0, 2, 1, 3)
