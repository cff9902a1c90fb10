"""Products with padding, against counting every tap of every window."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnspec import pipeline
from cnnspec.analysis import Analysis
from cnnspec.analysis.costs import Setting, costs
from cnnspec.analysis.padding_macs import padding_macs, taps_inside
from cnnspec.dims import evaluate, symbol
from cnnspec.layers.window import AxisWindow


def analysis_of(text: str, *, symbolic: bool = False, **sizes: int) -> Analysis:
    spec = pipeline.load_text(text).spec
    assert spec is not None
    made = pipeline.elaborate(spec, bindings=sizes, symbolic=symbolic)
    assert made.graph is not None, made.diagnostics
    return pipeline.analyse(made.graph)


def counted(window: AxisWindow) -> int:
    """Brute force."""
    return sum(
        0 <= window.stride * i - window.before + window.dilation * t < window.size_in
        for i, t in product(range(window.size_out), range(window.kernel))
    )


def fits(kernel: int, stride: int, dilation: int, pads: tuple[int, int], size: int) -> AxisWindow:
    """The windows of a convolution; none where the first one has no room."""
    room = size + sum(pads) - dilation * (kernel - 1) - 1
    return AxisWindow(kernel, stride, dilation, *pads, size, max(room // stride + 1, 0))


geometry = st.tuples(
    st.integers(1, 6), st.integers(1, 5), st.integers(1, 4), st.tuples(st.integers(0, 12), st.integers(0, 12))
)


@given(geometry, st.integers(1, 30))
def test_taps_inside_the_map_are_counted_exactly(
    window: tuple[int, int, int, tuple[int, int]], size: int
) -> None:
    assert taps_inside(fits(*window, size)) == counted(fits(*window, size))


@given(geometry, st.integers(0, 40))
def test_so_are_they_as_a_formula(window: tuple[int, int, int, tuple[int, int]], more: int) -> None:
    kernel, stride, dilation, (before, after) = window
    n, room = symbol("n"), before + after - dilation * (kernel - 1) - 1
    formula = taps_inside(AxisWindow(kernel, stride, dilation, before, after, n, (n + room) // stride + 1))
    assert formula is not None
    size = max(-room, 1) + more
    assert evaluate(formula, {"n": size}) == counted(fits(*window, size))


@pytest.mark.parametrize(
    ("shape", "line", "expected"),
    [
        # 3·3 on 4·4 with one pixel around: along an axis 4·3 taps, of which 2 are outside.
        ("[1, 4, 4]", "conv(1, 3, pad=1)", 16 * 9 - 10 * 10),
        ("[6, 4, 4]", "conv(8, 3, pad=1, groups=2)", 8 * 3 * (16 * 9 - 10 * 10)),
        ("[3, 9]", "conv(5, 3, pad=same, dilation=2)", 5 * 3 * 4),
        ("[2, 5, 5, 5]", "conv(3, 3)", 0),
        # One pixel of the 6 that a transposed window reaches is cut off at either end.
        ("[1, 4]", "conv_transpose(1, 3, pad=1)", 2),
        ("[4, 4]", "conv_transpose(6, 3, pad=1, groups=2)", 4 * 3 * 2),
        ("[4, 8]", "maxpool(3, pad=1)", 0),
    ],
)
def test_layers(shape: str, line: str, expected: int) -> None:
    layer = analysis_of(f"net n:\n    input x: {shape}\n    {line}\n    output it\n").layers[-1]
    assert padding_macs(layer) == expected


NET = """
net n:
    input x: [3, H = 32, W = 24] where H >= 16, W >= 16
    conv(8, 7, stride=2, pad=3) -> relu
    conv(8, 3, pad=same, groups=4) -> conv(4, 3, pad=(2, 1), dilation=2)
    output conv_transpose(2, 4, stride=2, pad=1)
"""


@pytest.mark.parametrize(("height", "width"), [(16, 16), (17, 40), (32, 24), (99, 100)])
def test_formulas_of_a_net(height: int, width: int) -> None:
    free = costs(analysis_of(NET, symbolic=True), Setting()).on_padding
    bound = costs(analysis_of(NET, H=height, W=width), Setting()).on_padding
    assert free is not None
    assert evaluate(free, {"H": height, "W": width}) == bound
