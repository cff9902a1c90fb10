"""Activations: each function of an element beside its derivative. A task is an element.

A derivative is told in terms of the output or the input, whichever `Activation` says it keeps.
Comparisons are written so that NaN goes through. For speed, loops run over slices (LLVM vectorises only those
from 0), and gradients are read before it is known whether they count (no jump, then).
"""

from __future__ import annotations

import math
from collections.abc import Callable

from cnnspec.backend.kernels.arrays import Array, Backward, Context, Forward
from cnnspec.backend.kernels.checks import Shapes, require_one
from cnnspec.backend.kernels.jit import inline, kernel
from cnnspec.backend.kernels.operations import Activation, Function
from cnnspec.backend.kernels.threads import launch

SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
ROOT_HALF, NORMAL_DENSITY = math.sqrt(0.5), 1 / math.sqrt(2 * math.pi)
GELU_SLOPE, GELU_CUBIC = math.sqrt(2 / math.pi), 0.044715
"""Hendrycks and Gimpel 2016."""


@inline
def _logistic(x: float) -> float:
    """Without overflow on either side."""
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    small = math.exp(x)
    return small / (1 + small)


@inline
def _log_one_plus_exp(x: float) -> float:
    """Without overflow, and without loss where x is very negative."""
    return (x if x > 0 else 0.0) + math.log1p(math.exp(-abs(x)))


@kernel
def _relu_forward(begin: int, end: int, x: Array, y: Array, parameter: float) -> None:
    """`max(0, x)`, and NaN stays."""
    x, y = x[begin:end], y[begin:end]
    for i in range(x.size):
        y[i] = 0 if x[i] < 0 else x[i]


@kernel
def _relu_backward(begin: int, end: int, y: Array, dy: Array, dx: Array, parameter: float) -> None:
    y, dy, dx = y[begin:end], dy[begin:end], dx[begin:end]
    for i in range(y.size):
        share = dy[i]
        dx[i] = 0 if y[i] <= 0 else share


@kernel
def _relu6_forward(begin: int, end: int, x: Array, y: Array, parameter: float) -> None:
    """`min(max(0, x), 6)`."""
    x, y = x[begin:end], y[begin:end]
    for i in range(x.size):
        y[i] = 0 if x[i] < 0 else 6 if x[i] > 6 else x[i]


@kernel
def _relu6_backward(begin: int, end: int, y: Array, dy: Array, dx: Array, parameter: float) -> None:
    y, dy, dx = y[begin:end], dy[begin:end], dx[begin:end]
    for i in range(y.size):
        share = dy[i]
        dx[i] = 0 if y[i] <= 0 or y[i] >= 6 else share


@kernel
def _leaky_relu_forward(begin: int, end: int, x: Array, y: Array, parameter: float) -> None:
    """`x` where it is positive, `parameter · x` elsewhere."""
    x, y = x[begin:end], y[begin:end]
    for i in range(x.size):
        y[i] = x[i] if x[i] > 0 else parameter * x[i]


@kernel
def _leaky_relu_backward(begin: int, end: int, x: Array, dy: Array, dx: Array, parameter: float) -> None:
    x, dy, dx = x[begin:end], dy[begin:end], dx[begin:end]
    for i in range(x.size):
        share = dy[i]
        dx[i] = share if x[i] > 0 else parameter * share


@kernel
def _elu_forward(begin: int, end: int, x: Array, y: Array, parameter: float) -> None:
    """`x` where it is positive, `parameter · (exp(x) − 1)` elsewhere."""
    x, y = x[begin:end], y[begin:end]
    for i in range(x.size):
        y[i] = x[i] if x[i] > 0 else parameter * math.expm1(x[i])


@kernel
def _elu_backward(begin: int, end: int, x: Array, dy: Array, dx: Array, parameter: float) -> None:
    x, dy, dx = x[begin:end], dy[begin:end], dx[begin:end]
    for i in range(x.size):
        dx[i] = dy[i] if x[i] > 0 else dy[i] * parameter * math.exp(x[i])


@kernel
def _selu_forward(begin: int, end: int, x: Array, y: Array, parameter: float) -> None:
    """The ELU whose outputs keep mean 0 and variance 1 (Klambauer et al. 2017)."""
    x, y = x[begin:end], y[begin:end]
    for i in range(x.size):
        y[i] = SELU_SCALE * (x[i] if x[i] > 0 else SELU_ALPHA * math.expm1(x[i]))


