"""The hand-picked kernels against the lectures' matrices and worked examples."""

from __future__ import annotations

from fractions import Fraction

import pytest

from cnnspec.layers.classic_kernels import KERNELS, Kernel


def matrix(text: str) -> Kernel:
    return tuple(tuple(Fraction(entry) for entry in row.split()) for row in text.split(";"))


LECTURES = {
    "sobel_bottom": "-1 -2 -1; 0 0 0; 1 2 1",
    "sobel_top": "1 2 1; 0 0 0; -1 -2 -1",
    "sobel_left": "1 0 -1; 2 0 -2; 1 0 -1",
    "sobel_right": "-1 0 1; -2 0 2; -1 0 1",
    "sharpen": "0 -1 0; -1 5 -1; 0 -1 0",
    "average": "1/9 1/9 1/9; 1/9 1/9 1/9; 1/9 1/9 1/9",
    "corner": "1 1 1; 0 0 1; 0 0 1",
    "cross": "1 0 1; 0 1 0; 1 0 1",
    "hog_x": "-1 0 1",
    "prewitt_x": "-1 0 1; -1 0 1; -1 0 1",
    "scharr_x": "-3 0 3; -10 0 10; -3 0 3",
    "laplacian": "0 1 0; 1 -4 1; 0 1 0",
    "identity": "0 0 0; 0 1 0; 0 0 0",
}


@pytest.mark.parametrize("name", LECTURES)
def test_a_kernel_is_the_lectures(name: str) -> None:
    assert KERNELS[name] == matrix(LECTURES[name])


@pytest.mark.parametrize(
    ("x", "y"), [(f"{name}_x", f"{name}_y") for name in ("sobel", "prewitt", "scharr", "hog")]
)
def test_y_is_x_with_rows_and_columns_swapped(x: str, y: str) -> None:
    assert KERNELS[y] == tuple(zip(*KERNELS[x], strict=True))


@pytest.mark.parametrize(
    ("names", "total"),
    [
        (
            (
                "sobel_right",
                "sobel_left",
                "sobel_top",
                "sobel_bottom",
                "prewitt_x",
                "scharr_y",
                "hog_x",
                "laplacian",
            ),
            0,
        ),
        (("average", "gaussian", "sharpen", "identity"), 1),
        (("corner", "cross"), 5),
    ],
)
def test_edges_sum_to_nothing_and_smoothing_to_one(names: tuple[str, ...], total: int) -> None:
    for name in names:
        assert sum(map(sum, KERNELS[name])) == total


def correlated(image: list[list[int]], kernel: Kernel) -> list[list[Fraction]]:
    """The kernel laid on every place where it fits, not turned."""
    height, width = len(kernel), len(kernel[0])
    return [
        [
            sum(
                (image[y + i][x + j] * kernel[i][j] for i in range(height) for j in range(width)), Fraction(0)
            )
            for x in range(len(image[0]) - width + 1)
        ]
        for y in range(len(image) - height + 1)
    ]


def test_the_lectures_examples() -> None:
    """Catalogue, section 4: 001-sobel-400, 001-average, 001-sharpen, 002-binary-5x5, 001-hog-gradient."""
    step = [[100, 100, 200, 200]] * 4
    assert correlated(step, KERNELS["sobel_right"]) == [[400, 400], [400, 400]]
    assert correlated(step, KERNELS["average"]) == [[Fraction(400, 3), Fraction(500, 3)]] * 2
    sharp = [[105, 102, 100, 97, 96], [103, 99, 103, 101, 102], [101, 98, 104, 102, 100]]
    assert correlated(sharp, KERNELS["sharpen"])[0][0] == 89
    binary = [[1, 1, 1, 0, 0], [0, 1, 1, 1, 0], [0, 0, 1, 1, 1], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]]
    assert correlated(binary, KERNELS["cross"]) == [[4, 3, 4], [2, 4, 3], [2, 3, 4]]
    assert correlated([[78, 0, 89]], KERNELS["hog_x"]) == [[11]]
