"""The linear layer `y = x Wᵀ + b`: one compiled product of matrices for all three directions."""

from __future__ import annotations

import numpy as np

from cnnspec.backend.kernels.arrays import Array, Backward, Context, Forward
from cnnspec.backend.kernels.checks import Shapes, require, require_count, require_shape
from cnnspec.backend.kernels.convolution import run_sum_channels, tiles
from cnnspec.backend.kernels.jit import kernel
from cnnspec.backend.kernels.operations import Linear
from cnnspec.backend.kernels.products import Matrix, add_product
from cnnspec.backend.kernels.threads import launch

ROWS, DEPTH, COLUMNS = 64, 128, 128
"""The tiles: DEPTH × COLUMNS of the right factor are copied, so that they are adjacent however they lay."""


@kernel
def multiply(
    begin: int, end: int, a: Matrix, b: Matrix, bias: Array, c: Array, sizes: tuple[int, int, int]
) -> None:
    """`c = a b + bias`. A task is a tile of c; the sizes are the rows, the depth and the columns."""
    rows, depth, columns = sizes
    across = tiles(columns, COLUMNS)
    factor = np.empty(DEPTH * COLUMNS, c.dtype)
    product = np.empty(ROWS * COLUMNS, c.dtype)
    for task in range(begin, end):
        down, right = divmod(task, across)
        top, left = down * ROWS, right * COLUMNS
        height, width = min(ROWS, rows - top), min(COLUMNS, columns - left)
        for i in range(top, top + height):
            for j in range(left, left + width):
                c[i * columns + j] = bias[j] if bias.size else 0
        for k in range(0, depth, DEPTH):
            length = min(DEPTH, depth - k)
            for j in range(width):
                for i in range(length):
                    factor[i * width + j] = b.values[b.start + (k + i) * b.row + (left + j) * b.column]
            product[: height * width] = 0
            part = Matrix(a.values, a.start + top * a.row + k * a.column, a.row, a.column)
            add_product(
                part, Matrix(factor, 0, width, 1), Matrix(product, 0, width, 1), height, length, width
            )
            for i in range(height):
                for j in range(width):
                    c[(top + i) * columns + left + j] += product[i * width + j]


def fit(operation: Linear, inputs: Shapes, outputs: Shapes, weights: Shapes) -> None:
    """Raise ValueError unless a vector goes in and one of the same batch comes out."""
    require_count("inputs", inputs, 1)
    require_count("outputs", outputs, 1)
    require(len(inputs[0]) == len(outputs[0]) == 2, f"{inputs[0]} and {outputs[0]} are not both (N, F)")
    require(inputs[0][0] == outputs[0][0], f"a batch of {inputs[0][0]} goes in, of {outputs[0][0]} comes out")
    require_shape("the weight", weights[0], (outputs[0][1], inputs[0][1]))
    if operation.bias:
        require_shape("the bias", weights[1], (outputs[0][1],))


def forward(operation: Linear, arrays: Forward, context: Context) -> None:
    """`y = x Wᵀ + b`."""
    (x,), (y,), weight = arrays.inputs, arrays.outputs, arrays.weights[0]
    bias = arrays.weights[1] if operation.bias else weight[0, :0]
    _run(_matrix(x), _transposed(weight), bias, y, x.shape[1], context)


def backward(operation: Linear, arrays: Backward, context: Context) -> None:
    """`dx = dy W`, `dW = dyᵀ x`, `db = Σ dy`."""
    (x,), (dy,), weight = arrays.inputs, arrays.output_gradients, arrays.weights[0]
    nothing = dy[0, :0]
    if (dx := arrays.input_gradients[0]) is not None:
        _run(_matrix(dy), _matrix(weight), nothing, dx, dy.shape[1], context)
    if (dw := arrays.weight_gradients[0]) is not None:
        _run(_transposed(dy), _matrix(x), nothing, dw, len(x), context)
    if operation.bias and (db := arrays.weight_gradients[1]) is not None:
        run_sum_channels(dy, db, context.threads)


def _run(a: Matrix, b: Matrix, bias: Array, c: Array, depth: int, context: Context) -> None:
    rows, columns = c.shape
    tasks = tiles(rows, ROWS) * tiles(columns, COLUMNS)
    launch(
        multiply, tasks, c.size * depth, context.threads, a, b, bias, c.reshape(-1), (rows, depth, columns)
    )


def _matrix(array: Array) -> Matrix:
    return Matrix(array.reshape(-1), 0, array.shape[1], 1)


def _transposed(array: Array) -> Matrix:
    return Matrix(array.reshape(-1), 0, 1, array.shape[1])
