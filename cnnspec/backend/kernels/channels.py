"""Sums and affine maps channel by channel, which normalisations and learned scales are made of.

Maps are (N, C, P), with all positions as one axis. Sums are taken in float64 whatever the maps are in.
"""

from __future__ import annotations

from math import prod

import numpy as np

from cnnspec.backend.kernels.arrays import Array
from cnnspec.backend.kernels.jit import kernel
from cnnspec.backend.kernels.threads import launch


@kernel
def _statistics(begin: int, end: int, x: Array, mean: Array, variance: Array) -> None:
    """A task is a channel."""
    count = x.shape[0] * x.shape[2]
    for c in range(begin, end):
        total = 0.0
        for n in range(x.shape[0]):
            for i in range(x.shape[2]):
                total += x[n, c, i]
        centre, squares = total / count, 0.0
        for n in range(x.shape[0]):
            for i in range(x.shape[2]):
                squares += (x[n, c, i] - centre) ** 2
        mean[c], variance[c] = centre, squares / count


@kernel
def _products(begin: int, end: int, x: Array, dy: Array, centre: Array, sums: Array, dots: Array) -> None:
    """A task is a channel."""
    for c in range(begin, end):
        total, product = 0.0, 0.0
        for n in range(x.shape[0]):
            for i in range(x.shape[2]):
                total += dy[n, c, i]
                product += dy[n, c, i] * (x[n, c, i] - centre[c])
        sums[c], dots[c] = total, product


@kernel
def _affine(begin: int, end: int, x: Array, y: Array, factor: Array, shift: Array) -> None:
    """A task is a plane."""
    for task in range(begin, end):
        n, c = divmod(task, x.shape[1])
        a, b = factor[c], shift[c]
        for i in range(x.shape[2]):
            y[n, c, i] = a * x[n, c, i] + b


@kernel
def _combine(
    begin: int, end: int, u: Array, x: Array, y: Array, of_u: Array, of_x: Array, shift: Array
) -> None:
    """A task is a plane."""
    for task in range(begin, end):
        n, c = divmod(task, x.shape[1])
        a, b, d = of_u[c], of_x[c], shift[c]
        for i in range(x.shape[2]):
            y[n, c, i] = a * u[n, c, i] + b * x[n, c, i] + d


def channels_of(maps: Array) -> Array:
    """Maps or vectors as (N, C, P)."""
    batch, channels, *spatial = maps.shape
    return maps.reshape(batch, channels, prod(spatial))


def statistics(x: Array, threads: int) -> tuple[Array, Array]:
    """The mean and the (biased) variance of each channel, in float64."""
    mean, variance = np.empty(x.shape[1]), np.empty(x.shape[1])
    launch(_statistics, x.shape[1], 2 * x.size, threads, x, mean, variance)
    return mean, variance


def products(x: Array, dy: Array, centre: Array, threads: int) -> tuple[Array, Array]:
    """`Σ dy` and `Σ dy · (x − centre)` of each channel, in float64."""
    sums, dots = np.empty(x.shape[1]), np.empty(x.shape[1])
    launch(_products, x.shape[1], 2 * x.size, threads, x, dy, centre, sums, dots)
    return sums, dots


def affine(x: Array, y: Array, factor: Array, shift: Array, threads: int) -> None:
    """`y = factor · x + shift`, with a float64 factor and shift a channel."""
    launch(_affine, x.shape[0] * x.shape[1], x.size, threads, x, y, factor, shift)


def combine(terms: tuple[Array, Array], y: Array, factors: tuple[Array, Array, Array], threads: int) -> None:
    """`y = a · u + b · x + c`, with float64 factors and shift a channel."""
    u, x = terms
    launch(_combine, x.shape[0] * x.shape[1], x.size, threads, u, x, y, *factors)
