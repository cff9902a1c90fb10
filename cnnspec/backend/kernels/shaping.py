"""Reshape and permute, and the one way of moving elements that they and the shuffles of channels share.

These only copy, which numpy does at the speed of memory; tasks are samples.
"""

from __future__ import annotations

from math import prod

import numpy as np

from cnnspec.backend.kernels.arrays import Array, Backward, Context, Forward
from cnnspec.backend.kernels.checks import Shapes, require, require_count, require_shape
from cnnspec.backend.kernels.operations import Permute, Reshape, Shape
from cnnspec.backend.kernels.threads import launch


def copy_samples(begin: int, end: int, source: Array, target: Array) -> None:
    """Copy between two views of the same shape, batch first."""
    np.copyto(target[begin:end], source[begin:end])


def run_copy(source: Array, target: Array, threads: int) -> None:
    """Copy between two views of the same shape, batch first."""
    launch(copy_samples, len(source), source.size, threads, source, target)


def rearranged(maps: Array, expanded: Shape, order: tuple[int, ...]) -> Array:
    """A view with the axes of `expanded` (which has the same elements) in another order."""
    return maps.reshape(expanded).transpose(order)


def run_rearrange(
    wide: Array, narrow: Array, expanded: Shape, order: tuple[int, ...], threads: int, *, back: bool = False
) -> None:
    """Write `wide`, expanded and transposed, to `narrow`, or the other way."""
    view = rearranged(wide, expanded, order)
    plain = narrow.reshape(view.shape)
    source, target = (plain, view) if back else (view, plain)
    run_copy(source, target, threads)


def fit_reshape(operation: Reshape, inputs: Shapes, outputs: Shapes, weights: Shapes) -> None:
    """Raise ValueError unless every sample keeps its elements."""
    del operation, weights
    require_count("inputs", inputs, 1)
    require_count("outputs", outputs, 1)
    same = inputs[0][0] == outputs[0][0] and prod(inputs[0]) == prod(outputs[0])
    require(same, f"{inputs[0]} cannot be reshaped to {outputs[0]}")


def forward_reshape(operation: Reshape, arrays: Forward, context: Context) -> None:
    """Copy."""
    del operation
    (x,), (y,) = arrays.inputs, arrays.outputs
    run_copy(x.reshape(len(x), -1), y.reshape(len(y), -1), context.threads)


def backward_reshape(operation: Reshape, arrays: Backward, context: Context) -> None:
    """Copy back."""
    del operation
    (dy,), (dx,) = arrays.output_gradients, arrays.input_gradients
    if dx is not None:
        run_copy(dy.reshape(len(dy), -1), dx.reshape(len(dy), -1), context.threads)


def fit_permute(operation: Permute, inputs: Shapes, outputs: Shapes, weights: Shapes) -> None:
    """Raise ValueError unless the order lists every axis, the batch first, and gives the output's shape."""
    del weights
    require_count("inputs", inputs, 1)
    require_count("outputs", outputs, 1)
    order = operation.order
    complete = sorted(order) == list(range(len(inputs[0]))) and order[0] == 0
    require(complete, f"{order} is not an order of the axes of {inputs[0]} that begins with the batch")
    require_shape("the output", outputs[0], tuple(inputs[0][axis] for axis in order))


def forward_permute(operation: Permute, arrays: Forward, context: Context) -> None:
    """Copy, reading across."""
    run_copy(arrays.inputs[0].transpose(operation.order), arrays.outputs[0], context.threads)


def backward_permute(operation: Permute, arrays: Backward, context: Context) -> None:
    """Copy, writing across."""
    (dy,), (dx,) = arrays.output_gradients, arrays.input_gradients
    if dx is not None:
        run_copy(dy, dx.transpose(operation.order), context.threads)