@kernel
def _selu_backward(begin: int, end: int, x: Array, dy: Array, dx: Array, parameter: float) -> None:
    x, dy, dx = x[begin:end], dy[begin:end], dx[begin:end]
    for i in range(x.size):
        dx[i] = dy[i] * SELU_SCALE * (1 if x[i] > 0 else SELU_ALPHA * math.exp(x[i]))


@kernel
def _sigmoid_forward(begin: int, end: int, x: Array, y: Array, parameter: float) -> None:
    """`1 / (1 + exp(−x))`."""
    x, y = x[begin:end], y[begin:end]
    for i in range(x.size):
        y[i] = _logistic(x[i])


@kernel
def _sigmoid_backward(begin: int, end: int, y: Array, dy: Array, dx: Array, parameter: float) -> None:
    y, dy, dx = y[begin:end], dy[begin:end], dx[begin:end]
    for i in range(y.size):
        dx[i] = dy[i] * y[i] * (1 - y[i])


@kernel
def _tanh_forward(begin: int, end: int, x: Array, y: Array, parameter: float) -> None:
    """The hyperbolic tangent."""
    x, y = x[begin:end], y[begin:end]
    for i in range(x.size):
        y[i] = math.tanh(x[i])


@kernel
def _tanh_backward(begin: int, end: int, y: Array, dy: Array, dx: Array, parameter: float) -> None:
    y, dy, dx = y[begin:end], dy[begin:end], dx[begin:end]
    for i in range(y.size):
        dx[i] = dy[i] * (1 - y[i] * y[i])


@kernel
def _softplus_forward(begin: int, end: int, x: Array, y: Array, parameter: float) -> None:
    """`log(1 + exp(x))`."""
    x, y = x[begin:end], y[begin:end]
    for i in range(x.size):
        y[i] = _log_one_plus_exp(x[i])


@kernel
def _softplus_backward(begin: int, end: int, x: Array, dy: Array, dx: Array, parameter: float) -> None:
    x, dy, dx = x[begin:end], dy[begin:end], dx[begin:end]
    for i in range(x.size):
        dx[i] = dy[i] * _logistic(x[i])


@kernel
def _silu_forward(begin: int, end: int, x: Array, y: Array, parameter: float) -> None:
    """`x · sigmoid(x)`."""
    x, y = x[begin:end], y[begin:end]
    for i in range(x.size):
        y[i] = x[i] * _logistic(x[i])


@kernel
def _silu_backward(begin: int, end: int, x: Array, dy: Array, dx: Array, parameter: float) -> None:
    x, dy, dx = x[begin:end], dy[begin:end], dx[begin:end]
    for i in range(x.size):
        s = _logistic(x[i])
        dx[i] = dy[i] * s * (1 + x[i] * (1 - s))


@kernel
def _mish_forward(begin: int, end: int, x: Array, y: Array, parameter: float) -> None:
    """`x · tanh(softplus(x))`."""
    x, y = x[begin:end], y[begin:end]
    for i in range(x.size):
        y[i] = x[i] * math.tanh(_log_one_plus_exp(x[i]))


@kernel
def _mish_backward(begin: int, end: int, x: Array, dy: Array, dx: Array, parameter: float) -> None:
    x, dy, dx = x[begin:end], dy[begin:end], dx[begin:end]
    for i in range(x.size):
        t = math.tanh(_log_one_plus_exp(x[i]))
        dx[i] = dy[i] * (t + x[i] * (1 - t * t) * _logistic(x[i]))


@kernel
def _gelu_forward(begin: int, end: int, x: Array, y: Array, parameter: float) -> None:
    """`x · Φ(x)`, with Φ by the error function."""
    x, y = x[begin:end], y[begin:end]
    for i in range(x.size):
        y[i] = x[i] * 0.5 * math.erfc(-x[i] * ROOT_HALF)


@kernel
def _gelu_backward(begin: int, end: int, x: Array, dy: Array, dx: Array, parameter: float) -> None:
    x, dy, dx = x[begin:end], dy[begin:end], dx[begin:end]
    for i in range(x.size):
        density = math.exp(-0.5 * x[i] * x[i]) * NORMAL_DENSITY
        dx[i] = dy[i] * (0.5 * math.erfc(-x[i] * ROOT_HALF) + x[i] * density)


