"""Batch and group normalisation: each channel, or group of channels of a sample, to mean 0 and variance 1.

With r the inverse standard deviation and w, b scale and shift, `y = w·r·(x − mean) + b`. Backwards, over the
M elements that were normalised together,

    dx = r·(w·dy − Σ w·dy / M − r²·(x − mean)·Σ w·dy·(x − mean) / M)

and the sums drop out where the statistics did not come from the batch.
"""

from __future__ import annotations

from math import prod

import numpy as np

from cnnspec.backend.kernels.arrays import Array, Arrays, Backward, Context, Forward
from cnnspec.backend.kernels.channels import affine, channels_of, combine, products, statistics
from cnnspec.backend.kernels.checks import Shapes, require, require_one, require_shape
from cnnspec.backend.kernels.operations import BatchNorm, GroupNorm


def fit_batch(operation: BatchNorm, inputs: Shapes, outputs: Shapes, weights: Shapes) -> None:
    """Raise ValueError unless the output is like the input and every weight has an element a channel."""
    require_one(inputs, outputs)
    for name, shape in zip(operation.weights, weights, strict=True):
        require_shape(name, shape, (inputs[0][1],))


def forward_batch(operation: BatchNorm, arrays: Forward, context: Context) -> None:
    """Normalise by the statistics of the batch in training (and update the running ones), else by those."""
    x, y = channels_of(arrays.inputs[0]), channels_of(arrays.outputs[0])
    if _by_batch(operation, context):
        mean, variance = statistics(x, context.threads)
        if operation.track:
            _update(operation, arrays.weights[-2:], mean, variance, x.shape[0] * x.shape[2])
    else:
        mean, variance = (array.astype(np.float64) for array in arrays.weights[-2:])
    inverse = 1 / np.sqrt(variance + operation.epsilon)
    weight, bias = _scale_and_shift(operation.affine, arrays.weights, x.shape[1])
    affine(x, y, weight * inverse, bias - mean * weight * inverse, context.threads)
    for saved, value in zip(arrays.saved, (mean, inverse), strict=False):
        saved[...] = value


def backward_batch(operation: BatchNorm, arrays: Backward, context: Context) -> None:
    """In training the statistics depend on the input, too."""
    x, dy = channels_of(arrays.inputs[0]), channels_of(arrays.output_gradients[0])
    mean, inverse = (array.astype(np.float64) for array in arrays.saved)
    weight, _ = _scale_and_shift(operation.affine, arrays.weights, x.shape[1])
    sums, dots = products(x, dy, mean, context.threads)
    if operation.affine:
        _store(arrays.weight_gradients, dots * inverse, sums)
    if (dx := arrays.input_gradients[0]) is not None:
        of_dy = weight * inverse
        share = _by_batch(operation, context) / (x.shape[0] * x.shape[2])
        of_x = -of_dy * inverse**2 * dots * share
        factors = of_dy, of_x, -of_dy * sums * share - of_x * mean
        combine((dy, x), channels_of(dx), factors, context.threads)


def _by_batch(operation: BatchNorm, context: Context) -> bool:
    return context.training or not operation.track


def _update(operation: BatchNorm, running: Arrays, mean: Array, variance: Array, count: int) -> None:
    """Move the running statistics towards the batch's, whose variance is made unbiased for it."""
    require(
        count > 1, "the variance of a single value a channel is not defined: batch normalisation needs more"
    )
    for old, new in zip(running, (mean, variance * count / (count - 1)), strict=True):
        old[...] = old + operation.momentum * (new - old)


def fit_group(operation: GroupNorm, inputs: Shapes, outputs: Shapes, weights: Shapes) -> None:
    """Raise ValueError unless the groups divide the channels and every weight has an element a channel."""
    require_one(inputs, outputs)
    channels = inputs[0][1]
    divides = operation.groups > 0 and channels % operation.groups == 0
    require(divides, f"{channels} channels do not divide into {operation.groups} groups")
    for name, shape in zip(operation.weights, weights, strict=True):
        require_shape(name, shape, (channels,))


def forward_group(operation: GroupNorm, arrays: Forward, context: Context) -> None:
    """Normalise each group of each sample: to the loops each is a channel of its own."""
    image, result = arrays.inputs[0], arrays.outputs[0]
    groups = (len(image), operation.groups, 1)
    mean, variance = statistics(_split(image, prod(groups)), context.threads)
    inverse = 1 / np.sqrt(variance + operation.epsilon)
    weight, bias = _by_group(operation, arrays.weights, image.shape[1])
    factor = weight * inverse.reshape(groups)
    shift = bias - mean.reshape(groups) * factor
    channels = len(image) * image.shape[1]
    affine(
        _split(image, channels),
        _split(result, channels),
        factor.reshape(-1),
        shift.reshape(-1),
        context.threads,
    )
    for saved, value in zip(arrays.saved, (mean, inverse), strict=False):
        saved[...] = value.reshape(saved.shape)


def backward_group(operation: GroupNorm, arrays: Backward, context: Context) -> None:
    """Sums of each channel of each sample are joined to those of the groups, and to those of the weights."""
    image, batch, channels = arrays.inputs[0], *arrays.inputs[0].shape[:2]
    groups = (batch, operation.groups, channels // operation.groups)
    x, dy = _split(image, batch * channels), _split(arrays.output_gradients[0], batch * channels)
    mean, inverse = (array.astype(np.float64)[..., np.newaxis] for array in arrays.saved)
    centre = np.broadcast_to(mean, groups).reshape(-1)
    sums, dots = (array.reshape(groups) for array in products(x, dy, centre, context.threads))
    if operation.affine:
        _store(
            arrays.weight_gradients, (dots * inverse).sum(axis=0).reshape(-1), sums.sum(axis=0).reshape(-1)
        )
    if (dx := arrays.input_gradients[0]) is not None:
        weight, _ = _by_group(operation, arrays.weights, channels)
        count = image[0].size // operation.groups
        of_x = -(inverse**3) * (weight * dots).sum(axis=2, keepdims=True) / count
        shift = -inverse * (weight * sums).sum(axis=2, keepdims=True) / count - of_x * mean
        a, b, c = (np.broadcast_to(array, groups).reshape(-1) for array in (weight * inverse, of_x, shift))
        combine((dy, x), _split(dx, batch * channels), (a, b, c), context.threads)


def _split(maps: Array, channels: int) -> Array:
    """The whole batch as one sample of so many channels."""
    return maps.reshape(1, channels, -1)


def _by_group(operation: GroupNorm, weights: Arrays, channels: int) -> tuple[Array, Array]:
    weight, bias = _scale_and_shift(operation.affine, weights, channels)
    return weight.reshape(1, operation.groups, -1), bias.reshape(1, operation.groups, -1)


def _scale_and_shift(affine: bool, weights: Arrays, channels: int) -> tuple[Array, Array]:
    if not affine:
        return np.ones(channels), np.zeros(channels)
    return weights[0].astype(np.float64), weights[1].astype(np.float64)


def _store(gradients: tuple[Array | None, ...], *values: Array) -> None:
    """Write those that are wanted."""
    for gradient, value in zip(gradients, values, strict=False):
        if gradient is not None:
            gradient[...] = value
