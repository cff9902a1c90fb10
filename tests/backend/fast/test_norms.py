"""Sums of batch normalisation against NumPy in double precision: any shape, offset and number of parts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cnnspec.backend.fast.kernels.norms import (
    BatchNormSums,
    BatchStatistics,
    ChannelSums,
    PartGradients,
    Parts,
    PartStatistics,
    PartSums,
)
from cnnspec.backend.fast.layout import BlockedMap

TOLERANCE = {"float32": 2e-6, "float64": 1e-14}
SHAPES = [
    (1, 1, (1, 1, 2)),
    (2, 3, (1, 1, 1)),
    (8, 17, (1, 7, 7)),
    (3, 16, (1, 13, 11)),
    (13, 5, (1, 9, 4)),
    (2, 33, (3, 5, 6)),
    (5, 64, (1, 1, 257)),
]
AXES = (0, 2, 3, 4)
EPSILON, MOMENTUM = 1e-3, 0.1


def map_of(bench: Any, shape: tuple[int, int, tuple[int, int, int]]) -> BlockedMap:
    batch, channels, size = shape
    return BlockedMap(batch, channels, size, bench.lanes, ((0, 1, 2), (0, 0, 1)))


def values_of(map_: BlockedMap, dtype: str, seed: int = 0) -> np.ndarray:
    shape = map_.batch, map_.channels, *map_.size
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def statistics(bench: Any, map_: BlockedMap, x: np.ndarray) -> dict[str, np.ndarray]:
    """What the two kernels make of a map, with scale 2, shift 3 and running statistics 0 and 1."""
    memory, kernel = bench.memory, PartStatistics(map_)
    parts, padded = memory.array(kernel.parts.numbers), map_.blocks * map_.block
    given = [memory.array(map_.channels, fill) for fill in (2.0, 3.0, 0.0, 1.0)]
    made = [memory.array(padded) for _ in range(4)]
    total = BatchStatistics(map_, EPSILON, MOMENTUM, affine=True)
    bench.run((kernel, (memory.blocked(map_, x), parts)), (total, (parts, *given, *made)))
    names = "running mean", "running variance", "mean", "inverse", "factor", "shift"
    found = [*given[2:], *(array[: map_.channels] for array in made)]
    return dict(zip(names, found, strict=True))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("offset", [0.0, 1000.0])
def test_statistics_are_those_of_numpy_in_double_precision(bench: Any, shape: Any, offset: float) -> None:
    map_ = map_of(bench, shape)
    x = values_of(map_, bench.real.value) + np.asarray(offset, bench.real.value)
    found = statistics(bench, map_, x)
    wide = x.astype(np.float64)
    count = x.size // x.shape[1]
    mean, variance = wide.mean(AXES), wide.var(AXES)
    tolerance = TOLERANCE[bench.real.value]
    spread = tolerance * (1 + offset / 100)  # differences near 1 of numbers near `offset` are rounded so
    np.testing.assert_allclose(found["mean"], mean, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(found["inverse"], 1 / np.sqrt(variance + EPSILON), rtol=spread * 10)
    np.testing.assert_allclose(found["factor"], 2 * found["inverse"], rtol=tolerance)
    shift = 3 - found["mean"].astype(np.float64) * found["factor"]
    np.testing.assert_allclose(found["shift"], shift, rtol=tolerance, atol=tolerance * (1 + offset))
    np.testing.assert_allclose(found["running mean"], MOMENTUM * mean, rtol=tolerance, atol=tolerance)
    unbiased = variance * count / max(1, count - 1)
    expected = 1 + MOMENTUM * (unbiased - 1)
    np.testing.assert_allclose(found["running variance"], expected, rtol=spread * 10)


def test_a_far_value_does_not_spoil_the_variance(bench: Any) -> None:
    """One sample is 1e6 from the others: the parts are joined by their own means."""
    map_ = map_of(bench, (8, 16, (1, 8, 8)))
    x = values_of(map_, bench.real.value)
    x[3] += 1e6
    found = statistics(bench, map_, x)
    expected = 1 / np.sqrt(x.astype(np.float64).var(AXES) + EPSILON)
    np.testing.assert_allclose(found["inverse"], expected, rtol=1e-6)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("writes", [True, False])
def test_gradients_and_coefficients_are_those_of_the_formula(bench: Any, shape: Any, writes: bool) -> None:
    memory, map_ = bench.memory, map_of(bench, shape)
    x, dy = values_of(map_, bench.real.value), values_of(map_, bench.real.value, 1)
    kernel, padded = PartGradients(map_, map_), map_.blocks * map_.block
    parts = memory.array(kernel.parts.numbers)
    mean, inverse = memory.array(padded, 0.25), memory.array(padded, 0.5)
    scale = memory.array(map_.channels, 2.0)
    goals = [memory.array(map_.channels, 7.0) for _ in range(2)]
    a, b, c = (memory.array(padded) for _ in range(3))
    total = BatchNormSums(map_, affine=True, writes=writes)
    maps = memory.blocked(map_, x), memory.blocked(map_, dy)
    bench.run((kernel, (*maps, mean, parts)), (total, (parts, inverse, scale, *goals, a, b, c)))
    wide, gradient, count = x.astype(np.float64), dy.astype(np.float64), x.size // x.shape[1]
    normed = (wide - 0.25) * 0.5
    scale_gradient, shift_gradient = (gradient * normed).sum(AXES), gradient.sum(AXES)
    tolerance = TOLERANCE[bench.real.value] * count**0.5 * 4
    if writes:
        np.testing.assert_allclose(goals[0], scale_gradient, rtol=0, atol=tolerance)
        np.testing.assert_allclose(goals[1], shift_gradient, rtol=0, atol=tolerance)
    else:
        assert all((goal == 7).all() for goal in goals), "a frozen weight's gradient was written"
    channels = slice(map_.channels)
    wanted = 2 * 0.5 * (gradient - _along(shift_gradient) / count - normed * _along(scale_gradient) / count)
    found = _along(a[channels]) * dy + _along(b[channels]) * (x - 0.25) + _along(c[channels])
    np.testing.assert_allclose(found, wanted, rtol=0, atol=tolerance)


def _along(channelwise: np.ndarray) -> np.ndarray:
    return channelwise.reshape(1, -1, 1, 1, 1)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_sums_of_channels(bench: Any, shape: Any) -> None:
    memory, map_ = bench.memory, map_of(bench, shape)
    dy, kernel = values_of(map_, bench.real.value), PartSums(map_)
    parts, sums = memory.array(kernel.parts.numbers), memory.array(map_.channels)
    bench.run((kernel, (memory.blocked(map_, dy), parts)), (ChannelSums(map_), (parts, sums)))
    tolerance = TOLERANCE[bench.real.value] * (dy.size // map_.channels) ** 0.5 * 4
    np.testing.assert_allclose(sums, dy.astype(np.float64).sum(AXES), rtol=0, atol=tolerance)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_parts_are_equal_and_few_for_few_pixels(bench: Any, shape: Any) -> None:
    parts = Parts(map_of(bench, shape), 2)
    assert parts.rows % parts.count == 0
    assert parts.count == 1 or parts.rows * parts.map.size[2] >= 64 * parts.count
