"""Direct convolution and its data gradient against PyTorch in double precision, over odd shapes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
import torch

from cnnspec.backend.fast.kernels import convolution
from cnnspec.backend.fast.kernels.copies import AddParts, Zeros
from cnnspec.backend.fast.kernels.epilogue import Epilogue
from cnnspec.backend.fast.kernels.functions import Activation
from cnnspec.backend.fast.kernels.packing import Axis, Pack, merged
from cnnspec.backend.fast.kernels.weight_gradient import weight_gradient
from cnnspec.backend.fast.layout import BlockedMap
from cnnspec.backend.kernels.operations import Window

TOLERANCE = {"float32": 2e-6, "float64": 1e-13}


@dataclass(frozen=True)
class Case:
    """A convolution: batch, channels, the spatial sizes, the window, padding (before, after) an axis."""

    batch: int
    channels: int
    out: int
    size: tuple[int, ...]
    kernel: tuple[int, ...]
    stride: tuple[int, ...] = (1,)
    dilation: tuple[int, ...] = (1,)
    before: tuple[int, ...] = (0,)
    after: tuple[int, ...] = (0,)
    groups: int = 1


CASES = [
    Case(1, 1, 1, (1,), (1,)),
    Case(2, 3, 5, (9, 7), (3, 3), before=(1,), after=(1,)),
    Case(1, 17, 31, (5, 5), (5, 5)),
    Case(2, 16, 48, (14, 14), (1, 1)),
    Case(1, 32, 16, (13, 29), (3, 3), stride=(2,), before=(1,), after=(1,)),
    Case(1, 20, 20, (8, 8), (2, 4), before=(0, 1), after=(1, 2)),
    Case(2, 4, 7, (23,), (5,), stride=(3,), dilation=(2,), before=(4,), after=(4,)),
    Case(1, 6, 10, (5, 6, 7), (3, 2, 3), stride=(2, 1, 2), before=(1,), after=(1,)),
    Case(1, 33, 64, (7, 7), (3, 3), dilation=(2,), before=(2,), after=(2,)),
    Case(1, 8, 12, (12, 12), (3, 3), stride=(4,), before=(1,), after=(0,)),
    Case(1, 32, 16, (20, 20), (5, 5), stride=(4,)),
    Case(1, 32, 16, (21, 21), (7, 7), stride=(6,)),
    Case(2, 12, 18, (6, 6), (3, 3), before=(1,), after=(1,), groups=3),
    Case(1, 64, 64, (6, 6), (3, 3), before=(1,), after=(1,), groups=2),
    Case(1, 48, 96, (5, 5), (3, 3), groups=48),
    Case(1, 300, 40, (4, 9), (3, 3), before=(1,), after=(1,)),
    Case(2, 3, 64, (35, 35), (7, 7), stride=(2,), before=(3,), after=(3,)),
    Case(2, 64, 128, (41, 40), (1, 1)),
    Case(1, 20, 33, (19, 14), (7, 7), stride=(6, 1), before=(1,), after=(1,)),
]


def _triple(values: tuple[int, ...], rank: int, missing: int) -> tuple[int, int, int]:
    spread = values if len(values) == rank else values * rank
    filled = (missing,) * (3 - rank) + tuple(spread)
    return filled[0], filled[1], filled[2]


class Layer:
    """A case with numbers, in NumPy and in blocked form."""

    def __init__(self, case: Case, bench: Any, seed: int = 0) -> None:
        rank = len(case.size)
        self.case, self.bench = case, bench
        self.window = Window(
            _triple(case.kernel, rank, 1),
            _triple(case.stride, rank, 1),
            _triple(case.dilation, rank, 1),
            _triple(case.before, rank, 0),
            _triple(case.after, rank, 0),
        )
        self.size = _triple(case.size, rank, 1)
        rng = np.random.default_rng(seed)
        self.x = torch.from_numpy(rng.standard_normal((case.batch, case.channels, *self.size)))
        self.w = torch.from_numpy(
            rng.standard_normal((case.out, case.channels // case.groups, *self.window.size))
        )
        self.b = torch.from_numpy(rng.standard_normal(case.out))
        self.x, self.w, self.b = (
            torch.from_numpy(t.numpy().astype(bench.real.value).astype("float64"))
            for t in (self.x, self.w, self.b)
        )
        self.y = self.torch_forward(self.x, self.w, self.b)
        self.out_size = tuple(self.y.shape[2:])

    def torch_forward(self, x: torch.Tensor, w: torch.Tensor, b: torch.Tensor | None) -> torch.Tensor:
        (d0, h0, w0), (d1, h1, w1) = self.window.before, self.window.after
        padded = torch.nn.functional.pad(x, (w0, w1, h0, h1, d0, d1))
        return torch.conv3d(padded, w, b, self.window.stride, 0, self.window.dilation, self.case.groups)

    @property
    def together(self) -> int:
        per = self.case.groups
        return merged(per, self.case.channels // per, self.case.out // per, self.bench.lanes)

    @property
    def run_groups(self) -> int:
        return self.case.groups // self.together

    def packing(self, kernel: Any, phase: convolution.Phase | None = None) -> Pack:
        case, taps = self.case, self.window.size
        area = taps[0] * taps[1] * taps[2]
        out = Axis(case.out // case.groups, case.channels // case.groups * area)
        inn = Axis(case.channels // case.groups, area)
        strides = (taps[1] * taps[2], taps[2], 1)
        first, steps, counts = 0, strides, taps
        if phase:
            first = sum(p.start * s for p, s in zip(phase, strides, strict=True))
            steps = tuple(-p.tap_step * s for p, s in zip(phase, strides, strict=True))
            counts = tuple(p.taps for p in phase)
        return Pack(
            groups=case.groups,
            merged=self.together,
            group_stride=out.count * out.stride,
            across=inn if phase else out,
            along=out if phase else inn,
            taps=counts,
            first_tap=first,
            tap_strides=steps,
            inner=kernel.inner,
            vectors=kernel.vectors,
            lanes=self.bench.lanes,
        )

    def pack(self, kernel: Any, *, phase: convolution.Phase | None = None) -> np.ndarray:
        packing = self.packing(kernel, phase)
        packed = self.bench.memory.array(packing.numbers)
        assert packing.numbers == kernel.groups * kernel.panels * kernel.panel_numbers(self.bench.lanes)
        weights = self.bench.memory.of(self.w.numpy().astype(self.bench.real.value))
        self.bench.run((packing, (weights, packed, weights)))
        return packed


def _error(actual: np.ndarray, expected: torch.Tensor) -> float:
    reference = expected.numpy()
    assert np.isfinite(actual).all(), "some outputs were not written, or read what is not theirs"
    return float(np.abs(actual - reference).max() / max(1.0, np.abs(reference).max()))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_forward_agrees_with_pytorch(case: Case, bench: Any) -> None:
    layer = Layer(case, bench)
    block = bench.lanes if case.channels >= 4 or case.groups > 1 else case.channels
    halo = convolution.forward_halo(layer.size, layer.out_size, layer.window)
    source = BlockedMap(case.batch, case.channels, layer.size, block, halo)
    target = BlockedMap(case.batch, case.out, layer.out_size, bench.lanes, ((0, 1, 2), (1, 0, 1)))
    kernel = convolution.forward(
        source, target, layer.window, layer.run_groups, bench.accumulators, Epilogue(bias=True)
    )
    bias = bench.memory.array(target.blocks * bench.lanes)
    bias[: case.out] = layer.b.numpy()
    x, y = bench.memory.blocked(source, layer.x.numpy()), bench.memory.blocked(target)
    bench.run((kernel, (x, layer.pack(kernel), bias, y, y, y)))
    assert _error(bench.memory.plain(target, y), layer.y) < TOLERANCE[bench.real.value]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_data_gradient_agrees_with_pytorch(case: Case, bench: Any) -> None:
    layer = Layer(case, bench)
    x = layer.x.clone().requires_grad_()
    dy = torch.from_numpy(
        np.random.default_rng(1).standard_normal(layer.y.shape).astype(bench.real.value).astype("float64")
    )
    layer.torch_forward(x, layer.w, None).backward(dy)
    halo = convolution.gradient_halo(layer.size, layer.out_size, layer.window)
    gradient = BlockedMap(case.batch, case.out, layer.out_size, bench.lanes, halo)
    source = BlockedMap(case.batch, case.channels, layer.size, bench.lanes, ((1, 0, 1), (0, 1, 0)))
    incoming, outgoing = bench.memory.blocked(gradient, dy.numpy()), bench.memory.blocked(source)
    steps = []
    if not convolution.covers(layer.size, layer.window):
        steps.append((Zeros(source.numbers), (outgoing,)))
    for phase in convolution.phases(layer.size, layer.window):
        kernel = convolution.data_gradient(
            gradient, source, layer.window, layer.run_groups, phase, bench.accumulators, Epilogue()
        )
        packed = layer.pack(kernel, phase=phase)
        steps.append((kernel, (incoming, packed, packed, outgoing, outgoing, outgoing)))
    bench.run(*steps)
    assert _error(bench.memory.plain(source, outgoing), x.grad) < TOLERANCE[bench.real.value]


@pytest.mark.parametrize("case", [case for case in CASES if case.channels != case.groups], ids=str)
def test_weight_gradient_agrees_with_pytorch(case: Case, bench: Any) -> None:
    layer = Layer(case, bench)
    weight = layer.w.clone().requires_grad_()
    dy = np.random.default_rng(1).standard_normal(layer.y.shape).astype(bench.real.value)
    layer.torch_forward(layer.x, weight, None).backward(torch.from_numpy(dy.astype("float64")))
    halo = convolution.forward_halo(layer.size, layer.out_size, layer.window)
    source = BlockedMap(case.batch, case.channels, layer.size, bench.lanes, halo)
    gradient = BlockedMap(case.batch, case.out, layer.out_size, bench.lanes)
    kernel = weight_gradient(source, gradient, layer.window, layer.run_groups, bench.accumulators)
    packing = replace(layer.packing(kernel), backwards=True)
    assert kernel.numbers == packing.numbers
    packed = bench.memory.array(kernel.shares * packing.numbers)
    result = bench.memory.array(layer.w.numel())
    x, incoming = bench.memory.blocked(source, layer.x.numpy()), bench.memory.blocked(gradient, dy)
    bench.run(
        (kernel, (x, incoming, packed)),
        (AddParts(packing.numbers, kernel.shares), (packed,)),
        (packing, (result, packed, result)),
    )
    assert _error(result.reshape(layer.w.shape), weight.grad) < 4 * TOLERANCE[bench.real.value]


def test_the_epilogue_adds_activates_and_gates_in_this_order(bench: Any) -> None:
    case = Case(1, 16, 16, (6, 5), (1, 1))
    layer = Layer(case, bench)
    map_ = BlockedMap(1, 16, layer.size, bench.lanes)
    addend = BlockedMap(1, 16, layer.size, bench.lanes, ((0, 1, 1), (0, 1, 1)))
    epilogue = Epilogue(
        False, addend.place(), Activation("leaky_relu", 0.5), map_.place(), Activation("relu")
    )
    kernel = convolution.forward(map_, map_, layer.window, 1, bench.accumulators, epilogue)
    rng = np.random.default_rng(2)
    other, kept = (rng.standard_normal((1, 16, *layer.size)).astype(bench.real.value) for _ in range(2))
    x, y = bench.memory.blocked(map_, layer.x.numpy()), bench.memory.blocked(map_)
    packed = layer.pack(kernel)
    bench.run(
        (
            kernel,
            (x, packed, packed, y, bench.memory.blocked(addend, other), bench.memory.blocked(map_, kept)),
        )
    )
    plain = layer.torch_forward(layer.x, layer.w, None).numpy() + other
    expected = np.where(plain < 0, plain * 0.5, plain) * (kept > 0)
    assert _error(bench.memory.plain(map_, y), torch.from_numpy(expected)) < TOLERANCE[bench.real.value]
