"""Several tensors into one and one into several: concat, split, add.

These only copy and add, which numpy does at the speed of memory; tasks are samples.
"""

from __future__ import annotations

from itertools import accumulate

import numpy as np

from cnnspec.backend.kernels.arrays import Array, Arrays, Backward, Context, Forward
from cnnspec.backend.kernels.checks import Shapes, require, require_count, require_shape
from cnnspec.backend.kernels.operations import Add, Concat, Multiply, Polar, Shape, Split
from cnnspec.backend.kernels.shaping import run_copy
from cnnspec.backend.kernels.threads import launch

# --- concat and split -------------------------------------------------------------------------------------


def fit_concat(operation: Concat, inputs: Shapes, outputs: Shapes, weights: Shapes) -> None:
    """Raise ValueError unless the output is the inputs side by side."""
    del weights
    require_count("outputs", outputs, 1)
    _fit_parts(operation.axis, inputs, outputs[0])


def fit_split(operation: Split, inputs: Shapes, outputs: Shapes, weights: Shapes) -> None:
    """Raise ValueError unless the input is the outputs side by side."""
    del weights
    require_count("inputs", inputs, 1)
    _fit_parts(operation.axis, outputs, inputs[0])


def _fit_parts(axis: int, parts: Shapes, whole: Shape) -> None:
    require(0 < axis < len(whole), f"{whole} has no axis {axis} to be cut along")
    for part in parts:
        require_shape("a part", (*part[:axis], 0, *part[axis + 1 :]), (*whole[:axis], 0, *whole[axis + 1 :]))
    total = sum(part[axis] for part in parts)
    require(total == whole[axis], f"parts of {total} together along axis {axis} of {whole}")


def forward_concat(operation: Concat, arrays: Forward, context: Context) -> None:
    """Copy each input to its place."""
    sizes = [part.shape[operation.axis] for part in arrays.inputs]
    for part, place in zip(arrays.inputs, _parts(arrays.outputs[0], operation.axis, sizes), strict=True):
        run_copy(part, place, context.threads)


def backward_concat(operation: Concat, arrays: Backward, context: Context) -> None:
    """Copy from its place to each input."""
    sizes = [shape[operation.axis] for shape in arrays.shapes]
    places = _parts(arrays.output_gradients[0], operation.axis, sizes)
    for dx, place in zip(arrays.input_gradients, places, strict=True):
        if dx is not None:
            run_copy(place, dx, context.threads)


def forward_split(operation: Split, arrays: Forward, context: Context) -> None:
    """Copy each output from its place."""
    sizes = [part.shape[operation.axis] for part in arrays.outputs]
    for part, place in zip(arrays.outputs, _parts(arrays.inputs[0], operation.axis, sizes), strict=True):
        run_copy(place, part, context.threads)


def backward_split(operation: Split, arrays: Backward, context: Context) -> None:
    """Copy each output's gradient to its place."""
    if (dx := arrays.input_gradients[0]) is not None:
        sizes = [part.shape[operation.axis] for part in arrays.output_gradients]
        for part, place in zip(arrays.output_gradients, _parts(dx, operation.axis, sizes), strict=True):
            run_copy(part, place, context.threads)


def _parts(whole: Array, axis: int, sizes: list[int]) -> list[Array]:
    """Views of an array, side by side along an axis."""
    return np.split(whole, list(accumulate(sizes[:-1])), axis)


# --- add --------------------------------------------------------------------------------------------------


def fit_broadcast(
    operation: Add | Multiply | Polar, inputs: Shapes, outputs: Shapes, weights: Shapes
) -> None:
    """Raise ValueError unless every input has the sizes of the output, or 1 in place of all but the batch."""
    del operation, weights
    require_count("outputs", outputs, 1)
    require(len(inputs) > 0, "there is nothing to merge")
    require(len({len(shape) for shape in inputs}) == 1, f"{inputs} differ in rank")
    sizes = tuple(map(max, zip(*inputs, strict=True)))
    require_shape("the output", outputs[0], sizes)
    for shape in inputs:
        fits = all(size in (1, whole) for size, whole in zip(shape[1:], sizes[1:], strict=True))
        require(fits and shape[0] == outputs[0][0], f"{shape} does not broadcast to {sizes}")


def forward_add(operation: Add, arrays: Forward, context: Context) -> None:
    """Add the inputs one after the other."""
    del operation
    (y,) = arrays.outputs
    launch(_add, len(y), y.size * len(arrays.inputs), context.threads, arrays.inputs, y)


def backward_add(operation: Add, arrays: Backward, context: Context) -> None:
    """The gradient of each input is the output's, summed over the axes it was broadcast along."""
    del operation
    (dy,) = arrays.output_gradients
    for dx in arrays.input_gradients:
        if dx is not None:
            launch(_reduce, len(dy), dy.size, context.threads, dy, dx)


def _add(begin: int, end: int, inputs: Arrays, y: Array) -> None:
    first, *others = (array[begin:end] for array in inputs)
    result = y[begin:end]
    np.copyto(result, first)
    for other in others:
        np.add(result, other, out=result)


def _reduce(begin: int, end: int, dy: Array, dx: Array) -> None:
    axes = tuple(axis for axis in range(1, dy.ndim) if dx.shape[axis] != dy.shape[axis])
    for sample in range(begin, end):
        if axes:
            summed = dy[sample : sample + 1].sum(axis=axes, keepdims=True, dtype=np.float64)
            dx[sample : sample + 1] = summed
        else:
            dx[sample] = dy[sample]