@kernel
def _gelu_tanh_forward(begin: int, end: int, x: Array, y: Array, parameter: float) -> None:
    """`x · Φ(x)`, with Φ approximated by a tanh."""
    x, y = x[begin:end], y[begin:end]
    for i in range(x.size):
        y[i] = 0.5 * x[i] * (1 + math.tanh(GELU_SLOPE * (x[i] + GELU_CUBIC * x[i] * x[i] * x[i])))


@kernel
def _gelu_tanh_backward(begin: int, end: int, x: Array, dy: Array, dx: Array, parameter: float) -> None:
    x, dy, dx = x[begin:end], dy[begin:end], dx[begin:end]
    for i in range(x.size):
        t = math.tanh(GELU_SLOPE * (x[i] + GELU_CUBIC * x[i] * x[i] * x[i]))
        inner = GELU_SLOPE * (1 + 3 * GELU_CUBIC * x[i] * x[i])
        dx[i] = dy[i] * 0.5 * (1 + t + x[i] * (1 - t * t) * inner)


@kernel
def _hardsigmoid_forward(begin: int, end: int, x: Array, y: Array, parameter: float) -> None:
    """`min(max(0, x + 3), 6) / 6`."""
    x, y = x[begin:end], y[begin:end]
    for i in range(x.size):
        y[i] = 0 if x[i] <= -3 else 1 if x[i] >= 3 else x[i] / 6 + 0.5


@kernel
def _hardsigmoid_backward(begin: int, end: int, x: Array, dy: Array, dx: Array, parameter: float) -> None:
    x, dy, dx = x[begin:end], dy[begin:end], dx[begin:end]
    for i in range(x.size):
        dx[i] = 0 if x[i] <= -3 or x[i] >= 3 else dy[i] / 6


@kernel
def _hardswish_forward(begin: int, end: int, x: Array, y: Array, parameter: float) -> None:
    """`x · hardsigmoid(x)`."""
    x, y = x[begin:end], y[begin:end]
    for i in range(x.size):
        y[i] = 0 if x[i] <= -3 else x[i] if x[i] >= 3 else x[i] * (x[i] / 6 + 0.5)


@kernel
def _hardswish_backward(begin: int, end: int, x: Array, dy: Array, dx: Array, parameter: float) -> None:
    x, dy, dx = x[begin:end], dy[begin:end], dx[begin:end]
    for i in range(x.size):
        dx[i] = 0 if x[i] <= -3 else dy[i] * (1 if x[i] >= 3 else x[i] / 3 + 0.5)


KERNELS: dict[Function, tuple[Callable[..., None], Callable[..., None]]] = {
    "relu": (_relu_forward, _relu_backward),
    "relu6": (_relu6_forward, _relu6_backward),
    "leaky_relu": (_leaky_relu_forward, _leaky_relu_backward),
    "elu": (_elu_forward, _elu_backward),
    "selu": (_selu_forward, _selu_backward),
    "sigmoid": (_sigmoid_forward, _sigmoid_backward),
    "tanh": (_tanh_forward, _tanh_backward),
    "softplus": (_softplus_forward, _softplus_backward),
    "silu": (_silu_forward, _silu_backward),
    "mish": (_mish_forward, _mish_backward),
    "gelu": (_gelu_forward, _gelu_backward),
    "gelu_tanh": (_gelu_tanh_forward, _gelu_tanh_backward),
    "hardsigmoid": (_hardsigmoid_forward, _hardsigmoid_backward),
    "hardswish": (_hardswish_forward, _hardswish_backward),
}

COST = 10
"""Elementary operations of an element, roughly: an exponential."""


def fit(operation: Activation, inputs: Shapes, outputs: Shapes, weights: Shapes) -> None:
    """Raise ValueError unless the output is like the input."""
    del operation, weights
    require_one(inputs, outputs)


def forward(operation: Activation, arrays: Forward, context: Context) -> None:
    """The function of each element."""
    compiled, _ = KERNELS[operation.function]
    x, y = arrays.inputs[0].reshape(-1), arrays.outputs[0].reshape(-1)
    launch(compiled, x.size, COST * x.size, context.threads, x, y, operation.parameter)


def backward(operation: Activation, arrays: Backward, context: Context) -> None:
    """The gradient times the derivative."""
    if (dx := arrays.input_gradients[0]) is not None:
        _, compiled = KERNELS[operation.function]
        (known,) = arrays.inputs if operation.keeps_inputs else arrays.outputs
        flat = (array.reshape(-1) for array in (known, arrays.output_gradients[0], dx))
        launch(compiled, known.size, COST * known.size, context.threads, *flat, operation.parameter)
