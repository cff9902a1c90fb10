"""Layer normalisation: each sample, or the channels at each position of it, to mean 0 and variance 1.

A row is what is normalised together; its element i is at `r // inner · size · inner + r % inner + i · inner`:
with the number of positions as `inner`, a row is the channels at a position; with 1 it is a sample.
"""

from __future__ import annotations

from math import prod

import numpy as np

from cnnspec.backend.kernels.arrays import Array, Backward, Context, Forward
from cnnspec.backend.kernels.checks import Shapes, require_one, require_shape
from cnnspec.backend.kernels.jit import inline, kernel
from cnnspec.backend.kernels.operations import LayerNorm, Shape
from cnnspec.backend.kernels.threads import launch


@inline
def _start(row: int, size: int, inner: int) -> int:
    return row // inner * size * inner + row % inner


@kernel
def _forward(
    begin: int,
    end: int,
    x: Array,
    y: Array,
    mean: Array,
    inverse: Array,
    weight: Array,
    bias: Array,
    size: int,
    inner: int,
    epsilon: float,
) -> None:
    """A task is a row."""
    for row in range(begin, end):
        start = _start(row, size, inner)
        total, squares = 0.0, 0.0
        for i in range(size):
            total += x[start + i * inner]
        centre = total / size
        for i in range(size):
            squares += (x[start + i * inner] - centre) ** 2
        scale = 1 / np.sqrt(squares / size + epsilon)
        mean[row], inverse[row] = centre, scale
        for i in range(size):
            value = (x[start + i * inner] - centre) * scale
            y[start + i * inner] = value * weight[i] + bias[i] if weight.size else value


@kernel
def _backward(
    begin: int,
    end: int,
    x: Array,
    dy: Array,
    dx: Array,
    mean: Array,
    inverse: Array,
    weight: Array,
    size: int,
    inner: int,
) -> None:
    """`dx = r·(g − mean(g) − x̂·mean(g·x̂))` with g = w·dy and x̂ the normalised x. A task is a row."""
    for row in range(begin, end):
        start, centre, scale = _start(row, size, inner), np.float64(mean[row]), np.float64(inverse[row])
        total, product = 0.0, 0.0
        for i in range(size):
            at = start + i * inner
            share = dy[at] * (np.float64(weight[i]) if weight.size else 1.0)
            total += share
            product += share * (x[at] - centre) * scale
        for i in range(size):
            at = start + i * inner
            share = dy[at] * (np.float64(weight[i]) if weight.size else 1.0)
            dx[at] = scale * (share - total / size - (x[at] - centre) * scale * product / size)


@kernel
def _weights(
    begin: int,
    end: int,
    x: Array,
    dy: Array,
    mean: Array,
    inverse: Array,
    dw: Array,
    db: Array,
    size: int,
    inner: int,
) -> None:
    """The gradients of scale and shift. A task is an element of them."""
    for i in range(begin, end):
        total, product = 0.0, 0.0
        for row in range(mean.size):
            at = _start(row, size, inner) + i * inner
            total += dy[at]
            product += dy[at] * (x[at] - np.float64(mean[row])) * inverse[row]
        dw[i], db[i] = product, total


def fit(operation: LayerNorm, inputs: Shapes, outputs: Shapes, weights: Shapes) -> None:
    """Raise ValueError unless the output is like the input and the weights like what is normalised."""
    require_one(inputs, outputs)
    for name, shape in zip(operation.weights, weights, strict=True):
        require_shape(name, shape, inputs[0][1:] if operation.over == "sample" else inputs[0][1:2])


def forward(operation: LayerNorm, arrays: Forward, context: Context) -> None:
    """Normalise each row."""
    x, y = arrays.inputs[0].reshape(-1), arrays.outputs[0].reshape(-1)
    size, inner = _rows(operation, arrays.inputs[0].shape)
    mean, inverse = np.empty(x.size // size), np.empty(x.size // size)
    weight, bias = (array.reshape(-1) for array in arrays.weights) if operation.affine else (x[:0], x[:0])
    arguments = x, y, mean, inverse, weight, bias, size, inner, operation.epsilon
    launch(_forward, len(mean), 4 * x.size, context.threads, *arguments)
    for saved, value in zip(arrays.saved, (mean, inverse), strict=False):
        saved[...] = value.reshape(saved.shape)


def backward(operation: LayerNorm, arrays: Backward, context: Context) -> None:
    """The statistics depend on the input, too."""
    x, dy = arrays.inputs[0].reshape(-1), arrays.output_gradients[0].reshape(-1)
    size, inner = _rows(operation, arrays.inputs[0].shape)
    mean, inverse = (array.reshape(-1) for array in arrays.saved)
    weight = arrays.weights[0].reshape(-1) if operation.affine else x[:0]
    if (dx := arrays.input_gradients[0]) is not None:
        arguments = x, dy, dx.reshape(-1), mean, inverse, weight, size, inner
        launch(_backward, len(mean), 4 * x.size, context.threads, *arguments)
    if any(gradient is not None for gradient in arrays.weight_gradients):
        dw, db = np.empty(size), np.empty(size)
        arguments = x, dy, mean, inverse, dw, db, size, inner
        launch(_weights, size, 2 * x.size, context.threads, *arguments)
        for gradient, value in zip(arrays.weight_gradients, (dw, db), strict=True):
            if gradient is not None:
                gradient[...] = value.reshape(gradient.shape)


def _rows(operation: LayerNorm, shape: Shape) -> tuple[int, int]:
    """The size of a row, and how far apart its elements are."""
    if operation.over == "sample":
        return prod(shape[1:]), 1
    return shape[1], prod(shape[2:])
