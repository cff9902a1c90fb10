"""Padding and cropping: each axis of the output is a list of the pixels it repeats (−1: none)."""

from __future__ import annotations

import numpy as np

from cnnspec.backend.kernels.arrays import Array, Backward, Context, Forward
from cnnspec.backend.kernels.checks import Shapes, require, require_one_map, require_shape
from cnnspec.backend.kernels.jit import kernel
from cnnspec.backend.kernels.operations import Crop, Pad, Shape
from cnnspec.backend.kernels.threads import launch

Pixels = tuple[Array, Array, Array]
"""For depth, height and width: which pixel of the input each of the output repeats, or −1."""


@kernel
def take(begin: int, end: int, x: Array, y: Array, pixels: Pixels, value: float) -> None:
    """Repeat pixels, and put `value` where there are none. A task is a plane."""
    depth, height, width = pixels
    for plane in range(begin, end):
        for a in range(y.shape[1]):
            for b in range(y.shape[2]):
                outside = depth[a] < 0 or height[b] < 0
                for c in range(y.shape[3]):
                    if outside or width[c] < 0:
                        y[plane, a, b, c] = value
                    else:
                        y[plane, a, b, c] = x[plane, depth[a], height[b], width[c]]


@kernel
def put(begin: int, end: int, dy: Array, dx: Array, pixels: Pixels) -> None:
    """Add each gradient to that of the pixel that was repeated. A task is a plane."""
    depth, height, width = pixels
    for plane in range(begin, end):
        dx[plane] = 0
        for a in range(dy.shape[1]):
            for b in range(dy.shape[2]):
                if depth[a] >= 0 and height[b] >= 0:
                    for c in range(dy.shape[3]):
                        if width[c] >= 0:
                            dx[plane, depth[a], height[b], width[c]] += dy[plane, a, b, c]


def run_take(x: Array, y: Array, pixels: Pixels, value: float, threads: int) -> None:
    """Enter `take` with maps."""
    planes = len(y) * y.shape[1]
    views = x.reshape(planes, *x.shape[2:]), y.reshape(planes, *y.shape[2:])
    launch(take, planes, y.size, threads, *views, pixels, value)


def run_put(dy: Array, dx: Array, pixels: Pixels, threads: int) -> None:
    """Enter `put` with maps."""
    planes = len(dy) * dy.shape[1]
    views = dy.reshape(planes, *dy.shape[2:]), dx.reshape(planes, *dx.shape[2:])
    launch(put, planes, dy.size + dx.size, threads, *views, pixels)


def fit(operation: Pad | Crop, inputs: Shapes, outputs: Shapes, weights: Shapes) -> None:
    """Raise ValueError unless every axis grows by the padding or shrinks by what is cut."""
    del weights
    require_one_map(inputs, outputs)
    require(min(*operation.before, *operation.after) >= 0, "what is added or cut is negative")
    sign = 1 if isinstance(operation, Pad) else -1
    sides = zip(inputs[0][2:], operation.before, operation.after, strict=True)
    sizes = [size + sign * (before + after) for size, before, after in sides]
    require_shape("the output", outputs[0], (*inputs[0][:2], *sizes))
    if isinstance(operation, Pad) and operation.mode == "reflect":
        widest = map(max, operation.before, operation.after)
        fits = all(side < size for side, size in zip(widest, inputs[0][2:], strict=True))
        require(fits, f"a map of {inputs[0]} is too small to be mirrored so far")


def forward(operation: Pad | Crop, arrays: Forward, context: Context) -> None:
    """Repeat pixels."""
    x, y = arrays.inputs[0], arrays.outputs[0]
    value = operation.value if isinstance(operation, Pad) else 0.0
    run_take(x, y, _pixels(operation, x.shape), value, context.threads)


def backward(operation: Pad | Crop, arrays: Backward, context: Context) -> None:
    """Add up what each pixel was repeated in."""
    if (dx := arrays.input_gradients[0]) is not None:
        run_put(arrays.output_gradients[0], dx, _pixels(operation, dx.shape), context.threads)


def _pixels(operation: Pad | Crop, shape: Shape) -> Pixels:
    depth, height, width = (_along(operation, axis, shape[2 + axis]) for axis in range(3))
    return depth, height, width


def _along(operation: Pad | Crop, axis: int, size: int) -> Array:
    before, after = operation.before[axis], operation.after[axis]
    if isinstance(operation, Crop):
        return np.arange(before, size - after)
    places = np.arange(-before, size + after)
    match operation.mode:
        case "constant":
            return np.where((places < 0) | (places >= size), -1, places)
        case "replicate":
            return np.clip(places, 0, size - 1)
        case "reflect":
            mirrored = np.abs(places)
            return np.where(mirrored >= size, 2 * (size - 1) - mirrored, mirrored)
