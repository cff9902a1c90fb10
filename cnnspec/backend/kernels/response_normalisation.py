"""Local response normalisation: `y = x / (k + alpha/size · Σ x²)^beta` over neighbouring channels."""

from __future__ import annotations

import numpy as np

from cnnspec.backend.kernels.arrays import Array, Backward, Context, Forward
from cnnspec.backend.kernels.channels import channels_of
from cnnspec.backend.kernels.checks import Shapes, require, require_one
from cnnspec.backend.kernels.jit import kernel
from cnnspec.backend.kernels.operations import LocalResponseNorm
from cnnspec.backend.kernels.threads import launch

POSITIONS = 16
"""Positions looked at together: a cache line of each channel."""


@kernel
def _forward(
    begin: int, end: int, x: Array, y: Array, base: Array, size: int, scale: float, beta: float, k: float
) -> None:
    """A task is a channel of a sample."""
    for task in range(begin, end):
        n, c = divmod(task, x.shape[1])
        first, last = max(0, c - size // 2), min(x.shape[1], c + (size - 1) // 2 + 1)
        for i in range(x.shape[2]):
            total = 0.0
            for other in range(first, last):
                total += np.float64(x[n, other, i]) ** 2
            divisor = k + scale * total
            y[n, c, i] = x[n, c, i] * divisor**-beta
            if base.size:
                base[n, c, i] = divisor


@kernel
def _backward(
    begin: int,
    end: int,
    x: Array,
    base: Array,
    dy: Array,
    dx: Array,
    size: int,
    scale: float,
    beta: float,
) -> None:
    """`dx = dy · base^−beta − 2·beta·scale · x · Σ dy·x·base^(−beta − 1)`.

    The sum is over the channels that x is a neighbour of. A task is a few positions of a sample.
    """
    tiles = (x.shape[2] + POSITIONS - 1) // POSITIONS
    ratio = np.empty((x.shape[1], POSITIONS))
    for task in range(begin, end):
        n, tile = divmod(task, tiles)
        start, width = tile * POSITIONS, min(POSITIONS, x.shape[2] - tile * POSITIONS)
        for c in range(x.shape[1]):
            for i in range(width):
                at = start + i
                share = dy[n, c, at] * np.float64(base[n, c, at]) ** -beta
                dx[n, c, at] = share
                ratio[c, i] = share * x[n, c, at] / base[n, c, at]
        for c in range(x.shape[1]):
            first, last = max(0, c - (size - 1) // 2), min(x.shape[1], c + size // 2 + 1)
            for i in range(width):
                total = 0.0
                for other in range(first, last):
                    total += ratio[other, i]
                dx[n, c, start + i] -= 2 * beta * scale * x[n, c, start + i] * total


def fit(operation: LocalResponseNorm, inputs: Shapes, outputs: Shapes, weights: Shapes) -> None:
    """Raise ValueError unless the output is like the input."""
    del weights
    require_one(inputs, outputs)
    require(operation.size > 0, "a window of channels is not positive")


def forward(operation: LocalResponseNorm, arrays: Forward, context: Context) -> None:
    """Divide by a power of the energy of the neighbouring channels."""
    x, y = channels_of(arrays.inputs[0]), channels_of(arrays.outputs[0])
    base = channels_of(arrays.saved[0]) if arrays.saved else x[:0]
    scale = operation.alpha / operation.size
    numbers = operation.size, scale, operation.beta, operation.k
    work = x.size * (operation.size + 20)
    launch(_forward, x.shape[0] * x.shape[1], work, context.threads, x, y, base, *numbers)


def backward(operation: LocalResponseNorm, arrays: Backward, context: Context) -> None:
    """Each element also acts through its neighbours."""
    if arrays.input_gradients[0] is not None:
        maps = arrays.inputs[0], arrays.saved[0], arrays.output_gradients[0], arrays.input_gradients[0]
        x, base, dy, dx = map(channels_of, maps)
        numbers = operation.size, operation.alpha / operation.size, operation.beta
        tasks = x.shape[0] * -(-x.shape[2] // POSITIONS)
        work = x.size * (operation.size + 20)
        launch(_backward, tasks, work, context.threads, x, base, dy, dx, *numbers)
