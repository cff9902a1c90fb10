"""Transposed convolution: a convolution with its two directions exchanged. The input is the narrow map."""

from __future__ import annotations

from cnnspec.backend.kernels.arrays import Backward, Context, Forward
from cnnspec.backend.kernels.checks import Shapes, require_one_map, require_windows
from cnnspec.backend.kernels.convolution import (
    fit_weights,
    run_correlate,
    run_gather,
    run_scatter,
    run_sum_channels,
)
from cnnspec.backend.kernels.operations import TransposedConvolution


def fit(operation: TransposedConvolution, inputs: Shapes, outputs: Shapes, weights: Shapes) -> None:
    """Raise ValueError unless the shapes are those of a transposed convolution."""
    require_one_map(inputs, outputs)
    require_windows(operation.window, outputs[0], inputs[0])
    fit_weights(operation, outputs[0], inputs[0], outputs[0][1], weights)


def forward(operation: TransposedConvolution, arrays: Forward, context: Context) -> None:
    """Every input element spreads the window over the output."""
    weight, *bias = arrays.weights
    (image,), (result,) = arrays.inputs, arrays.outputs
    run_scatter(operation, image, weight, bias[0] if bias else None, result, context.threads)


def backward(operation: TransposedConvolution, arrays: Backward, context: Context) -> None:
    """The gradient of the input is a convolution of the output's."""
    (image,), (dy,), weight = arrays.inputs, arrays.output_gradients, arrays.weights[0]
    if (dx := arrays.input_gradients[0]) is not None:
        run_gather(operation, dy, weight, None, dx, context.threads)
    if (dw := arrays.weight_gradients[0]) is not None:
        run_correlate(operation, dy, image, dw, context.threads)
    if operation.bias and (db := arrays.weight_gradients[1]) is not None:
        run_sum_channels(dy, db, context.threads)
