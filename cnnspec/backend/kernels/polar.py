"""Length and angle of two inputs, element by element; axes of size 1 broadcast."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from cnnspec.backend.kernels.arrays import Array, Arrays, Backward, Context, Forward
from cnnspec.backend.kernels.broadcasting import Five, element, five, strides_of
from cnnspec.backend.kernels.checks import Shapes, require_count
from cnnspec.backend.kernels.jit import inline, kernel
from cnnspec.backend.kernels.merging import fit_broadcast
from cnnspec.backend.kernels.operations import Polar
from cnnspec.backend.kernels.threads import launch

FUNCTIONS: dict[str, Any] = {"length": np.hypot, "angle": np.arctan2}
TURNS = {"length": (0, 0), "angle": (1, -1)}
"""Which way the angle turns as each input grows; 0 for the length."""

COST = 20
"""Elementary operations of an element, roughly: a root or an arc tangent."""


def fit(operation: Polar, inputs: Shapes, outputs: Shapes, weights: Shapes) -> None:
    """Raise ValueError unless two inputs broadcast to the output."""
    require_count("inputs", inputs, 2)
    fit_broadcast(operation, inputs, outputs, weights)


def forward(operation: Polar, arrays: Forward, context: Context) -> None:
    """The coordinate of each pair of elements."""
    (first, second), (y,) = arrays.inputs, arrays.outputs
    function = FUNCTIONS[operation.coordinate]
    launch(_each_pair, len(y), COST * y.size, context.threads, function, first, second, y)


def _each_pair(begin: int, end: int, function: Any, first: Array, second: Array, y: Array) -> None:
    function(first[begin:end], second[begin:end], out=y[begin:end])


@inline
def _slope(own: float, other: float, turn: int) -> float:
    """How fast the length (`turn` 0) or the angle changes with `own`; 0 at the origin.

    Divided twice rather than by a square, which would be 0 for small numbers.
    """
    length = math.hypot(own, other)
    if length == 0:
        return 0.0
    return own / length if turn == 0 else turn * (other / length) / length


@kernel
def polar_backward(
    begin: int,
    end: int,
    arrays: Arrays,
    strides: tuple[Five, ...],
    turn: int,
    dx: Array,
    sizes: Five,
    repeats: Five,
) -> None:
    """The sum of gradient times slope over all that an element was repeated in.

    The arrays are the output's gradient, this input and the other. A task is a plane of this input.
    """
    for task in range(begin, end):
        sample, channel = divmod(task, sizes[1])
        at = task * sizes[2] * sizes[3] * sizes[4]
        for d in range(sizes[2]):
            for h in range(sizes[3]):
                for w in range(sizes[4]):
                    total = 0.0
                    own = np.float64(element(arrays[1], strides[1], sample, channel, (d, h, w)))
                    for c in range(channel, channel + repeats[1]):
                        for i in range(d, d + repeats[2]):
                            for j in range(h, h + repeats[3]):
                                for k in range(w, w + repeats[4]):
                                    share = element(arrays[0], strides[0], sample, c, (i, j, k))
                                    other = np.float64(element(arrays[2], strides[2], sample, c, (i, j, k)))
                                    total += share * _slope(own, other, turn)
                    dx[at] = total
                    at += 1


def backward(operation: Polar, arrays: Backward, context: Context) -> None:
    """The gradient of each input is the output's times the slope along that input."""
    (dy,) = arrays.output_gradients
    turns = TURNS[operation.coordinate]
    for index, dx in enumerate(arrays.input_gradients):
        if dx is not None:
            used = dy, arrays.inputs[index], arrays.inputs[1 - index]
            flat = tuple(array.reshape(-1) for array in used)
            strides = tuple(strides_of(array.shape) for array in used)
            sizes = five(dx.shape)
            n, c, d, h, w = (whole // own for whole, own in zip(five(dy.shape), sizes, strict=True))
            arguments = flat, strides, turns[index], dx.reshape(-1), sizes, (n, c, d, h, w)
            launch(polar_backward, sizes[0] * sizes[1], COST * dy.size, context.threads, *arguments)
