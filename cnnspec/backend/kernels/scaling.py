"""A learned factor (and shift) a channel, and a factor that is given."""

from __future__ import annotations

import numpy as np

from cnnspec.backend.kernels.arrays import Array, Backward, Context, Forward
from cnnspec.backend.kernels.channels import affine, channels_of, products
from cnnspec.backend.kernels.checks import Shapes, require_one, require_shape
from cnnspec.backend.kernels.operations import Gain, Scale
from cnnspec.backend.kernels.threads import launch


def fit_scale(operation: Scale, inputs: Shapes, outputs: Shapes, weights: Shapes) -> None:
    """Raise ValueError unless the output is like the input and every weight has an element a channel."""
    require_one(inputs, outputs)
    for name, shape in zip(operation.weights, weights, strict=True):
        require_shape(name, shape, (inputs[0][1],))


def forward_scale(operation: Scale, arrays: Forward, context: Context) -> None:
    """`y = w · x + b`."""
    weight, *bias = (array.astype(np.float64) for array in arrays.weights)
    shift = bias[0] if operation.bias else np.zeros_like(weight)
    affine(channels_of(arrays.inputs[0]), channels_of(arrays.outputs[0]), weight, shift, context.threads)


def backward_scale(operation: Scale, arrays: Backward, context: Context) -> None:
    """`dx = w · dy`, `dw = Σ x · dy`, `db = Σ dy`."""
    del operation
    x, dy = channels_of(arrays.inputs[0]), channels_of(arrays.output_gradients[0])
    weight = arrays.weights[0].astype(np.float64)
    nothing = np.zeros_like(weight)
    if (dx := arrays.input_gradients[0]) is not None:
        affine(dy, channels_of(dx), weight, nothing, context.threads)
    sums, dots = products(x, dy, nothing, context.threads)
    for gradient, value in zip(arrays.weight_gradients, (dots, sums), strict=False):
        if gradient is not None:
            gradient[...] = value


def fit_gain(operation: Gain, inputs: Shapes, outputs: Shapes, weights: Shapes) -> None:
    """Raise ValueError unless the output is like the input."""
    del operation, weights
    require_one(inputs, outputs)


def forward_gain(operation: Gain, arrays: Forward, context: Context) -> None:
    """`y = factor · x`."""
    _run_gain(arrays.inputs[0], arrays.outputs[0], operation.factor, context)


def backward_gain(operation: Gain, arrays: Backward, context: Context) -> None:
    """`dx = factor · dy`."""
    if (dx := arrays.input_gradients[0]) is not None:
        _run_gain(arrays.output_gradients[0], dx, operation.factor, context)


def _run_gain(x: Array, y: Array, factor: float, context: Context) -> None:
    launch(_gain, len(x), x.size, context.threads, x, y, factor)


def _gain(begin: int, end: int, x: Array, y: Array, factor: float) -> None:
    np.multiply(x[begin:end], factor, out=y[begin:end])
