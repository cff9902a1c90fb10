"""The product of two tiles of matrices: where convolutions and linear layers spend their time.

A matrix is a view on a flat array, so that a kernel reads weights, maps and scratch where they are. Sums run
along the depth in one fixed order, four terms at a time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from cnnspec.backend.kernels.arrays import Array
from cnnspec.backend.kernels.jit import inline


class Matrix(NamedTuple):
    """Element (i, j) of a matrix is `values[start + i·row + j·column]`."""

    values: Array
    start: int
    row: int
    column: int


@inline
def add_product(a: Matrix, b: Matrix, c: Matrix, rows: int, depth: int, columns: int) -> None:
    """`c += a b`, with `rows × depth` times `depth × columns`. The columns of b and c are adjacent."""
    for i in range(0, rows - 1, 2):
        _add_two_rows(a, b, c, i, depth, columns)
    if rows % 2:
        _add_row(a, b, c, rows - 1, depth, columns)


# The innermost indices are unsigned: numba would look for negative ones, and LLVM would not vectorise.


@inline
def _add_two_rows(a: Matrix, b: Matrix, c: Matrix, i: int, depth: int, columns: int) -> None:
    """Two rows share each element of b that is read: the loop is bound by memory otherwise."""
    target, source, factor = c.values, b.values, a.values
    upper = np.uint64(c.start + i * c.row)
    lower = np.uint64(c.start + (i + 1) * c.row)
    for k in range(0, depth - 3, 4):
        at = a.start + i * a.row + k * a.column
        u0, u1 = factor[at], factor[at + a.column]
        u2, u3 = factor[at + 2 * a.column], factor[at + 3 * a.column]
        at += a.row
        l0, l1 = factor[at], factor[at + a.column]
        l2, l3 = factor[at + 2 * a.column], factor[at + 3 * a.column]
        row0, row1 = np.uint64(b.start + k * b.row), np.uint64(b.start + (k + 1) * b.row)
        row2, row3 = np.uint64(b.start + (k + 2) * b.row), np.uint64(b.start + (k + 3) * b.row)
        for j in range(np.uint64(columns)):
            b0, b1, b2, b3 = source[row0 + j], source[row1 + j], source[row2 + j], source[row3 + j]
            target[upper + j] += (u0 * b0 + u1 * b1) + (u2 * b2 + u3 * b3)
            target[lower + j] += (l0 * b0 + l1 * b1) + (l2 * b2 + l3 * b3)
    for k in range(depth - depth % 4, depth):
        u0, l0 = factor[a.start + i * a.row + k * a.column], factor[a.start + (i + 1) * a.row + k * a.column]
        row0 = np.uint64(b.start + k * b.row)
        for j in range(np.uint64(columns)):
            b0 = source[row0 + j]
            target[upper + j] += u0 * b0
            target[lower + j] += l0 * b0


@inline
def _add_row(a: Matrix, b: Matrix, c: Matrix, i: int, depth: int, columns: int) -> None:
    target, source, factor = c.values, b.values, a.values
    row = np.uint64(c.start + i * c.row)
    for k in range(0, depth - 3, 4):
        at = a.start + i * a.row + k * a.column
        a0, a1 = factor[at], factor[at + a.column]
        a2, a3 = factor[at + 2 * a.column], factor[at + 3 * a.column]
        row0, row1 = np.uint64(b.start + k * b.row), np.uint64(b.start + (k + 1) * b.row)
        row2, row3 = np.uint64(b.start + (k + 2) * b.row), np.uint64(b.start + (k + 3) * b.row)
        for j in range(np.uint64(columns)):
            b0, b1, b2, b3 = source[row0 + j], source[row1 + j], source[row2 + j], source[row3 + j]
            target[row + j] += (a0 * b0 + a1 * b1) + (a2 * b2 + a3 * b3)
    for k in range(depth - depth % 4, depth):
        a0 = factor[a.start + i * a.row + k * a.column]
        row0 = np.uint64(b.start + k * b.row)
        for j in range(np.uint64(columns)):
            target[row + j] += a0 * source[row0 + j]
