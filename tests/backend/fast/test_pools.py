"""Pools and their gradients against PyTorch: clipped windows, overlaps, NaN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

from cnnspec.backend.fast.kernels.functions import Activation
from cnnspec.backend.fast.kernels.pools import AveragePool, GlobalAverage, MaxPool, PoolGradient
from cnnspec.backend.fast.layout import BlockedMap
from cnnspec.backend.kernels.operations import Window

TOLERANCE = {"float32": 1e-6, "float64": 1e-14}


@dataclass(frozen=True)
class Case:
    """A pool on a 2-D map."""

    channels: int
    size: tuple[int, int]
    kernel: int
    stride: int
    pad: int = 0
    dilation: int = 1
    ceil: bool = False


RELU = Activation("relu")
CASES = [
    Case(1, (1, 1), 1, 1),
    Case(17, (8, 8), 2, 2),
    Case(16, (15, 9), 3, 2, pad=1),
    Case(5, (7, 11), 3, 1, pad=1),
    Case(20, (10, 10), 3, 2, ceil=True),
    Case(3, (9, 9), 2, 3, dilation=2),
    Case(33, (6, 23), 5, 4, pad=2, ceil=True),
]


class Pool:
    """A case with its maps and PyTorch's answers."""

    def __init__(self, case: Case, bench: Any) -> None:
        self.case, self.bench, self.memory = case, bench, bench.memory
        self.x = (
            np.random.default_rng(0).standard_normal((2, case.channels, *case.size)).astype(bench.real.value)
        )
        pad = (0, case.pad, case.pad)
        self.window = Window(
            (1, case.kernel, case.kernel),
            (1, case.stride, case.stride),
            (1, case.dilation, case.dilation),
            pad,
            pad,
        )
        self.source = BlockedMap(2, case.channels, (1, *case.size), bench.lanes, ((0, 1, 0), (0, 0, 2)))
        out = self.maximum(torch.from_numpy(self.x)).shape
        self.target = BlockedMap(2, case.channels, (1, *out[2:]), bench.lanes, ((0, 0, 1), (0, 1, 1)))

    def maximum(self, x: torch.Tensor) -> torch.Tensor:
        case = self.case
        return torch.max_pool2d(x, case.kernel, case.stride, case.pad, case.dilation, case.ceil)

    def average(self, x: torch.Tensor, count_pad: bool) -> torch.Tensor:
        case = self.case
        return torch.nn.functional.avg_pool2d(x, case.kernel, case.stride, case.pad, case.ceil, count_pad)

    def gradient(self, result: torch.Tensor, x: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
        dy = np.random.default_rng(1).standard_normal(tuple(result.shape)).astype(self.bench.real.value)
        result.backward(torch.from_numpy(dy))
        assert x.grad is not None
        return dy, x.grad.numpy()


def close(actual: np.ndarray, expected: np.ndarray, bench: Any) -> None:
    np.testing.assert_allclose(
        actual.reshape(expected.shape), expected, rtol=0, atol=TOLERANCE[bench.real.value] * 4
    )


@pytest.mark.parametrize("case", CASES, ids=str)
def test_greatest(case: Case, bench: Any) -> None:
    pool, memory = Pool(case, bench), bench.memory
    x = torch.from_numpy(pool.x).requires_grad_()
    expected = pool.maximum(x)
    dy, dx = pool.gradient(expected, x)
    a, y, places = (
        memory.blocked(pool.source, pool.x),
        memory.blocked(pool.target),
        memory.blocked(pool.target),
    )
    back, into = memory.blocked(pool.target, dy), memory.blocked(pool.source)
    bench.run(
        (MaxPool(pool.source, pool.target, pool.window, pool.target.place()), (a, y, places)),
        (PoolGradient(pool.source, pool.target, pool.window, pool.target.place()), (into, back, places, a)),
    )
    close(memory.plain(pool.target, y), expected.detach().numpy(), bench)
    close(memory.plain(pool.source, into), dx, bench)


@pytest.mark.parametrize("count_pad", [True, False])
@pytest.mark.parametrize("case", [case for case in CASES if case.dilation == 1], ids=str)
def test_mean(case: Case, count_pad: bool, bench: Any) -> None:
    pool, memory = Pool(case, bench), bench.memory
    x = torch.from_numpy(pool.x).requires_grad_()
    expected = pool.average(x, count_pad)
    dy, dx = pool.gradient(expected, x)
    a, y = memory.blocked(pool.source, pool.x), memory.blocked(pool.target)
    back, into = memory.blocked(pool.target, dy), memory.blocked(pool.source)
    gradient = PoolGradient(pool.source, pool.target, pool.window, None, count_pad)
    bench.run(
        (AveragePool(pool.source, pool.target, pool.window, count_pad), (a, y)),
        (gradient, (into, back, a, a)),
    )
    close(memory.plain(pool.target, y), expected.detach().numpy(), bench)
    close(memory.plain(pool.source, into), dx, bench)


def test_the_gate_is_applied_after_all_windows(bench: Any) -> None:
    pool, memory = Pool(Case(9, (7, 7), 3, 2), bench), bench.memory
    x = torch.from_numpy(pool.x).requires_grad_()
    dy, dx = pool.gradient(pool.average(x, True), x)
    a, back, into = (
        memory.blocked(pool.source, pool.x),
        memory.blocked(pool.target, dy),
        memory.blocked(pool.source),
    )
    gradient = PoolGradient(pool.source, pool.target, pool.window, None, True, pool.source.place(), RELU)
    bench.run((gradient, (into, back, a, a)))
    close(memory.plain(pool.source, into), dx * (pool.x > 0), bench)


def test_the_gate_of_a_maximum_reads_its_own_output(bench: Any) -> None:
    pool, memory = Pool(Case(9, (7, 7), 3, 2), bench), bench.memory
    x = torch.from_numpy(pool.x).requires_grad_()
    dy, dx = pool.gradient(pool.maximum(torch.relu(x)), x)
    a, y = memory.blocked(pool.source, np.maximum(pool.x, 0)), memory.blocked(pool.target)
    places, into = memory.blocked(pool.target), memory.blocked(pool.source)
    back, place = memory.blocked(pool.target, dy), pool.target.place()
    gradient = PoolGradient(pool.source, pool.target, pool.window, place, gate=place, gate_activation=RELU)
    bench.run(
        (MaxPool(pool.source, pool.target, pool.window, place), (a, y, places)),
        (gradient, (into, back, places, y)),
    )
    close(memory.plain(pool.source, into), dx, bench)


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("share", [0.02, 0.5])
def test_nan_is_the_greatest_wherever_it_is_and_infinities_are_values(
    case: Case, share: float, bench: Any
) -> None:
    pool, memory = Pool(case, bench), bench.memory
    random = np.random.default_rng(1)
    chosen = random.random(pool.x.shape) < share
    pool.x[chosen] = random.choice([np.nan, -np.inf, np.inf, 0.0, -0.0], int(chosen.sum()))
    a, places = memory.blocked(pool.source, pool.x), memory.blocked(pool.target)
    y, kept = memory.blocked(pool.target), memory.blocked(pool.target)
    bench.run(
        (MaxPool(pool.source, pool.target, pool.window), (a, y, y)),
        (MaxPool(pool.source, pool.target, pool.window, pool.target.place()), (a, kept, places)),
    )
    expected = pool.maximum(torch.from_numpy(pool.x)).numpy()
    np.testing.assert_array_equal(memory.plain(pool.target, y)[:, :, 0], expected)
    np.testing.assert_array_equal(memory.plain(pool.target, kept)[:, :, 0], expected)


@pytest.mark.parametrize("size", [(1, 1, 1), (1, 7, 7), (3, 2, 5), (1, 3, 40)])
def test_mean_of_a_whole_map(size: tuple[int, int, int], bench: Any) -> None:
    memory = bench.memory
    x = np.random.default_rng(0).standard_normal((2, 19, *size)).astype(bench.real.value)
    source, target = (
        BlockedMap(2, 19, size, bench.lanes, ((0, 1, 1), (0, 1, 1))),
        BlockedMap(2, 19, (1, 1, 1), bench.lanes),
    )
    a, y = memory.blocked(source, x), memory.blocked(target)
    bench.run((GlobalAverage(source, target), (a, y)))
    close(memory.plain(target, y), x.mean(axis=(2, 3, 4), keepdims=True), bench)
