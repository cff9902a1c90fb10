"""Inputs of different sizes read as if they were repeated along their axes of size 1."""

from __future__ import annotations

from cnnspec.backend.kernels.arrays import Array
from cnnspec.backend.kernels.jit import inline
from cnnspec.backend.kernels.operations import Shape

Five = tuple[int, int, int, int, int]
"""A number an axis: sizes, or strides in elements (0 along an axis that is broadcast)."""


def five(shape: Shape) -> Five:
    """The sizes with further axes of 1."""
    n, c, d, h, w = (*shape, *(1,) * (5 - len(shape)))
    return n, c, d, h, w


def strides_of(shape: Shape) -> Five:
    """How far apart neighbours along each axis are, in elements; 0 along axes of size 1."""
    n, c, d, h, w = five(shape)
    steps = c * d * h * w, d * h * w, h * w, w, 1
    n, c, d, h, w = (0 if size == 1 else step for size, step in zip((n, c, d, h, w), steps, strict=True))
    return n, c, d, h, w


@inline
def element(array: Array, strides: Five, sample: int, channel: int, at: tuple[int, int, int]) -> float:
    """An element of a flat array, `at` its depth, height and width."""
    s = strides
    return array[sample * s[0] + channel * s[1] + at[0] * s[2] + at[1] * s[3] + at[2] * s[4]]
