"""Multiplication of tensors, element by element; axes of size 1 broadcast."""

from __future__ import annotations

from cnnspec.backend.kernels.arrays import Array, Arrays, Backward, Context, Forward
from cnnspec.backend.kernels.broadcasting import Five, element, five, strides_of
from cnnspec.backend.kernels.jit import inline, kernel
from cnnspec.backend.kernels.operations import Multiply
from cnnspec.backend.kernels.threads import launch


@inline
def _product(
    factors: Arrays, strides: tuple[Five, ...], sample: int, channel: int, at: tuple[int, int, int]
) -> float:
    """The product of one element of each factor."""
    value = 1.0
    for i in range(len(factors)):
        value *= element(factors[i], strides[i], sample, channel, at)
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
    sizes = five(y.shape)
    strides = tuple(strides_of(factor.shape) for factor in arrays.inputs)
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
            _run_backward(factors, dx, five(dy.shape), context)


def _run_backward(factors: Arrays, dx: Array, whole: Five, context: Context) -> None:
    sizes = five(dx.shape)
    n, c, d, h, w = (size // own for size, own in zip(whole, sizes, strict=True))
    strides = tuple(strides_of(factor.shape) for factor in factors)
    flat = tuple(factor.reshape(-1) for factor in factors)
    work = factors[0].size * len(factors)
    arguments = flat, strides, dx.reshape(-1), sizes, (n, c, d, h, w)
    launch(multiply_backward, sizes[0] * sizes[1], work, context.threads, *arguments)
