"""Write the windows of a map as the columns of a matrix, and back: convolution becomes a product of matrices.

Row r of the matrix is one tap of one channel, r = channel · taps + tap; column p is one position of the
window, in row-major order. Stride, dilation, padding and rank are dealt with here and nowhere else.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cnnspec.backend.kernels.arrays import Array
from cnnspec.backend.kernels.jit import inline
from cnnspec.backend.kernels.operations import Shape, Triple, Window


class Geometry(NamedTuple):
    """A window sliding over planes of size `inputs`, standing at `outputs` positions along each axis."""

    inputs: Triple
    outputs: Triple
    size: Triple
    stride: Triple
    dilation: Triple
    before: Triple


def geometry_of(window: Window, wide: Shape, narrow: Shape) -> Geometry:
    """The geometry of a window that slides over the wide map, once for each position of the narrow one."""
    return Geometry(
        (wide[2], wide[3], wide[4]),
        (narrow[2], narrow[3], narrow[4]),
        window.size,
        window.stride,
        window.dilation,
        window.before,
    )


@inline
def volume(size: Triple) -> int:
    """The number of elements of a plane (or the number of taps of a window)."""
    return size[0] * size[1] * size[2]


@inline
def _tap(row: int, geometry: Geometry) -> tuple[int, int, int, int, int, int]:
    """Of a row: its channel, its tap's offset along each axis, and the columns of a line it finds inside."""
    size, dilation, before = geometry.size, geometry.dilation, geometry.before
    channel, tap = divmod(row, volume(size))
    line, k = divmod(tap, size[2])
    i, j = divmod(line, size[1])
    offset = k * dilation[2] - before[2]
    stride = geometry.stride[2]
    left = min(max(0, -(offset // stride)), geometry.outputs[2])
    right = max(left, min(geometry.outputs[2], (geometry.inputs[2] - 1 - offset) // stride + 1))
    return channel, i * dilation[0] - before[0], j * dilation[1] - before[1], offset, left, right


@inline
def _line(a: int, b: int, depth_offset: int, height_offset: int, geometry: Geometry) -> int:
    """The line of the plane that a tap reads for line (a, b) of the output, or −1 in the padding."""
    depth = a * geometry.stride[0] + depth_offset
    height = b * geometry.stride[1] + height_offset
    if 0 <= depth < geometry.inputs[0] and 0 <= height < geometry.inputs[1]:
        return depth * geometry.inputs[1] + height
    return -1


@inline
def _clip(index: int, low: int, high: int) -> int:
    return min(max(index, low), high)


# Copies and sums run over slices or unsigned indices: numba would look for negative ones, and LLVM would not
# vectorise.


@inline
def unfold(
    planes: Array,
    start: int,
    geometry: Geometry,
    rows: tuple[int, int],
    columns: tuple[int, int],
    matrix: Array,
    step: tuple[int, int],
) -> None:
    """Fill the tile `rows × columns` of the matrix; element (i, j) of it at `i·step[0] + j·step[1]`.

    The planes are read from `planes[start:]`; what a window sees of the padding is zero.
    """
    lines, length, stride = geometry.outputs[1], geometry.outputs[2], geometry.stride[2]
    first_a, first_b = divmod(columns[0] // length, lines)
    for row in range(rows[0], rows[1]):
        channel, depth_offset, height_offset, offset, left, right = _tap(row, geometry)
        plane = start + channel * volume(geometry.inputs) + offset
        a, b = first_a, first_b
        at = (a * lines + b) * length - columns[0]  # where the line begins in the tile
        while at < columns[1] - columns[0]:
            begin, end = max(-at, 0), min(columns[1] - columns[0] - at, length)
            line = _line(a, b, depth_offset, height_offset, geometry)
            first = end if line < 0 else _clip(left, begin, end)
            last = end if line < 0 else _clip(right, first, end)
            target = (row - rows[0]) * step[0] + at * step[1]
            _clear(matrix, target + begin * step[1], step[1], first - begin)
            source = plane + line * geometry.inputs[2] + first * stride
            _copy(planes, source, stride, matrix, target + first * step[1], step[1], last - first)
            _clear(matrix, target + last * step[1], step[1], end - last)
            at += length
            b += 1
            if b == lines:
                a, b = a + 1, 0


@inline
def _clear(target: Array, start: int, step: int, count: int) -> None:
    to, stride = np.uint64(start), np.uint64(step)
    for j in range(np.uint64(count)):
        target[to + j * stride] = 0


@inline
def _copy(source: Array, start: int, stride: int, target: Array, begin: int, step: int, count: int) -> None:
    origin, to = np.uint64(start), np.uint64(begin)
    if stride == 1 and step == 1:
        for j in range(np.uint64(count)):
            target[to + j] = source[origin + j]
    else:
        jump, hop = np.uint64(stride), np.uint64(step)
        for j in range(np.uint64(count)):
            target[to + j * hop] = source[origin + j * jump]


@inline
def _accumulate(source: Array, start: int, target: Array, begin: int, step: int, count: int) -> None:
    origin, to = np.uint64(start), np.uint64(begin)
    if step == 1:
        for j in range(np.uint64(count)):
            target[to + j] += source[origin + j]
    else:
        hop = np.uint64(step)
        for j in range(np.uint64(count)):
            target[to + j * hop] += source[origin + j]


@inline
def fold(
    matrix: Array,
    row_step: int,
    geometry: Geometry,
    rows: tuple[int, int],
    columns: tuple[int, int],
    planes: Array,
    start: int,
) -> None:
    """The adjoint of `unfold`: add each element of the tile to where in the planes it was read from."""
    lines, length, stride = geometry.outputs[1], geometry.outputs[2], geometry.stride[2]
    first_a, first_b = divmod(columns[0] // length, lines)
    for row in range(rows[0], rows[1]):
        channel, depth_offset, height_offset, offset, left, right = _tap(row, geometry)
        plane = start + channel * volume(geometry.inputs) + offset
        a, b = first_a, first_b
        at = (a * lines + b) * length - columns[0]
        while at < columns[1] - columns[0]:
            line = _line(a, b, depth_offset, height_offset, geometry)
            if line >= 0:
                first, last = max(left, -at), min(right, columns[1] - columns[0] - at)
                source = (row - rows[0]) * row_step + at + first
                target = plane + line * geometry.inputs[2] + first * stride
                _accumulate(matrix, source, planes, target, stride, max(last - first, 0))
            at += length
            b += 1
            if b == lines:
                a, b = a + 1, 0
