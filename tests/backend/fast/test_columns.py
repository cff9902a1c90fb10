"""Convolutions and pools on planes against PyTorch in double precision, and where they are chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from backend.nets import graph, samples

from cnnspec.backend.executable import Executable
from cnnspec.backend.fast.kernels.columns import ColumnConvolution, ColumnPool, stays_inside
from cnnspec.backend.fast.kernels.convolution import forward_halo
from cnnspec.backend.fast.kernels.epilogue import Epilogue
from cnnspec.backend.fast.kernels.functions import Activation
from cnnspec.backend.fast.layout import NO_HALO, BlockedMap
from cnnspec.backend.kernels.operations import Window
from cnnspec.backend.plan import make_plan

TOLERANCE = {"float32": 2e-6, "float64": 1e-14}


@dataclass(frozen=True)
class Case:
    """Channels, sizes (depth, height, width), the window, its stride, dilation and padding."""

    channels: int
    out: int
    size: tuple[int, int, int]
    kernel: tuple[int, int, int] = (1, 1, 1)
    stride: tuple[int, int, int] = (1, 1, 1)
    dilation: tuple[int, int, int] = (1, 1, 1)
    pad: tuple[int, int, int] = (0, 0, 0)

    @property
    def window(self) -> Window:
        return Window(self.kernel, self.stride, self.dilation, self.pad, self.pad)


CONVOLUTIONS = [
    Case(1, 6, (1, 32, 32), (1, 5, 5)),
    Case(3, 1, (1, 1, 16)),
    Case(2, 8, (1, 7, 50), (1, 3, 3), pad=(0, 1, 1)),
    Case(3, 5, (4, 5, 21), (2, 3, 3), stride=(2, 2, 1), pad=(1, 0, 2)),
    Case(1, 3, (1, 9, 40), (1, 2, 3), dilation=(1, 3, 2)),
]
POOLS = [
    Case(6, 6, (1, 28, 28), (1, 2, 2), (1, 2, 2)),
    Case(3, 3, (1, 6, 70), (1, 3, 3), (1, 1, 1)),
    Case(2, 2, (4, 5, 41), (2, 2, 3), (2, 1, 2)),
    Case(1, 1, (1, 3, 100), (1, 1, 3), (1, 1, 3)),
    Case(2, 2, (1, 4, 2), (1, 2, 2), (1, 2, 2)),
]


def _numbers(shape: tuple[int, ...], bench: Any, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(bench.real.value)


def _close(actual: np.ndarray, expected: torch.Tensor, bench: Any) -> None:
    error = np.abs(actual - expected.numpy()).max() / max(1.0, expected.abs().max().item())
    assert error < TOLERANCE[bench.real.value]


@pytest.mark.parametrize("case", CONVOLUTIONS, ids=str)
def test_convolution_agrees_with_pytorch(case: Case, bench: Any) -> None:
    x = _numbers((2, case.channels, *case.size), bench, 0)
    weight = _numbers((case.out, case.channels, *case.kernel), bench, 1)
    bias = _numbers((case.out,), bench, 2)
    doubles = (torch.from_numpy(values.astype("float64")) for values in (x, weight, bias))
    expected = torch.tanh(torch.conv3d(*doubles, case.stride, case.pad, case.dilation))
    size = tuple(expected.shape[2:])
    source = BlockedMap(2, case.channels, case.size, 1, forward_halo(case.size, size, case.window))
    target = BlockedMap(2, case.out, size, 1, ((0, 1, 2), (0, 0, 1)))
    epilogue = Epilogue(bias=True, activation=Activation("tanh"))
    kernel = ColumnConvolution(source, target, case.window, bench.accumulators, epilogue)
    memory = bench.memory
    packed = memory.of(weight.transpose(1, 2, 3, 4, 0))
    y = memory.blocked(target)
    bench.run((kernel, (memory.blocked(source, x), packed, memory.of(bias), y)))
    _close(memory.plain(target, y), expected, bench)


@pytest.mark.parametrize("greatest", [True, False])
@pytest.mark.parametrize("case", POOLS, ids=str)
def test_pool_agrees_with_pytorch(case: Case, greatest: bool, bench: Any) -> None:
    x = _numbers((2, case.channels, *case.size), bench, 3)
    pool = torch.max_pool3d if greatest else torch.nn.functional.avg_pool3d
    expected = pool(torch.from_numpy(x.astype("float64")), case.kernel, case.stride)
    size = tuple(expected.shape[2:])
    assert stays_inside(case.size, size, case.window)
    source, target = (BlockedMap(2, case.channels, of, 1, NO_HALO) for of in (case.size, size))
    y = bench.memory.blocked(target)
    kernel = ColumnPool(source, target, case.window, greatest)
    bench.run((kernel, (bench.memory.blocked(source, x), y)))
    _close(bench.memory.plain(target, y), expected, bench)


def test_the_greatest_of_a_window_with_nan_is_nan(bench: Any) -> None:
    case = Case(1, 1, (1, 2, 4), (1, 2, 2), (1, 2, 2))
    source, target = (BlockedMap(1, 1, of, 1) for of in (case.size, (1, 1, 2)))
    x = bench.memory.blocked(source, np.array([1, np.nan, 2, 5, 3, 4, 6, 1], bench.real.value))
    y = bench.memory.blocked(target)
    bench.run((ColumnPool(source, target, case.window, True), (x, y)))
    np.testing.assert_array_equal(bench.memory.plain(target, y).ravel(), [np.nan, 6])


FEW_CHANNELS = """
    net n():
        input x: [3, 20, 40]
        conv(4, 3, pad=1) -> bn -> relu -> maxpool(2) -> conv(3, 3, pad=1) -> tanh
        it -> conv(20, 3, stride=2) -> relu -> conv(2, 1)
        output flatten -> linear(5)
    """


def test_a_net_of_few_channels_runs_on_planes_and_agrees_with_the_plain_kernels() -> None:
    plan = make_plan(graph(FEW_CHANNELS), batch=3, training=False, dtype="float64")
    plain, fast = Executable(plan, seed=1), Executable(plan, seed=1, math="exact", threads=2)
    inputs = samples(plan)
    np.testing.assert_allclose(fast.forward(inputs), plain.forward(inputs), rtol=1e-11, atol=1e-12)
    schedule = fast._program.schedule(training=False, threads=1)
    ran = [step.what for step in schedule.forward]
    assert ran.count("columns") == 2
    assert "pool of columns" in ran
