"""Losses: the mean of something, as one number. Each term is kept, and they are added in one fixed order."""

from __future__ import annotations

import math

import numpy as np

from cnnspec.backend.kernels.arrays import Array, Backward, Context, Forward
from cnnspec.backend.kernels.channels import channels_of
from cnnspec.backend.kernels.checks import Shapes, require, require_count, require_shape
from cnnspec.backend.kernels.jit import kernel
from cnnspec.backend.kernels.operations import CrossEntropy, MeanSquaredError
from cnnspec.backend.kernels.softmax import greatest_and_sum
from cnnspec.backend.kernels.threads import launch


@kernel
def entropy_forward(begin: int, end: int, logits: Array, labels: Array, losses: Array) -> None:
    """`log Σ exp(x) − x[label]`. A task is a position of a sample of (N, C, P)."""
    for task in range(begin, end):
        n, i = divmod(task, logits.shape[2])
        greatest, total = greatest_and_sum(logits, n, i)
        losses[task] = math.log(total) - (logits[n, labels[task], i] - greatest)


@kernel
def entropy_backward(begin: int, end: int, logits: Array, labels: Array, dx: Array, factor: float) -> None:
    """`factor · (softmax(x) − [c = label])`. A task is a position of a sample of (N, C, P)."""
    for task in range(begin, end):
        n, i = divmod(task, logits.shape[2])
        greatest, total = greatest_and_sum(logits, n, i)
        for c in range(logits.shape[1]):
            share = math.exp(logits[n, c, i] - greatest) / total
            dx[n, c, i] = factor * (share - 1 if c == labels[task] else share)


@kernel
def error_forward(begin: int, end: int, prediction: Array, target: Array, losses: Array) -> None:
    """`Σ (p − t)²` of each sample of (N, F). A task is a sample."""
    for n in range(begin, end):
        total = 0.0
        for i in range(prediction.shape[1]):
            total += (np.float64(prediction[n, i]) - target[n, i]) ** 2
        losses[n] = total


@kernel
def error_backward(begin: int, end: int, prediction: Array, target: Array, dx: Array, factor: float) -> None:
    """`factor · (p − t)`. A task is a sample of (N, F)."""
    for n in range(begin, end):
        for i in range(prediction.shape[1]):
            dx[n, i] = factor * (prediction[n, i] - target[n, i])


def fit_entropy(operation: CrossEntropy, inputs: Shapes, outputs: Shapes, weights: Shapes) -> None:
    """Raise ValueError unless there is a label for every position of every sample."""
    del operation, weights
    require_count("inputs", inputs, 2)
    require_shape("the loss", outputs[0], (1,))
    logits, labels = inputs
    require(len(logits) in (2, 5), f"logits of shape {logits} are neither (N, C) nor (N, C, D, H, W)")
    require_shape("labels", labels, (logits[0], *logits[2:]))


def forward_entropy(operation: CrossEntropy, arrays: Forward, context: Context) -> None:
    """The mean over labels. Raises ValueError where a label is not the number of a channel."""
    del operation
    logits, labels, (losses,) = channels_of(arrays.inputs[0]), arrays.inputs[1].reshape(-1), arrays.workspace
    _check_labels(labels, logits.shape[1])
    launch(entropy_forward, labels.size, 20 * logits.size, context.threads, logits, labels, losses)
    arrays.outputs[0][0] = losses.sum() / losses.size


def backward_entropy(operation: CrossEntropy, arrays: Backward, context: Context) -> None:
    """The softmax less one at the label."""
    del operation
    if (wanted := arrays.input_gradients[0]) is not None:
        logits, labels = channels_of(arrays.inputs[0]), arrays.inputs[1].reshape(-1)
        _check_labels(labels, logits.shape[1])
        dx, factor = channels_of(wanted), float(arrays.output_gradients[0][0]) / labels.size
        work = 20 * logits.size
        launch(entropy_backward, labels.size, work, context.threads, logits, labels, dx, factor)


def _check_labels(labels: Array, classes: int) -> None:
    low, high = int(labels.min()), int(labels.max())
    require(low >= 0 and high < classes, f"labels from {low} to {high} for {classes} classes")


def fit_error(operation: MeanSquaredError, inputs: Shapes, outputs: Shapes, weights: Shapes) -> None:
    """Raise ValueError unless prediction and target have the same shape."""
    del operation, weights
    require_count("inputs", inputs, 2)
    require_shape("the loss", outputs[0], (1,))
    require_shape("the target", inputs[1], inputs[0])


def forward_error(operation: MeanSquaredError, arrays: Forward, context: Context) -> None:
    """The mean over all elements."""
    del operation
    prediction, target = (array.reshape(len(array), -1) for array in arrays.inputs)
    (losses,) = arrays.workspace
    launch(error_forward, len(losses), prediction.size, context.threads, prediction, target, losses)
    arrays.outputs[0][0] = losses.sum() / prediction.size


def backward_error(operation: MeanSquaredError, arrays: Backward, context: Context) -> None:
    """Twice the difference, and its negative for the target."""
    del operation
    prediction, target = (array.reshape(len(array), -1) for array in arrays.inputs)
    factor = 2 * float(arrays.output_gradients[0][0]) / prediction.size
    for dx, sign in zip(arrays.input_gradients, (1, -1), strict=True):
        if dx is not None:
            flat = dx.reshape(len(dx), -1)
            arguments = prediction, target, flat, sign * factor
            launch(error_backward, len(flat), flat.size, context.threads, *arguments)
