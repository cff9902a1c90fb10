"""Dropout: in training each element is zeroed with a probability, and the others made up for it."""

from __future__ import annotations

import numpy as np

from cnnspec.backend.kernels.arrays import Array, Backward, Context, Forward
from cnnspec.backend.kernels.checks import Shapes, require, require_one
from cnnspec.backend.kernels.jit import kernel
from cnnspec.backend.kernels.operations import Dropout
from cnnspec.backend.kernels.philox import draw
from cnnspec.backend.kernels.threads import launch

WORDS = 4
"""Elements that share one draw."""


@kernel
def drop(begin: int, end: int, x: Array, y: Array, rate: float, seed: int, stream: int, step: int) -> None:
    """`y = x / (1 − rate)`, or 0 where a word is below `rate · 2³²`. A task is a block of elements."""
    threshold = np.uint64(rate * 2**32)
    kept, dropped = x.dtype.type(1 / (1 - rate)), x.dtype.type(0)
    for block in range(begin, end):
        words = draw(seed, stream, step, block)
        for i in range(WORDS):
            at = block * WORDS + i
            if at < x.size:
                y[at] = x[at] * (dropped if words[i] < threshold else kept)


def fit(operation: Dropout, inputs: Shapes, outputs: Shapes, weights: Shapes) -> None:
    """Raise ValueError unless the output is like the input."""
    del weights
    require_one(inputs, outputs)
    require(0 <= operation.rate < 1, f"a rate of {operation.rate} is not in [0, 1)")


def forward(operation: Dropout, arrays: Forward, context: Context) -> None:
    """Drop in training; otherwise the same."""
    _run(operation, arrays.inputs[0], arrays.outputs[0], context)


def backward(operation: Dropout, arrays: Backward, context: Context) -> None:
    """The same elements are dropped: the mask is drawn again."""
    if (gradient := arrays.input_gradients[0]) is not None:
        _run(operation, arrays.output_gradients[0], gradient, context)


def _run(operation: Dropout, x: Array, y: Array, context: Context) -> None:
    if not context.training:
        np.copyto(y, x)
        return
    blocks, seed = -(-x.size // WORDS), context.seed % 2**63
    arrays = x.reshape(-1), y.reshape(-1)
    numbers = operation.rate, seed, operation.stream, context.step
    launch(drop, blocks, 10 * x.size, context.threads, *arrays, *numbers)
