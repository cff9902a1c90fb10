"""The leaky ReLU with learned slopes."""

from __future__ import annotations

import numpy as np

from cnnspec.backend.kernels.arrays import Array, Backward, Context, Forward
from cnnspec.backend.kernels.channels import channels_of
from cnnspec.backend.kernels.checks import Shapes, require, require_one
from cnnspec.backend.kernels.jit import kernel
from cnnspec.backend.kernels.operations import PRelu
from cnnspec.backend.kernels.threads import launch


@kernel
def prelu_forward(begin: int, end: int, x: Array, y: Array, weight: Array) -> None:
    """`x` where it is positive, `w · x` elsewhere, in (N, C, P). A task is a plane."""
    for task in range(begin, end):
        n, c = divmod(task, x.shape[1])
        slope = weight[c % weight.size]
        for i in range(x.shape[2]):
            y[n, c, i] = x[n, c, i] if x[n, c, i] > 0 else slope * x[n, c, i]


@kernel
def prelu_backward(begin: int, end: int, x: Array, dy: Array, dx: Array, weight: Array, dw: Array) -> None:
    """The gradients of the input (where it has a place) and of each channel's slope. A task is a channel."""
    for c in range(begin, end):
        total, factor = 0.0, weight[c % weight.size]
        for n in range(x.shape[0]):
            for i in range(x.shape[2]):
                if not x[n, c, i] > 0:
                    total += dy[n, c, i] * np.float64(x[n, c, i])
                if dx.size:
                    dx[n, c, i] = dy[n, c, i] if x[n, c, i] > 0 else factor * dy[n, c, i]
        dw[c] = total


def fit(operation: PRelu, inputs: Shapes, outputs: Shapes, weights: Shapes) -> None:
    """Raise ValueError unless there is one slope, or one a channel."""
    del operation
    require_one(inputs, outputs)
    require(
        weights[0] in ((1,), (inputs[0][1],)), f"slopes of shape {weights[0]} for {inputs[0][1]} channels"
    )


def forward(operation: PRelu, arrays: Forward, context: Context) -> None:
    """The function of each element."""
    del operation
    x, y = channels_of(arrays.inputs[0]), channels_of(arrays.outputs[0])
    launch(prelu_forward, x.shape[0] * x.shape[1], x.size, context.threads, x, y, arrays.weights[0])


def backward(operation: PRelu, arrays: Backward, context: Context) -> None:
    """A slope that all channels share sums their sums."""
    del operation
    x, dy = channels_of(arrays.inputs[0]), channels_of(arrays.output_gradients[0])
    wanted, (weight,), dw = arrays.input_gradients[0], arrays.weights, np.empty(x.shape[1])
    dx = x[:0] if wanted is None else channels_of(wanted)
    launch(prelu_backward, x.shape[1], 2 * x.size, context.threads, x, dy, dx, weight, dw)
    if (gradient := arrays.weight_gradients[0]) is not None:
        gradient[...] = dw if weight.size == x.shape[1] else dw.sum()
