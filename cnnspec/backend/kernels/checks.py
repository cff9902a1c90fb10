"""What must hold of the arrays of a call before machine code is entered, for it checks nothing itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import combinations
from typing import Any

import numpy as np

from cnnspec.backend.kernels.arrays import Array, Arrays, Backward, Forward
from cnnspec.backend.kernels.operations import Buffer, Operation, Shape, Window

Shapes = tuple[Shape, ...]

Fit = Callable[[Any, Shapes, Shapes, Shapes], None]
"""Raises ValueError unless an operation takes such inputs and weights to such outputs."""

FLOATS = (np.dtype(np.float32), np.dtype(np.float64))
LABELS = np.dtype(np.int64)


def require(holds: bool, problem: str) -> None:
    """Raise ValueError unless something holds."""
    if not holds:
        raise ValueError(problem)


def require_shape(what: str, shape: Shape, expected: Shape) -> None:
    """Raise ValueError unless a shape is the expected one."""
    require(shape == expected, f"{what} has the shape {shape}, not {expected}")


def require_count(what: str, shapes: Shapes, expected: int) -> None:
    """Raise ValueError unless there are so many arrays."""
    require(len(shapes) == expected, f"{len(shapes)} {what}, not {expected}")


def require_one(inputs: Shapes, outputs: Shapes) -> None:
    """Raise ValueError unless one tensor goes in and one like it comes out."""
    require_count("inputs", inputs, 1)
    require_count("outputs", outputs, 1)
    require(len(inputs[0]) >= 2, f"a tensor of shape {inputs[0]} has no channels")
    require_shape("the output", outputs[0], inputs[0])


def require_one_map(inputs: Shapes, outputs: Shapes) -> None:
    """Raise ValueError unless one map goes in and one of the same batch comes out."""
    require_count("inputs", inputs, 1)
    require_count("outputs", outputs, 1)
    require(
        len(inputs[0]) == len(outputs[0]) == 5, f"{inputs[0]} and {outputs[0]} are not both (N, C, D, H, W)"
    )
    require(inputs[0][0] == outputs[0][0], f"a batch of {inputs[0][0]} goes in, of {outputs[0][0]} comes out")


def require_windows(window: Window, wide: Shape, narrow: Shape) -> None:
    """Raise ValueError unless every position of the narrow map has its window inside the padded wide one."""
    for axis in range(3):
        least = min(window.size[axis], window.stride[axis], window.dilation[axis])
        require(least > 0, "a window, stride or dilation is not positive")
        extent = window.dilation[axis] * (window.size[axis] - 1) + 1
        padded = wide[2 + axis] + window.before[axis] + window.after[axis]
        last = (narrow[2 + axis] - 1) * window.stride[axis]
        require(min(window.before[axis], window.after[axis]) >= 0, "a padding is negative")
        require(
            last + extent <= padded, f"the last window ends at {last + extent}, the padded map at {padded}"
        )


def check_forward(operation: Operation, fit: Fit, arrays: Forward) -> None:
    """Raise ValueError unless the arrays of a forward pass belong to the operation."""
    inputs, outputs = _shapes(arrays.inputs), _shapes(arrays.outputs)
    _check_shapes(operation, fit, inputs, outputs, _shapes(arrays.weights))
    dtype = _float_dtype(arrays.outputs[0])
    _check_buffers(operation.saved(inputs, outputs) if arrays.saved else (), arrays.saved, dtype)
    _check_buffers(operation.workspace(inputs, outputs), arrays.workspace, dtype)
    _check_inputs(operation, arrays.inputs, dtype)
    _check_layout((*arrays.outputs, *arrays.weights), dtype)
    written = (*arrays.outputs, *arrays.saved, *arrays.workspace)
    _check_apart(written, (*arrays.inputs, *arrays.weights), operation.in_place)


def check_backward(operation: Operation, fit: Fit, arrays: Backward) -> None:
    """Raise ValueError unless the arrays of a backward pass belong to the operation."""
    inputs, outputs, weights = arrays.shapes, _shapes(arrays.output_gradients), _shapes(arrays.weights)
    require(bool(arrays.inputs) or not operation.keeps_inputs, "the backward pass reads the inputs")
    require(bool(arrays.outputs) or not operation.keeps_outputs, "the backward pass reads the outputs")
    _check_shapes(operation, fit, inputs, outputs, weights)
    _check_gradients("an input", arrays.input_gradients, inputs)
    of_labels = _wanted(tuple(arrays.input_gradients[i] for i in operation.labels))
    require(not of_labels, "labels have no gradient")
    _check_gradients("a weight", arrays.weight_gradients, weights)
    dtype = _float_dtype(arrays.output_gradients[0])
    _check_buffers(operation.saved(inputs, outputs), arrays.saved, dtype)
    _check_buffers(operation.workspace(inputs, outputs), arrays.workspace, dtype)
    _check_inputs(operation, arrays.inputs, dtype)
    gradients = _wanted((*arrays.input_gradients, *arrays.weight_gradients))
    read = (*arrays.output_gradients, *arrays.outputs, *arrays.weights)
    _check_layout((*gradients, *read), dtype)
    _check_apart((*gradients, *arrays.workspace), (*read, *arrays.inputs, *arrays.saved), operation.in_place)


def _float_dtype(array: Array) -> np.dtype[Any]:
    if array.dtype not in FLOATS:
        raise ValueError(f"{array.dtype} is neither float32 nor float64")
    return array.dtype


def _shapes(arrays: Iterable[Array]) -> Shapes:
    return tuple(array.shape for array in arrays)


def _wanted(gradients: tuple[Array | None, ...]) -> Arrays:
    return tuple(gradient for gradient in gradients if gradient is not None)


def _check_shapes(operation: Operation, fit: Fit, inputs: Shapes, outputs: Shapes, weights: Shapes) -> None:
    require_count("weights", weights, len(operation.weights))
    for shape in (*inputs, *outputs, *weights):
        require(all(size > 0 for size in shape), f"an array of shape {shape} has no elements")
    fit(operation, inputs, outputs, weights)


def _check_gradients(what: str, gradients: tuple[Array | None, ...], shapes: Shapes) -> None:
    require(len(gradients) == len(shapes), f"{len(gradients)} gradients where there are {len(shapes)}")
    for gradient, shape in zip(gradients, shapes, strict=True):
        if gradient is not None:
            require_shape(f"the gradient of {what}", gradient.shape, shape)


def _check_buffers(wanted: tuple[Buffer, ...], arrays: Arrays, dtype: np.dtype[Any]) -> None:
    require(len(arrays) == len(wanted), f"{len(arrays)} buffers given where {len(wanted)} are wanted")
    for buffer, array in zip(wanted, arrays, strict=True):
        require_shape(f"the buffer {buffer.name!r}", array.shape, buffer.shape)
        _check_layout((array,), np.dtype(buffer.dtype or dtype))


def _check_inputs(operation: Operation, inputs: Arrays, dtype: np.dtype[Any]) -> None:
    for index, array in enumerate(inputs):
        _check_layout((array,), LABELS if index in operation.labels else dtype)


def _check_layout(arrays: Iterable[Array], dtype: np.dtype[Any]) -> None:
    for array in arrays:
        if array.dtype != dtype:  # a message made in advance would take longer than a small loss
            raise ValueError(f"an array of {array.dtype} among arrays of {dtype}")
        require(array.flags.c_contiguous and array.flags.aligned, "an array is not contiguous")


def _check_apart(written: Arrays, read: Arrays, in_place: bool) -> None:
    """No array that is written overlaps another; in place, the first written may be the first read."""
    for array in written:
        require(array.flags.writeable, "an array that is written is read-only")
    for a, b in combinations(written, 2):
        require(not np.may_share_memory(a, b), "two arrays that are written overlap")
    for i, a in enumerate(written):
        for j, b in enumerate(read):
            same = in_place and i == j == 0 and a.ctypes.data == b.ctypes.data
            require(
                same or not np.may_share_memory(a, b), "an array that is written overlaps one that is read"
            )
