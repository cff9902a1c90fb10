"""Softmax over the channels, and its logarithm. Maps are (N, C, P); a task is a position of a sample."""

from __future__ import annotations

import math

import numpy as np

from cnnspec.backend.kernels.arrays import Array, Backward, Context, Forward
from cnnspec.backend.kernels.channels import channels_of
from cnnspec.backend.kernels.checks import Shapes, require_one
from cnnspec.backend.kernels.jit import inline, kernel
from cnnspec.backend.kernels.operations import Softmax
from cnnspec.backend.kernels.threads import launch


@inline
def greatest_and_sum(x: Array, n: int, i: int) -> tuple[float, float]:
    """The greatest of the channels at a position, and `Σ exp(x − greatest)`, which cannot overflow."""
    greatest, total = -np.inf, 0.0
    for c in range(x.shape[1]):
        greatest = max(greatest, x[n, c, i])
    for c in range(x.shape[1]):
        total += math.exp(x[n, c, i] - greatest)
    return greatest, total


@kernel
def softmax_forward(begin: int, end: int, x: Array, y: Array, log: bool) -> None:
    """`exp(x) / Σ exp(x)`, or its logarithm."""
    for task in range(begin, end):
        n, i = divmod(task, x.shape[2])
        greatest, total = greatest_and_sum(x, n, i)
        for c in range(x.shape[1]):
            centred = x[n, c, i] - greatest
            y[n, c, i] = centred - math.log(total) if log else math.exp(centred) / total


@kernel
def softmax_backward(begin: int, end: int, y: Array, dy: Array, dx: Array, log: bool) -> None:
    """`y · (dy − Σ dy·y)`, and of the logarithm `dy − exp(y) · Σ dy`."""
    for task in range(begin, end):
        n, i = divmod(task, y.shape[2])
        total = 0.0
        for c in range(y.shape[1]):
            total += dy[n, c, i] * (1.0 if log else np.float64(y[n, c, i]))
        for c in range(y.shape[1]):
            if log:
                dx[n, c, i] = dy[n, c, i] - math.exp(y[n, c, i]) * total
            else:
                dx[n, c, i] = y[n, c, i] * (dy[n, c, i] - total)


def fit(operation: Softmax, inputs: Shapes, outputs: Shapes, weights: Shapes) -> None:
    """Raise ValueError unless the output is like the input."""
    del operation, weights
    require_one(inputs, outputs)


def forward(operation: Softmax, arrays: Forward, context: Context) -> None:
    """Normalise the exponentials."""
    x, y = channels_of(arrays.inputs[0]), channels_of(arrays.outputs[0])
    launch(softmax_forward, x.shape[0] * x.shape[2], 20 * x.size, context.threads, x, y, operation.log)


def backward(operation: Softmax, arrays: Backward, context: Context) -> None:
    """Every channel acts on all."""
    if (dx := arrays.input_gradients[0]) is not None:
        y, dy = channels_of(arrays.outputs[0]), channels_of(arrays.output_gradients[0])
        tasks, work = y.shape[0] * y.shape[2], 20 * y.size
        arguments = y, dy, channels_of(dx), operation.log
        launch(softmax_backward, tasks, work, context.threads, *arguments)
