"""From an operation to the kernels that run it: the one door of this package.

The protocol
------------
`operations` holds pure data. The planner turns each layer into an `Operation`, asks it for `weights`,
`saved(...)` and `workspace(...)`, and plans memory for those as for the inputs and outputs. The executable
calls

    forward(operation, Forward(inputs, outputs, weights, saved, workspace), context)
    backward(operation, Backward(inputs, outputs, output_gradients, input_gradients, weight_gradients,
                                 weights, saved, workspace), context)

or, where the same arrays are used again and again, checks them once:

    run = bind_forward(operation, Forward(...))      and then      run(context)

Every array is C-contiguous and of the net's dtype (float32 or float64) unless its `Buffer` says otherwise;
maps are `(N, C, D, H, W)` and vectors `(N, F)`, losses `(1,)`. Kernels allocate tiles of a fixed size, and
sums with an element a channel or a row. What is written is overwritten, never added to: a tensor that several
layers read gets its gradient in parts, which the caller adds. Weights come in the order of
`operation.weights`.

- `saved`: all of `operation.saved(...)`, or `()` where no backward pass will follow.
- `workspace`: all of `operation.workspace(...)`.
- In `Backward`, `inputs` may be `()` unless `operation.keeps_inputs`, and `outputs` likewise.
- A gradient that is not wanted is None: the image's, a frozen weight's, that of labels, running statistics.
  `input_gradients` and `weight_gradients` have an item an input and a weight all the same.
- An output that nobody reads has a gradient of zeros.
- `context` says whether this is training, the seed and step that dropout draws from, and how many threads.

Everything is checked before machine code is entered; ValueError says what does not fit. The same bytes come
out whatever the number of threads, and kernels may run from several Python threads at once.

A family module has, for each operation, its compiled loops and a pair of functions that enter them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from cnnspec.backend.kernels import (
    activation,
    borders,
    convolution,
    dropout,
    layer_normalisation,
    linear,
    loss,
    merging,
    multiplication,
    normalisation,
    operations,
    parametric,
    polar,
    pooling,
    resampling,
    response_normalisation,
    scaling,
    shaping,
    softmax,
    transposed,
)
from cnnspec.backend.kernels.arrays import Backward, Context, Forward
from cnnspec.backend.kernels.checks import Shapes, check_backward, check_forward
from cnnspec.backend.kernels.operations import Operation

AnyOperation = TypeVar("AnyOperation", bound=Operation)

__all__ = [
    "KERNELS",
    "Backward",
    "Context",
    "Forward",
    "Kernel",
    "backward",
    "bind_backward",
    "bind_forward",
    "forward",
]


@dataclass(frozen=True, slots=True)
class Kernel(Generic[AnyOperation]):
    """The two directions of a primitive.

    `fit(operation, inputs, outputs, weights)` raises ValueError where the shapes do not belong together.
    """

    fit: Callable[[AnyOperation, Shapes, Shapes, Shapes], None]
    forward: Callable[[AnyOperation, Forward, Context], None]
    backward: Callable[[AnyOperation, Backward, Context], None]


KERNELS: dict[type[Operation], Kernel[Any]] = {
    operations.Convolution: Kernel(convolution.fit, convolution.forward, convolution.backward),
    operations.TransposedConvolution: Kernel(transposed.fit, transposed.forward, transposed.backward),
    operations.Linear: Kernel(linear.fit, linear.forward, linear.backward),
    operations.MaxPool: Kernel(pooling.fit_windows, pooling.forward_max, pooling.backward_max),
    operations.AveragePool: Kernel(pooling.fit_windows, pooling.forward_mean, pooling.backward_mean),
    operations.LpPool: Kernel(pooling.fit_windows, pooling.forward_norm, pooling.backward_norm),
    operations.AdaptiveMaxPool: Kernel(pooling.fit_bins, pooling.forward_max, pooling.backward_max),
    operations.AdaptiveAveragePool: Kernel(pooling.fit_bins, pooling.forward_mean, pooling.backward_mean),
    operations.BatchNorm: Kernel(
        normalisation.fit_batch, normalisation.forward_batch, normalisation.backward_batch
    ),
    operations.GroupNorm: Kernel(
        normalisation.fit_group, normalisation.forward_group, normalisation.backward_group
    ),
    operations.LayerNorm: Kernel(
        layer_normalisation.fit, layer_normalisation.forward, layer_normalisation.backward
    ),
    operations.LocalResponseNorm: Kernel(
        response_normalisation.fit, response_normalisation.forward, response_normalisation.backward
    ),
    operations.Activation: Kernel(activation.fit, activation.forward, activation.backward),
    operations.PRelu: Kernel(parametric.fit, parametric.forward, parametric.backward),
    operations.Softmax: Kernel(softmax.fit, softmax.forward, softmax.backward),
    operations.Dropout: Kernel(dropout.fit, dropout.forward, dropout.backward),
    operations.Scale: Kernel(scaling.fit_scale, scaling.forward_scale, scaling.backward_scale),
    operations.Gain: Kernel(scaling.fit_gain, scaling.forward_gain, scaling.backward_gain),
    operations.Reshape: Kernel(shaping.fit_reshape, shaping.forward_reshape, shaping.backward_reshape),
    operations.Permute: Kernel(shaping.fit_permute, shaping.forward_permute, shaping.backward_permute),
    operations.Pad: Kernel(borders.fit, borders.forward, borders.backward),
    operations.Crop: Kernel(borders.fit, borders.forward, borders.backward),
    operations.Upsample: Kernel(
        resampling.fit_upsample, resampling.forward_upsample, resampling.backward_upsample
    ),
    operations.PixelShuffle: Kernel(
        resampling.fit_pixels, resampling.forward_pixels, resampling.backward_pixels
    ),
    operations.PixelUnshuffle: Kernel(
        resampling.fit_tiles, resampling.forward_tiles, resampling.backward_tiles
    ),
    operations.ChannelShuffle: Kernel(
        resampling.fit_channels, resampling.forward_channels, resampling.backward_channels
    ),
    operations.Concat: Kernel(merging.fit_concat, merging.forward_concat, merging.backward_concat),
    operations.Split: Kernel(merging.fit_split, merging.forward_split, merging.backward_split),
    operations.Add: Kernel(merging.fit_broadcast, merging.forward_add, merging.backward_add),
    operations.Multiply: Kernel(merging.fit_broadcast, multiplication.forward, multiplication.backward),
    operations.Polar: Kernel(polar.fit, polar.forward, polar.backward),
    operations.CrossEntropy: Kernel(loss.fit_entropy, loss.forward_entropy, loss.backward_entropy),
    operations.MeanSquaredError: Kernel(loss.fit_error, loss.forward_error, loss.backward_error),
}


def bind_forward(operation: Operation, arrays: Forward) -> Callable[[Context], None]:
    """Check the arrays of a forward pass once; what is returned computes outputs and saved from them."""
    kernel = KERNELS[type(operation)]
    check_forward(operation, kernel.fit, arrays)
    return lambda context: kernel.forward(operation, arrays, context)


def bind_backward(operation: Operation, arrays: Backward) -> Callable[[Context], None]:
    """Check the arrays of a backward pass once; what is returned computes the gradients that are wanted."""
    kernel = KERNELS[type(operation)]
    check_backward(operation, kernel.fit, arrays)
    return lambda context: kernel.backward(operation, arrays, context)


def forward(operation: Operation, arrays: Forward, context: Context) -> None:
    """Compute the outputs (and what is saved) from the inputs and weights."""
    bind_forward(operation, arrays)(context)


def backward(operation: Operation, arrays: Backward, context: Context) -> None:
    """Compute the gradients of inputs and weights from those of the outputs."""
    bind_backward(operation, arrays)(context)
