"""Activations: each function of an element beside its slope. A task is an element.

A slope is given what it is a function of: the output for those in `FROM_OUTPUT`, the input for the others.
Comparisons are written so that NaN goes through.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from cnnspec.backend.kernels.arrays import Array, Backward, Context, Forward
from cnnspec.backend.kernels.checks import Shapes, require, require_one, require_shape
from cnnspec.backend.kernels.jit import inline, kernel
from cnnspec.backend.kernels.operations import Activation
from cnnspec.backend.kernels.threads import launch

SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
"""Klambauer et al. 2017."""

ROOT_HALF, GELU_SLOPE, GELU_CUBIC = math.sqrt(0.5), math.sqrt(2 / math.pi), 0.044715
"""Hendrycks and Gimpel 2016."""


@kernel
def relu_forward(begin: int, end: int, x: Array, y: Array, parameter: float) -> None:
    x, y = x[begin:end], y[begin:end]
    for i in range(x.size):
        y[i] = 0 if x[i] < 0 else x[i]


@kernel
def relu_backward(begin: int, end: int, y: Array, slope: Array, gradient: Array, parameter: float) -> None:
    y, slope, gradient = y[begin:end], slope[begin:end], gradient[begin:end]
    for i in range(y.size):
        gradient[i] = 0 if y[i] <= 0 else slope[i]
