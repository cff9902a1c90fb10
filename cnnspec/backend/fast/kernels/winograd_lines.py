"""The transforms of Winograd's F(4×4, 3×3), of one line of a tile and of both directions of it."""

from __future__ import annotations

from collections.abc import Callable

from cnnspec.backend.fast.simd.emitter import Emitter
from cnnspec.backend.fast.simd.values import Vector

Line = Callable[[Emitter, list[Vector]], list[Vector]]


def of_inputs(e: Emitter, d: list[Vector]) -> list[Vector]:
    """Bᵀ d: six inputs to six positions."""
    a, b = e.fma(d[2], -4.0, d[4]), e.fma(d[1], -4.0, d[3])
    c, f = d[4] - d[2], d[3] - d[1]
    first = e.fma(d[0], 4.0, e.fma(d[2], -5.0, d[4]))
    last = e.fma(d[1], 4.0, e.fma(d[3], -5.0, d[5]))
    return [first, a + b, a - b, e.fma(f, 2.0, c), e.fma(f, -2.0, c), last]


def of_outputs(e: Emitter, m: list[Vector]) -> list[Vector]:
    """Aᵀ m: six positions to four outputs."""
    s, d = m[1] + m[2], m[1] - m[2]
    s2, d2 = m[3] + m[4], m[3] - m[4]
    return [m[0] + s + s2, e.fma(d2, 2.0, d), e.fma(s2, 4.0, s), e.fma(d2, 8.0, d) + m[5]]


def of_weights(e: Emitter, g: list[Vector]) -> list[Vector]:
    """G g: three weights to six positions."""
    s = (g[0] + g[2]) * (-1 / 6)
    h = e.fma(g[2], 1 / 6, g[0] * (1 / 24))
    middle = e.fma(g[1], -1 / 6, s), e.fma(g[1], 1 / 6, s)
    outer = e.fma(g[1], 1 / 12, h), e.fma(g[1], -1 / 12, h)
    return [g[0] * 0.25, *middle, *outer, g[2]]


def of_output_gradients(e: Emitter, y: list[Vector]) -> list[Vector]:
    """A y: four gradients of outputs to six positions, the adjoint of `of_outputs`."""
    s, d = y[0] + y[2], y[1] + y[3]
    s2, d2 = e.fma(y[2], 4.0, y[0]), e.fma(y[3], 4.0, y[1])
    return [y[0], s + d, s - d, e.fma(d2, 2.0, s2), e.fma(d2, -2.0, s2), y[3]]


def of_weight_gradients(e: Emitter, u: list[Vector]) -> list[Vector]:
    """Gᵀ u: six positions to three gradients of weights, the adjoint of `of_weights`."""
    s, d = u[1] + u[2], u[2] - u[1]
    s2, d2 = u[3] + u[4], u[3] - u[4]
    first = e.fma(s2, 1 / 24, e.fma(s, -1 / 6, u[0] * 0.25))
    return [first, e.fma(d2, 1 / 12, d * (1 / 6)), e.fma(s2, 1 / 6, s * (-1 / 6)) + u[5]]


def both_ways(
    e: Emitter, line: Line, rows: int, columns: int, load: Callable[[int, int], Vector]
) -> list[list[Vector]]:
    """A transform along the rows of every column, then along the columns: result[row][column]."""
    across = [line(e, [load(row, column) for row in range(rows)]) for column in range(columns)]
    return [line(e, [column[row] for column in across]) for row in range(len(across[0]))]
