"""Convolution, and the three compiled loops that it shares with its adjoint, the transposed convolution.

A window slides over the *wide* map, once for each position of the *narrow* one (a convolution reads the wide
and writes the narrow). Weights are `(narrow channels, wide channels / groups, taps)` for both.
"""

from __future__ import annotations

from math import prod
from typing import NamedTuple

import numpy as np

from cnnspec.backend.kernels.arrays import Array, Backward, Context, Forward
from cnnspec.backend.kernels.checks import Shapes, require, require_one_map, require_shape, require_windows
from cnnspec.backend.kernels.jit import inline, kernel
from cnnspec.backend.kernels.operations import Convolution, Shape
from cnnspec.backend.kernels.products import Matrix, add_product
from cnnspec.backend.kernels.threads import launch
from cnnspec.backend.kernels.unfolding import Geometry, fold, geometry_of, unfold, volume

ROWS, POSITIONS, FILTERS = 128, 256, 128
"""The largest tiles: ROWS × POSITIONS of the windows and FILTERS × POSITIONS of the result stay in cache."""


class Channels(NamedTuple):
    """The number of groups, and the channels of one group on either side."""

    groups: int
    wide: int
    narrow: int


@inline
def tiles(size: int, tile: int) -> int:
    """How many tiles cover so many elements."""
    return (size + tile - 1) // tile


@kernel
def gather(
    begin: int,
    end: int,
    wide: Array,
    weight: Array,
    bias: Array,
    narrow: Array,
    geometry: Geometry,
    channels: Channels,
) -> None:
    """`narrow = weight · unfold(wide) + bias`. A task is a tile of filters × positions of a sample."""
    rows, positions = channels.wide * volume(geometry.size), volume(geometry.outputs)
    across, down = tiles(positions, POSITIONS), tiles(channels.narrow, FILTERS)
    columns = np.empty(ROWS * POSITIONS, wide.dtype)
    product = np.empty(FILTERS * POSITIONS, wide.dtype)
    for task in range(begin, end):
        rest, tile = divmod(task, across)
        group, block = divmod(rest, down)  # of all groups of all samples
        first, last = tile * POSITIONS, min((tile + 1) * POSITIONS, positions)
        lowest, highest = block * FILTERS, min((block + 1) * FILTERS, channels.narrow)
        width, height = last - first, highest - lowest
        start = group * channels.wide * volume(geometry.inputs)
        target = (group * channels.narrow + lowest) * positions + first
        filters = (group % channels.groups) * channels.narrow + lowest
        _start_from_bias(narrow, target, positions, bias, filters, height, width)
        for row in range(0, rows, ROWS):
            depth = min(ROWS, rows - row)
            unfold(wide, start, geometry, (row, row + depth), (first, last), columns, (width, 1))
            product[: height * width] = 0
            a = Matrix(weight, filters * rows + row, rows, 1)
            add_product(a, Matrix(columns, 0, width, 1), Matrix(product, 0, width, 1), height, depth, width)
            _add_tile(narrow, target, positions, product, height, width)


@inline
def _start_from_bias(
    maps: Array, start: int, row: int, bias: Array, filters: int, height: int, width: int
) -> None:
    for i in range(height):
        for j in range(width):
            maps[start + i * row + j] = bias[filters + i] if bias.size else 0


@inline
def _add_tile(target: Array, start: int, row: int, tile: Array, height: int, width: int) -> None:
    for i in range(height):
        for j in range(width):
            target[start + i * row + j] += tile[i * width + j]


