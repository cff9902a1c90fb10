"""The hand-picked kernels of image processing, exactly. Rows go down, columns to the right.

All are meant for cross-correlation, which is what `conv` does: the window is laid on the image as it is
written here, not turned. So `sobel_right` answers positively where the image grows brighter to the right.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

Row = tuple[Fraction, ...]
Kernel = tuple[Row, ...]


def kernel(*rows: tuple[int, ...], over: int = 1) -> Kernel:
    """A matrix of whole numbers, all divided by `over`."""
    return tuple(tuple(Fraction(value, over) for value in row) for row in rows)


def transposed(matrix: Kernel) -> Kernel:
    """Rows as columns."""
    return tuple(zip(*matrix, strict=True))


def negative(matrix: Kernel) -> Kernel:
    """All signs changed."""
    return tuple(tuple(-value for value in row) for row in matrix)


_SOBEL = kernel((-1, 0, 1), (-2, 0, 2), (-1, 0, 1))
_PREWITT = kernel((-1, 0, 1), (-1, 0, 1), (-1, 0, 1))
_SCHARR = kernel((-3, 0, 3), (-10, 0, 10), (-3, 0, 3))
_DIFFERENCE = kernel((-1, 0, 1))

KERNELS: Mapping[str, Kernel] = {
    # Edges: brighter to the right (x) or downwards (y).
    "sobel_right": _SOBEL,
    "sobel_left": negative(_SOBEL),
    "sobel_bottom": transposed(_SOBEL),
    "sobel_top": negative(transposed(_SOBEL)),
    "sobel_x": _SOBEL,
    "sobel_y": transposed(_SOBEL),
    "prewitt_x": _PREWITT,
    "prewitt_y": transposed(_PREWITT),
    "scharr_x": _SCHARR,
    "scharr_y": transposed(_SCHARR),
    # The differences that histograms of oriented gradients are made of (Dalal & Triggs 2005).
    "hog_x": _DIFFERENCE,
    "hog_y": transposed(_DIFFERENCE),
    # Smoothing: the entries sum to 1.
    "average": kernel((1, 1, 1), (1, 1, 1), (1, 1, 1), over=9),
    "gaussian": kernel((1, 2, 1), (2, 4, 2), (1, 2, 1), over=16),
    # Sharpening, and the second derivative it adds to the image.
    "sharpen": kernel((0, -1, 0), (-1, 5, -1), (0, -1, 0)),
    "laplacian": kernel((0, 1, 0), (1, -4, 1), (0, 1, 0)),
    # Shapes.
    "corner": kernel((1, 1, 1), (0, 0, 1), (0, 0, 1)),
    "cross": kernel((1, 0, 1), (0, 1, 0), (1, 0, 1)),
    "identity": kernel((0, 0, 0), (0, 1, 0), (0, 0, 0)),
}
