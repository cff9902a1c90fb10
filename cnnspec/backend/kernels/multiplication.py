"""Multiplication of tensors, element by element; axes of size 1 broadcast."""

from __future__ import annotations

from cnnspec.backend.kernels.arrays import Array, Arrays, Backward, Context, Forward
from cnnspec.backend.kernels.jit import inline, kernel
from cnnspec.backend.kernels.operations import Multiply, Shape
from cnnspec.backend.kernels.threads import launch

Five = tuple[int, int, int, int, int]
"""A number an axis: sizes, or strides in elements (0 along an axis that is broadcast)."""


@inline
def _product(
    factors: Arrays, strides: tuple[Five, ...], sample: int, channel: int, at: tuple[int, int, int]
) -> float:
    """The product of one element of each factor."""
    value = 1.0
    for i in range(len(factors)):
        s = strides[i]
        value *= factors[i][sample * s[0] + channel * s[1] + at[0] * s[2] + at[1] * s[3] + at[2] * s[4]]
    return value


@kernel
def multiply(begin: int, end: int, factors: Arrays, strides: tuple[Five, ...], y: Array, sizes: Five) -> None:
    """The product of all factors. A task is a plane of the output."""
    for task in range(begin, end):
        sample, channel = divmod(task, sizes[1])
        at = task * sizes[2] * sizes[3] * sizes[4]
        for d in range(sizes[2]):
            for h in range(sizes[3]):
                for w in range(sizes[4]):
                    y[at] = _product(factors, strides, sample, channel, (d, h, w))
                    at += 1


@kernel
def multiply_backward(
    begin: int,
    end: int,
    factors: Arrays,
    strides: tuple[Five, ...],
    dx: Array,
    sizes: Five,
    repeats: Five,
) -> None:
    """The sum of the products over all that an element was repeated in.

    The factors are the output's gradient and the other inputs. A task is a plane of this input.
    """
    for task in range(begin, end):
        sample, channel = divmod(task, sizes[1])
        at = task * sizes[2] * sizes[3] * sizes[4]
        for d in range(sizes[2]):
            for h in range(sizes[3]):
                for w in range(sizes[4]):
                    total = 0.0
                    for c in range(channel, channel + repeats[1]):
                        for i in range(d, d + repeats[2]):
                            for j in range(h, h + repeats[3]):
                                for k in range(w, w + repeats[4]):
                                    total += _product(factors, strides, sample, c, (i, j, k))
                    dx[at] = total
                    at += 1


def forward(operation: Multiply, arrays: Forward, context: Context) -> None:
    """Multiply the inputs."""
    del operation
    (y,) = arrays.outputs
    sizes = _five(y.shape)
    strides = tuple(_strides(factor.shape) for factor in arrays.inputs)
    flat = tuple(factor.reshape(-1) for factor in arrays.inputs)
    work = y.size * len(flat)
    launch(multiply, sizes[0] * sizes[1], work, context.threads, flat, strides, y.reshape(-1), sizes)


def backward(operation: Multiply, arrays: Backward, context: Context) -> None:
    """The gradient of each input is the output's times all other inputs."""
    del operation
    (dy,) = arrays.output_gradients
    for index, dx in enumerate(arrays.input_gradients):
        if dx is not None:
            factors = (dy, *arrays.inputs[:index], *arrays.inputs[index + 1 :])
            _run_backward(factors, dx, _five(dy.shape), context)


def _run_backward(factors: Arrays, dx: Array, whole: Five, context: Context) -> None:
    sizes = _five(dx.shape)
    n, c, d, h, w = (size // own for size, own in zip(whole, sizes, strict=True))
    strides = tuple(_strides(factor.shape) for factor in factors)
    flat = tuple(factor.reshape(-1) for factor in factors)
    work = factors[0].size * len(factors)
    arguments = flat, strides, dx.reshape(-1), sizes, (n, c, d, h, w)
    launch(multiply_backward, sizes[0] * sizes[1], work, context.threads, *arguments)


def _five(shape: Shape) -> Five:
    """The sizes with further axes of 1."""
    n, c, d, h, w = (*shape, *(1,) * (5 - len(shape)))
    return n, c, d, h, w


def _strides(shape: Shape) -> Five:
    n, c, d, h, w = _five(shape)
    steps = c * d * h * w, d * h * w, h * w, w, 1
    n, c, d, h, w = (0 if size == 1 else step for size, step in zip((n, c, d, h, w), steps, strict=True))
    return n, c, d, h, w
