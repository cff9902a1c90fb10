"""Convolution and its transpose against PyTorch, and against the matrix that they are."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from backend.kernels.running import assert_agrees, normal, run

from cnnspec.backend.kernels.operations import Convolution, Shape, TransposedConvolution, Window

torch = pytest.importorskip("torch")
functional = torch.nn.functional

ONE, NONE = (1, 1, 1), (0, 0, 0)
WINDOWS = [
    Window(size, stride, dilation, before, after)
    for size, stride, dilation, before, after in itertools.product(
        [(1, 3, 3), (2, 1, 4), (3, 2, 1)],
        [ONE, (2, 2, 3)],
        [ONE, (2, 3, 2)],
        [NONE, (2, 1, 0)],
        [NONE, (0, 2, 3)],
    )
]


def convolve(window: Window, groups: int) -> Any:
    def function(image: Any, weight: Any, bias: Any = None) -> Any:
        sides = [side for axis in (2, 1, 0) for side in (window.before[axis], window.after[axis])]
        padded = functional.pad(image, sides)
        return functional.conv3d(padded, weight, bias, window.stride, 0, window.dilation, groups)

    return function


@pytest.mark.parametrize("groups", [1, 2])
def test_convolution_is_that_of_pytorch(groups: int) -> None:
    for window in WINDOWS:
        image, weight = normal(2, 4, 6, 8, 9), normal(6, 4 // groups, *window.size, seed=1)
        operation = Convolution(window, groups)
        assert_agrees(operation, convolve(window, groups), [image], [weight, normal(6, seed=2)])


@pytest.mark.parametrize(
    ("image", "filters", "window", "groups"),
    [
        pytest.param((3, 5, 1, 1, 11), 4, Window((1, 1, 3)), 1, id="1-D"),
        pytest.param((1, 4, 1, 1, 1), 3, Window(ONE), 1, id="a single pixel"),
        pytest.param((2, 3, 1, 5, 4), 7, Window((1, 5, 4)), 1, id="a kernel as large as the map"),
        pytest.param(
            (2, 6, 1, 7, 7), 6, Window((1, 3, 3), before=(0, 1, 1), after=(0, 1, 1)), 6, id="depthwise"
        ),
        pytest.param((1, 6, 1, 5, 5), 12, Window((1, 3, 3)), 6, id="depthwise, two filters a channel"),
        pytest.param(
            (1, 1, 1, 2, 2), 1, Window((1, 2, 2), before=(0, 3, 3), after=(0, 3, 3)), 1, id="mostly padding"
        ),
        pytest.param((2, 150, 1, 3, 3), 140, Window((1, 2, 2)), 1, id="more channels than a tile"),
        pytest.param((1, 2, 1, 20, 31), 3, Window((1, 3, 3)), 1, id="more positions than a tile"),
        pytest.param((1, 1, 1, 21, 21), 2, Window((1, 13, 13)), 1, id="more taps than a tile"),
        pytest.param((1, 2, 1, 9, 9), 2, Window((1, 2, 2), (1, 4, 4)), 1, id="pixels that are never read"),
    ],
)
def test_convolution_in_corners(image: Any, filters: int, window: Window, groups: int) -> None:
    weight = normal(filters, image[1] // groups, *window.size, seed=1)
    operation = Convolution(window, groups, bias=False)
    assert_agrees(operation, convolve(window, groups), [normal(*image)], [weight])


def test_convolution_in_single_precision() -> None:
    window = Window((1, 5, 5), before=(0, 2, 2), after=(0, 2, 2))
    arrays = normal(4, 32, 1, 17, 19), normal(40, 32, 1, 5, 5, seed=1), normal(40, seed=2)
    image, weight, bias = (array.astype(np.float32) for array in arrays)
    assert_agrees(Convolution(window), convolve(window, 1), [image], [weight, bias], tolerance=2e-6)


def transpose(window: Window, groups: int, output_padding: Shape) -> Any:
    def function(image: Any, weight: Any, bias: Any) -> Any:
        pads = window.stride, window.before, output_padding
        return functional.conv_transpose3d(image, weight, bias, *pads, groups, window.dilation)

    return function


@pytest.mark.parametrize("groups", [1, 2])
def test_transposed_convolution_is_that_of_pytorch(groups: int) -> None:
    grid = itertools.product(
        [(1, 3, 3), (2, 1, 4)], [ONE, (2, 2, 3)], [ONE, (1, 2, 2)], [NONE, (0, 0, 1)], [0, 1]
    )
    for size, stride, dilation, pad, extra in grid:
        window = Window(size, stride, dilation, pad, pad)
        output_padding = tuple(extra * (s > 1 or d > 1) for s, d in zip(stride, dilation, strict=True))
        image, weight = normal(2, 4, 3, 4, 5), normal(4, 6 // groups, *size, seed=1)
        theirs = transpose(window, groups, output_padding)
        assert_agrees(TransposedConvolution(window, groups), theirs, [image], [weight, normal(6, seed=2)])


def test_transposed_convolution_of_many_channels() -> None:
    operation = TransposedConvolution(Window((1, 2, 2), (1, 2, 2)))
    image, weight, bias = normal(2, 200, 1, 5, 7), normal(200, 150, 1, 2, 2, seed=1), normal(150, seed=2)

    assert_agrees(operation, transpose(operation.window, 1, NONE), [image], [weight, bias])


def matrix_of(window: Window, weight: Any, image_shape: Any, output_shape: Any) -> Any:
    """The convolution as an explicit matrix, one row an output element, from the definition alone."""
    filters, channels = weight.shape[:2]
    matrix = np.zeros((filters, *output_shape, channels, *image_shape))
    for place in np.ndindex(*output_shape):
        for tap in np.ndindex(*window.size):
            at = tuple(
                place[k] * window.stride[k] + tap[k] * window.dilation[k] - window.before[k] for k in range(3)
            )
            if all(0 <= at[k] < image_shape[k] for k in range(3)):
                matrix[(slice(None), *place, slice(None), *at)] += weight[(slice(None), slice(None), *tap)]
    return matrix.reshape(filters * int(np.prod(output_shape)), -1)


@pytest.mark.parametrize(
    "window",
    [
        Window((1, 3, 2), (1, 2, 1), (1, 1, 2), (0, 1, 0), (0, 2, 1)),
        Window((2, 2, 2), before=(1, 0, 1), after=(0, 0, 2)),
    ],
)
def test_convolution_is_a_matrix_and_its_transpose(window: Window) -> None:
    shape = (3, 5, 6)
    extents = [d * (k - 1) + 1 for k, d in zip(window.size, window.dilation, strict=True)]
    outputs = tuple(
        (shape[k] + window.before[k] + window.after[k] - extents[k]) // window.stride[k] + 1 for k in range(3)
    )
    image, weight = normal(2, 2, *shape), normal(3, 2, *window.size, seed=1)
    matrix = matrix_of(window, weight, shape, outputs)
    result = run(Convolution(window, bias=False), [image], [weight], outputs=[(2, 3, *outputs)])
    np.testing.assert_allclose(result.outputs[0].reshape(2, -1), image.reshape(2, -1) @ matrix.T, atol=1e-12)
    dy, gradient = result.output_gradients[0].reshape(2, -1), result.input_gradients[0].reshape(2, -1)
    np.testing.assert_allclose(gradient, dy @ matrix, atol=1e-12)
    transposed = TransposedConvolution(window, bias=False)
    spread = run(transposed, [result.output_gradients[0]], [weight], outputs=[image.shape])
    np.testing.assert_array_equal(spread.outputs[0], result.input_gradients[0])
