"""MACs and FLOPs: against PyTorch's counter, and by counting."""

from __future__ import annotations

import pytest
from layers.applying import BrokenError, apply, make
from layers.torch_oracle import ORACLES

from cnnspec.dims import Dim, evaluate, symbol
from cnnspec.layers import Flops

torch = pytest.importorskip("torch")
FlopCounterMode = pytest.importorskip("torch.utils.flop_counter").FlopCounterMode


@pytest.mark.parametrize("word", ["conv", "depthwise", "conv_transpose", "linear"])
def test_macs_are_half_of_torchs_flops(word: str) -> None:
    compared = 0
    for number, case in enumerate(ORACLES[word]()):
        # PyTorch's counter is slow: a part of the sweep is enough.
        if number % 7 or not isinstance(case.run, torch.nn.Module):
            continue
        try:
            applied = apply(make(word, **case.arguments), *case.shapes)
        except BrokenError:
            continue
        assert case.owns is not None
        with FlopCounterMode(display=False) as counter:
            case.owns.to("meta")(torch.empty(1, *case.shapes[0], device="meta"))
        assert applied.layer.macs(case.shapes, applied.outputs) * 2 == counter.get_total_flops(), case
        compared += 1
    assert compared > 1


@pytest.mark.parametrize(
    ("word", "arguments", "shape", "macs"),
    [
        ("conv", (6, 5), (1, 32, 32), 6 * 28 * 28 * 25),
        ("conv", (96, 11, 4), (3, 227, 227), 105_415_200),
        ("conv", (8, 3, 1, 1, 1, 4), (16, 5, 5), 8 * 5 * 5 * 4 * 9),
        ("depthwise", (3,), (16, 7, 7), 16 * 5 * 5 * 9),
        ("conv", (4, 3), (2, 5, 6, 7), 4 * 3 * 4 * 5 * 2 * 27),
        ("conv_transpose", (3, 2, 2), (5, 4, 4), 5 * 4 * 4 * 3 * 4),
        ("conv_transpose", (4, 3, 2, 0, 0, 1, 2), (6, 5), 6 * 5 * 2 * 3),
        ("linear", (10,), (84,), 840),
        ("maxpool", (2,), (8, 4, 4), 0),
        ("bn", (), (8, 4, 4), 0),
    ],
)
def test_macs_by_counting(
    word: str, arguments: tuple[object, ...], shape: tuple[int, ...], macs: int
) -> None:
    applied = apply(make(word, *arguments), shape)
    assert applied.layer.macs((shape,), applied.outputs) == macs


@pytest.mark.parametrize(
    ("word", "arguments", "shapes", "flops"),
    [
        ("conv", (6, 5), [(1, 32, 32)], Flops(bias=6 * 28 * 28)),
        ("linear", (10,), [(84,)], Flops(bias=10)),
        ("maxpool", (3, 2), [(4, 9, 9)], Flops(elementwise=4 * 4 * 4 * 9)),
        ("global_avgpool", (), [(4, 9, 9)], Flops(elementwise=4 * 81)),
        ("adaptive_avgpool", (3,), [(4, 9, 9)], Flops(elementwise=4 * 81)),
        ("bn", (), [(4, 9, 9)], Flops(normalisation=2 * 324)),
        ("groupnorm", (2,), [(4, 9, 9)], Flops(normalisation=7 * 324)),
        ("instancenorm", (), [(4, 9, 9)], Flops(normalisation=5 * 324)),
        ("lrn", (5,), [(4, 9, 9)], Flops(normalisation=10 * 324)),
        ("relu", (), [(4, 9, 9)], Flops(activation=324)),
        ("softmax", (), [(10,)], Flops(activation=30)),
        ("add", (), [(4, 9, 9)] * 3, Flops(elementwise=2 * 324)),
        ("mul", (), [(4, 9, 9), (4, 1, 1)], Flops(elementwise=324)),
        ("hypot", (), [(4, 9, 9), (4, 1, 1)], Flops(elementwise=324)),
        ("atan2", (), [(1, 9, 9), (4, 9, 9)], Flops(elementwise=324)),
        ("concat", (), [(4, 9, 9)] * 3, Flops()),
        ("flatten", (), [(4, 9, 9)], Flops()),
        ("dropout", (), [(4, 9, 9)], Flops()),
        ("upsample", (2,), [(4, 9, 9)], Flops()),
        ("upsample", (2, 5, "linear"), [(4, 9, 9)], Flops(elementwise=4 * 4 * 324)),
        ("scale", (True,), [(4, 9, 9)], Flops(elementwise=324, bias=324)),
        ("times", (2,), [(4, 9, 9)], Flops(elementwise=324)),
    ],
)
def test_flops_by_counting(
    word: str, arguments: tuple[object, ...], shapes: list[tuple[int, ...]], flops: Flops
) -> None:
    layer = make(word, factor=2, mode="linear") if arguments == (2, 5, "linear") else make(word, *arguments)
    applied = apply(layer, *shapes)
    assert applied.layer.flops(tuple(shapes), applied.outputs) == flops


def test_flops_add_up_column_by_column() -> None:
    total = Flops(1, 2, 3, 4, 5) + Flops(bias=10)
    assert total == Flops(1, 12, 3, 4, 5)
    assert total.total == 25


def test_costs_of_symbols_are_formulas() -> None:
    height, width = symbol("H"), symbol("W")
    shape: tuple[Dim, ...] = (3, height, width)
    applied = apply(make("conv", 64, 3, 2, 1), shape)
    macs = applied.layer.macs((shape,), applied.outputs)
    assert macs == 64 * 27 * ((height + 1) // 2) * ((width + 1) // 2)
    numbers = (3, 224, 200)
    numeric = apply(make("conv", 64, 3, 2, 1), numbers)
    assert evaluate(macs, {"H": 224, "W": 200}) == numeric.layer.macs((numbers,), numeric.outputs)
