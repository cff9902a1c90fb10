"""Winograd convolution against PyTorch, over odd sizes, edges and epilogues."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from cnnspec.backend.fast.kernels import convolution, winograd
from cnnspec.backend.fast.kernels.epilogue import Epilogue
from cnnspec.backend.fast.kernels.functions import Activation
from cnnspec.backend.fast.kernels.packing import Axis, Pack
from cnnspec.backend.fast.layout import NO_HALO, BlockedMap
from cnnspec.backend.kernels.operations import Window

TOLERANCE = {"float32": 3e-5, "float64": 1e-13}
SHAPES = [
    (1, 16, 16, 4, 4, 1),
    (2, 20, 33, 7, 9, 1),
    (1, 16, 48, 3, 3, 0),
    (3, 5, 7, 6, 11, 2),
    (1, 64, 32, 14, 14, 1),
]


@pytest.mark.parametrize(("batch", "channels", "out", "height", "width", "pad"), SHAPES)
@pytest.mark.parametrize("parts", [1, 3])
def test_tiles_give_the_convolution(  # noqa: PLR0917
    batch: int, channels: int, out: int, height: int, width: int, pad: int, parts: int, bench: Any
) -> None:
    rng = np.random.default_rng(3)
    x, w, b, addend = (
        rng.standard_normal(shape).astype(bench.real.value)
        for shape in (
            (batch, channels, height, width),
            (out, channels, 3, 3),
            (out,),
            (batch, out, height + 2 * pad - 2, width + 2 * pad - 2),
        )
    )
    window = Window((1, 3, 3), before=(0, pad, pad), after=(0, pad, pad))
    size, out_size = (1, height, width), (1, height + 2 * pad - 2, width + 2 * pad - 2)
    source = BlockedMap(batch, channels, size, bench.lanes, convolution.winograd_halo(size, out_size, window))
    target = BlockedMap(batch, out, out_size, bench.lanes, ((0, 1, 0), (0, 0, 2)))
    tiles = winograd.tiles_for(target, source.blocks, 10**9)
    together = -(-tiles.total // parts)
    tiles = replace(tiles, together=together, room=together + 1)
    epilogue = Epilogue(
        bias=True, addend=replace(target, halo=NO_HALO).place(), activation=Activation("relu")
    )

    memory = bench.memory
    gemm = winograd.products(tiles, source.blocks, bench.accumulators)
    pack = Pack(
        1,
        1,
        0,
        Axis(out, channels * 9),
        Axis(channels, 9),
        (1, 3, 3),
        0,
        (9, 3, 1),
        bench.lanes,
        gemm.vectors,
        bench.lanes,
    )
    packed, weights = memory.array(pack.numbers), memory.of(w)
    u = memory.array(pack.numbers // 9 * 36)
    v, m = memory.array(tiles.numbers(source.blocks)), memory.array(tiles.numbers(target.blocks))
    bias = memory.array(target.blocks * bench.lanes)
    bias[:out] = b
    a, y = memory.blocked(source, x), memory.blocked(target)
    added = memory.blocked(replace(target, halo=NO_HALO), addend)
    panels = target.blocks // gemm.vectors
    steps = [
        (pack, (weights, packed, weights)),
        (winograd.TransformWeights(panels, source.blocks, bench.lanes, gemm.vectors), (packed, u)),
    ]
    for part in range(parts):
        first = part * together
        steps += [
            (winograd.TransformInputs(tiles, source.blocks, source.place((0, -pad, -pad))), (a, v, first)),
            (gemm, (v, u, u, m, m, m)),
            (winograd.TransformOutputs(tiles, epilogue), (m, bias, y, added, added, first)),
        ]
    bench.run(*steps)
    expected = torch.conv2d(*(torch.from_numpy(t.astype("float64")) for t in (x, w, b)), padding=pad)
    expected = torch.relu(expected + torch.from_numpy(addend.astype("float64"))).numpy()
    error = np.abs(memory.plain(target, y)[:, :, 0] - expected).max() / max(1.0, np.abs(expected).max())
    assert error < TOLERANCE[bench.real.value]


@pytest.mark.parametrize("channels", [512, 1024, 2048])
def test_tiles_are_cut_for_any_number_of_channels(channels: int) -> None:
    """Where blocks are a multiple of 64, no room keeps their steps from being one."""
    tiles = winograd.tiles_for(BlockedMap(1, 512, (1, 14, 14), 16), channels // 16, 1_500_000)
    assert tiles.room >= tiles.together
