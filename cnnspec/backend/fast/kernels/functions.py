"""Activation functions on vectors, and their derivatives from what the forward pass kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log, pi, sqrt

from cnnspec.backend.fast.simd.emitter import Emitter
from cnnspec.backend.fast.simd.target import Real
from cnnspec.backend.fast.simd.values import Vector


@dataclass(frozen=True, slots=True)
class Activation:
    """An activation by name, with its one parameter (a slope or a scale) where it has one."""

    name: str
    parameter: float = 0.0

    @property
    def from_output(self) -> bool:
        """Whether the derivative follows from the output alone, so that the input need not be kept."""
        return self.name in _SLOPES

    def apply(self, e: Emitter, x: Vector) -> Vector:
        """The function."""
        return _FUNCTIONS[self.name](e, x, self.parameter)

    def slope(self, e: Emitter, y: Vector) -> Vector:
        """The derivative at the input that gave the output `y`."""
        return _SLOPES[self.name](e, y, self.parameter)


def known(name: str) -> bool:
    """Whether there is a fast form of an activation."""
    return name in _FUNCTIONS


def exponential(e: Emitter, x: Vector) -> Vector:
    """e**x to about two units in the last place; saturates at the ends of the range and keeps NaN."""
    least, most, terms = (-87.3, 88.7, 7) if e.real is Real.FLOAT32 else (-708.3, 709.7, 13)
    bounded = (x < least).choose(e.vector(least), (x > most).choose(e.vector(most), x))
    whole = e.floor(e.fma(bounded, 1 / log(2), 0.5))
    power = whole.is_nan().choose(e.vector(0.0), whole)
    high, low = (
        (0.693359375, -2.12194440e-4)
        if e.real is Real.FLOAT32
        else (0.6931471803691238, 1.9082149292705877e-10)
    )
    rest = e.fma(power, -low, e.fma(power, -high, bounded))
    factorials = [1.0]
    for k in range(1, terms + 1):
        factorials.append(factorials[-1] / k)
    value = _polynomial(e, rest, tuple(factorials))
    half = e.floor(power * 0.5)
    return e.times_two_to(e.times_two_to(value, half), power - half)


def _tanh(e: Emitter, x: Vector, _: float) -> Vector:
    return _short_tanh(e, x) if e.real is Real.FLOAT32 else _long_tanh(e, x)


def _short_tanh(e: Emitter, x: Vector) -> Vector:
    """As x P(x²) / Q(x²): a third of the work of an exponential, five units in the last place off at most."""
    low = (x < -_TANH_END).choose(e.vector(-_TANH_END), x)
    bounded = (low > _TANH_END).choose(e.vector(_TANH_END), low)
    square = bounded * bounded
    ratio = bounded * _polynomial(e, square, _TANH_ABOVE) / _polynomial(e, square, _TANH_BELOW)
    capped = (ratio > 1.0).choose(e.vector(1.0), ratio)
    return (capped < -1.0).choose(e.vector(-1.0), capped)


def _long_tanh(e: Emitter, x: Vector) -> Vector:
    """(1 − e^−2|x|) / (1 + e^−2|x|) with the sign of x; near 0 the odd series, lest the difference cancel."""
    size = e.absolute(x)
    decay = exponential(e, size * -2.0)
    large = (1.0 - decay) / (decay + 1.0)
    signed = (x < 0.0).choose(-large, large)
    return (size < _TANH_NEAR).choose(x * _polynomial(e, x * x, _TANH_SERIES), signed)


def _polynomial(e: Emitter, x: Vector, coefficients: tuple[float, ...]) -> Vector:
    """Σ coefficient · x^k, from k = 0."""
    value = e.vector(coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        value = e.fma(value, x, coefficient)
    return value


_TANH_END = 9.02
"""From here on the hyperbolic tangent is 1 in single precision."""

# P and Q with the least relative error (1.3e-9) for 0 ≤ x ≤ 9.02, by iteratively reweighted least squares.
_TANH_ABOVE = (
    1.0, 0.1367987636183291, 3.86827845696437e-3, 2.8006423335251076e-5, 3.05824012209199e-8,
    -1.2201434651061113e-11,
)  # fmt: skip
_TANH_BELOW = (
    1.0, 0.4701320843743513, 2.724566041022108e-2, 3.9385426702265807e-4, 1.287292371545436e-6,
)  # fmt: skip

_TANH_NEAR = 0.2
_TANH_SERIES = (
    1.0, -1 / 3, 2 / 15, -17 / 315, 62 / 2835, -1382 / 155925, 21844 / 6081075,
    -929569 / 638512875, 6404582 / 10854718875, -443861162 / 1856156927625,
)  # fmt: skip


def _sigmoid(e: Emitter, x: Vector, _: float) -> Vector:
    return 1.0 / (exponential(e, -x) + 1.0)


def _relu(e: Emitter, x: Vector, _: float) -> Vector:
    return (x < 0.0).choose(e.vector(0.0), x)


def _relu6(e: Emitter, x: Vector, _: float) -> Vector:
    return (x > 6.0).choose(e.vector(6.0), _relu(e, x, 0.0))


def _leaky(e: Emitter, x: Vector, slope: float) -> Vector:
    del e
    return (x < 0.0).choose(x * slope, x)


def _silu(e: Emitter, x: Vector, _: float) -> Vector:
    return x * _sigmoid(e, x, 0.0)


def _hardsigmoid(e: Emitter, x: Vector, _: float) -> Vector:
    return _relu6(e, x + 3.0, 0.0) / 6.0


def _hardswish(e: Emitter, x: Vector, _: float) -> Vector:
    return x * _hardsigmoid(e, x, 0.0)


def _elu(e: Emitter, x: Vector, alpha: float) -> Vector:
    return (x < 0.0).choose((exponential(e, x) - 1.0) * alpha, x)


def _gelu_tanh(e: Emitter, x: Vector, _: float) -> Vector:
    inner = e.fma(x * x * x, 0.044715, x) * sqrt(2 / pi)
    return x * 0.5 * (_tanh(e, inner, 0.0) + 1.0)


_FUNCTIONS: dict[str, Callable[[Emitter, Vector, float], Vector]] = {
    "relu": _relu,
    "relu6": _relu6,
    "leaky_relu": _leaky,
    "tanh": _tanh,
    "sigmoid": _sigmoid,
    "silu": _silu,
    "hardsigmoid": _hardsigmoid,
    "hardswish": _hardswish,
    "elu": _elu,
    "gelu_tanh": _gelu_tanh,
}


def _relu_slope(e: Emitter, y: Vector, _: float) -> Vector:
    return (y > 0.0).choose(e.vector(1.0), 0.0)


def _relu6_slope(e: Emitter, y: Vector, _: float) -> Vector:
    return ((y > 0.0) & (y < 6.0)).choose(e.vector(1.0), 0.0)


def _leaky_slope(e: Emitter, y: Vector, slope: float) -> Vector:
    return (y > 0.0).choose(e.vector(1.0), slope)


_SLOPES: dict[str, Callable[[Emitter, Vector, float], Vector]] = {
    "relu": _relu_slope,
    "relu6": _relu6_slope,
    "leaky_relu": _leaky_slope,
    "tanh": lambda e, y, _: e.fma(-y, y, 1.0),
    "sigmoid": lambda e, y, _: e.fma(-y, y, y),
}