@kernel
def scatter(
    begin: int,
    end: int,
    narrow: Array,
    weight: Array,
    bias: Array,
    wide: Array,
    breadth: int,
    geometry: Geometry,
    channels: Channels,
) -> None:
    """`wide = fold(weightᵀ · narrow) + bias`. A task is `breadth` wide channels of a sample."""
    taps, positions, plane = volume(geometry.size), volume(geometry.outputs), volume(geometry.inputs)
    rows, across = channels.wide * taps, tiles(channels.wide, breadth)
    columns = np.empty(ROWS * POSITIONS, wide.dtype)
    for task in range(begin, end):
        group, tile = divmod(task, across)  # of all groups of all samples
        lowest, highest = tile * breadth, min((tile + 1) * breadth, channels.wide)
        filters = (group % channels.groups) * channels.narrow
        start = group * channels.wide * plane
        shifted = (group % channels.groups) * channels.wide + lowest
        _start_from_bias(wide, start + lowest * plane, plane, bias, shifted, highest - lowest, plane)
        for first in range(0, positions, POSITIONS):
            last = min(first + POSITIONS, positions)
            width = last - first
            b = Matrix(narrow, group * channels.narrow * positions + first, positions, 1)
            for row in range(lowest * taps, highest * taps, ROWS):
                height = min(ROWS, highest * taps - row)
                columns[: height * width] = 0
                a = Matrix(weight, filters * rows + row, 1, rows)
                add_product(a, b, Matrix(columns, 0, width, 1), height, channels.narrow, width)
                fold(columns, width, geometry, (row, row + height), (first, last), wide, start)


@kernel
def correlate(
    begin: int,
    end: int,
    wide: Array,
    narrow: Array,
    dw: Array,
    batch: int,
    breadth: int,
    geometry: Geometry,
    channels: Channels,
) -> None:
    """`dw = Σ narrow · unfold(wide)ᵀ` over samples. A task is a tile of filters × `breadth` rows."""
    rows, positions = channels.wide * volume(geometry.size), volume(geometry.outputs)
    across, down = tiles(rows, breadth), tiles(channels.narrow, FILTERS)
    windows = np.empty(POSITIONS * ROWS, wide.dtype)
    product = np.empty(FILTERS * ROWS, wide.dtype)
    for task in range(begin, end):
        rest, tile = divmod(task, across)
        group, block = divmod(rest, down)
        first, last = tile * breadth, min((tile + 1) * breadth, rows)
        lowest, highest = block * FILTERS, min((block + 1) * FILTERS, channels.narrow)
        width, height = last - first, highest - lowest
        target = (group * channels.narrow + lowest) * rows + first
        for i in range(height):
            dw[target + i * rows : target + i * rows + width] = 0
        for sample in range(batch):
            part = sample * channels.groups + group
            start = part * channels.wide * volume(geometry.inputs)
            for position in range(0, positions, POSITIONS):
                depth = min(POSITIONS, positions - position)
                unfold(
                    wide, start, geometry, (first, last), (position, position + depth), windows, (1, width)
                )
                product[: height * width] = 0
                a = Matrix(narrow, (part * channels.narrow + lowest) * positions + position, positions, 1)
                b = Matrix(windows, 0, width, 1)
                add_product(a, b, Matrix(product, 0, width, 1), height, depth, width)
                _add_tile(dw, target, rows, product, height, width)


@kernel
def sum_channels(begin: int, end: int, maps: Array, sums: Array, batch: int, plane: int) -> None:
    """The sum of each channel over batch and positions, as the gradient of a bias. A task is a channel."""
    channels = sums.size
    for channel in range(begin, end):
        total = 0.0
        for sample in range(batch):
            start = (sample * channels + channel) * plane
            for i in range(start, start + plane):
                total += maps[i]
        sums[channel] = total


def run_gather(
    operation: Convolution, wide: Array, weight: Array, bias: Array | None, narrow: Array, threads: int
) -> None:
    """The narrow map from the wide one."""
    geometry, channels = _sizes(operation, wide, narrow)
    blocks = tiles(channels.narrow, FILTERS) * tiles(volume(geometry.outputs), POSITIONS)
    tasks, work = len(wide) * channels.groups * blocks, _multiplications(narrow, channels, geometry)
    arrays = _flat(wide), _flat(weight), _flat(weight[:0] if bias is None else bias), _flat(narrow)
    launch(gather, tasks, work, threads, *arrays, geometry, channels)


