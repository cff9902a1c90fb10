"""Pools against PyTorch, and against their definition where PyTorch has no such pool."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from backend.kernels.running import assert_agrees, distance, normal, run

from cnnspec.backend.kernels.operations import (
    AdaptiveAveragePool,
    AdaptiveMaxPool,
    AveragePool,
    LpPool,
    MaxPool,
    Window,
)

torch = pytest.importorskip("torch")
functional = torch.nn.functional

ONE, NONE = (1, 1, 1), (0, 0, 0)


@pytest.mark.parametrize("ceil", [False, True])
def test_max_pool_is_that_of_pytorch(ceil: bool) -> None:
    sizes = itertools.product([(1, 3, 3), (2, 2, 3)], [ONE, (2, 2, 3)], [ONE, (1, 2, 2)], [NONE, (0, 1, 1)])
    for size, stride, dilation, pad in sizes:

        def pool(x: Any) -> Any:
            return functional.max_pool3d(x, size, stride, pad, dilation, ceil)  # noqa: B023

        assert_agrees(MaxPool(Window(size, stride, dilation, pad, pad)), pool, [normal(2, 3, 4, 9, 8)])


def test_max_pool_takes_the_first_of_equals() -> None:
    def pool(x: Any) -> Any:
        return functional.max_pool3d(x, (1, 3, 3), 1)

    image = np.repeat(normal(1, 2, 1, 3, 3), 2, axis=3).round()
    assert_agrees(MaxPool(Window((1, 3, 3))), pool, [image])


def test_max_pool_passes_nan_and_minus_infinity_on() -> None:
    image = np.full((1, 1, 1, 4, 4), -np.inf)
    image[..., 0, 1] = np.nan

    def pool(x: Any) -> Any:
        return functional.max_pool3d(x, (1, 2, 2))

    result = run(MaxPool(Window((1, 2, 2), (1, 2, 2))), [image], outputs=[(1, 1, 1, 2, 2)])
    theirs = torch.tensor(image, requires_grad=True)
    output = pool(theirs)
    output.backward(torch.tensor(result.output_gradients[0]))
    np.testing.assert_array_equal(result.outputs[0], output.detach().numpy())
    np.testing.assert_array_equal(result.input_gradients[0], theirs.grad.numpy())


@pytest.mark.parametrize("ceil", [False, True])
@pytest.mark.parametrize("count_pad", [False, True])
def test_average_pool_is_that_of_pytorch(ceil: bool, count_pad: bool) -> None:
    for size, stride, pad in itertools.product([(1, 3, 3), (2, 2, 3)], [ONE, (2, 2, 3)], [NONE, (0, 1, 1)]):

        def pool(x: Any) -> Any:
            return functional.avg_pool3d(x, size, stride, pad, ceil, count_pad)  # noqa: B023

        assert_agrees(
            AveragePool(Window(size, stride, ONE, pad, pad), count_pad), pool, [normal(2, 3, 4, 9, 8)]
        )


def test_asymmetric_padding_of_an_average_counts_on_its_own_side() -> None:
    image = normal(1, 1, 1, 1, 5)
    for count_pad, divisors in ((True, [3, 3, 3]), (False, [2, 3, 2])):
        operation = AveragePool(Window((1, 1, 3), (1, 1, 2), ONE, (0, 0, 1), (0, 0, 1)), count_pad)
        found = run(operation, [image], outputs=[(1, 1, 1, 1, 3)]).outputs[0].reshape(-1)
        x = image.reshape(-1)
        expected = np.array([x[0:2].sum(), x[1:4].sum(), x[3:5].sum()]) / divisors
        np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_max_pool_with_asymmetric_padding() -> None:
    window = Window((1, 2, 2), (1, 2, 2), ONE, NONE, (0, 1, 1))

    def pool(x: Any) -> Any:
        return functional.max_pool3d(functional.pad(x, (0, 1, 0, 1), value=-math.inf), (1, 2, 2))

    assert_agrees(MaxPool(window), pool, [normal(2, 2, 1, 5, 7)])


@pytest.mark.parametrize("power", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("ceil", [False, True])
def test_lp_pool_is_that_of_pytorch(power: float, ceil: bool) -> None:
    def pool(x: Any) -> Any:
        return functional.lp_pool3d(x, power, (1, 3, 2), (1, 2, 2), ceil)

    image = np.abs(normal(2, 3, 1, 8, 7)) + 0.1
    assert_agrees(LpPool(Window((1, 3, 2), (1, 2, 2)), power), pool, [image])


def test_the_norm_of_nothing_has_no_gradient() -> None:
    result = run(
        LpPool(Window((1, 1, 2), (1, 1, 2)), 2.0), [np.zeros((1, 1, 1, 1, 4))], outputs=[(1, 1, 1, 1, 2)]
    )
    assert not result.outputs[0].any()
    assert not result.input_gradients[0].any()


@pytest.mark.parametrize("size", [(1, 1, 1), (1, 6, 6), (2, 3, 5), (4, 9, 8), (5, 11, 8)])
def test_adaptive_pools_are_those_of_pytorch(size: Any) -> None:
    image = normal(2, 3, 4, 9, 8)
    assert_agrees(AdaptiveAveragePool(), lambda x: functional.adaptive_avg_pool3d(x, size), [image])
    assert_agrees(AdaptiveMaxPool(), lambda x: functional.adaptive_max_pool3d(x, size), [image])


def test_pools_in_single_precision() -> None:
    image = normal(2, 3, 1, 9, 8).astype(np.float32)

    def pool(x: Any) -> Any:
        return functional.avg_pool3d(x, (1, 3, 3), (1, 2, 2))

    assert_agrees(AveragePool(Window((1, 3, 3), (1, 2, 2))), pool, [image], tolerance=1e-6)
    largest = run(MaxPool(Window((1, 9, 8))), [image], outputs=[(2, 3, 1, 1, 1)]).outputs[0]
    assert distance(largest.reshape(2, 3), image.max(axis=(2, 3, 4))) == 0