def run_scatter(
    operation: Convolution, narrow: Array, weight: Array, bias: Array | None, wide: Array, threads: int
) -> None:
    """The wide map from the narrow one."""
    geometry, channels = _sizes(operation, wide, narrow)
    breadth = max(1, min(ROWS // volume(geometry.size), tiles(channels.wide, 4)))
    tasks = len(wide) * channels.groups * tiles(channels.wide, breadth)
    work = _multiplications(narrow, channels, geometry)
    arrays = _flat(narrow), _flat(weight), _flat(weight[:0] if bias is None else bias), _flat(wide)
    launch(scatter, tasks, work, threads, *arrays, breadth, geometry, channels)


def run_correlate(operation: Convolution, wide: Array, narrow: Array, dw: Array, threads: int) -> None:
    """The gradient of the weights from the two maps (one of them the gradient of the output)."""
    geometry, channels = _sizes(operation, wide, narrow)
    rows = channels.wide * volume(geometry.size)
    breadth = tiles(rows, max(tiles(rows, ROWS), min(4, tiles(rows, 16))))
    tasks = channels.groups * tiles(channels.narrow, FILTERS) * tiles(rows, breadth)
    work = _multiplications(narrow, channels, geometry)
    arrays = _flat(wide), _flat(narrow), _flat(dw)
    launch(correlate, tasks, work, threads, *arrays, len(wide), breadth, geometry, channels)


def run_sum_channels(maps: Array, sums: Array, threads: int) -> None:
    """The gradient of a bias."""
    batch, channels, *spatial = maps.shape
    launch(sum_channels, channels, maps.size, threads, _flat(maps), sums, batch, prod(spatial))


def _sizes(operation: Convolution, wide: Array, narrow: Array) -> tuple[Geometry, Channels]:
    groups = operation.groups
    channels = Channels(groups, wide.shape[1] // groups, narrow.shape[1] // groups)
    return geometry_of(operation.window, wide.shape, narrow.shape), channels


def _multiplications(narrow: Array, channels: Channels, geometry: Geometry) -> int:
    return narrow.size * channels.wide * volume(geometry.size)


def _flat(array: Array) -> Array:
    return array.reshape(-1)


def fit(operation: Convolution, inputs: Shapes, outputs: Shapes, weights: Shapes) -> None:
    """Raise ValueError unless the shapes are those of a convolution."""
    require_one_map(inputs, outputs)
    require_windows(operation.window, inputs[0], outputs[0])
    fit_weights(operation, inputs[0], outputs[0], outputs[0][1], weights)


def fit_weights(operation: Convolution, wide: Shape, narrow: Shape, biases: int, weights: Shapes) -> None:
    """Raise ValueError unless the weights lie between the two maps."""
    groups = operation.groups
    divides = groups > 0 and wide[1] % groups == 0 and narrow[1] % groups == 0
    require(divides, f"{wide[1]} and {narrow[1]} channels do not divide into {groups} groups")
    require_shape("the weight", weights[0], (narrow[1], wide[1] // groups, *operation.window.size))
    if operation.bias:
        require_shape("the bias", weights[1], (biases,))


def forward(operation: Convolution, arrays: Forward, context: Context) -> None:
    """The narrow map is the output."""
    weight, *bias = arrays.weights
    (image,), (result,) = arrays.inputs, arrays.outputs
    run_gather(operation, image, weight, bias[0] if bias else None, result, context.threads)


def backward(operation: Convolution, arrays: Backward, context: Context) -> None:
    """The gradient of the input is the adjoint of the same window."""
    (image,), (dy,), weight = arrays.inputs, arrays.output_gradients, arrays.weights[0]
    if (dx := arrays.input_gradients[0]) is not None:
        run_scatter(operation, dy, weight, None, dx, context.threads)
    if (dw := arrays.weight_gradients[0]) is not None:
        run_correlate(operation, image, dy, dw, context.threads)
    if operation.bias and (db := arrays.weight_gradients[1]) is not None:
        run_sum_channels(dy, db, context.threads)
