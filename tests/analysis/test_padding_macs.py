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


windows = st.builds(
    AxisWindow,
    kernel=st.integers(1, 6),
    stride=st.integers(1, 5),
    dilation=st.integers(1, 4),
    before=st.integers(0, 12),
    after=st.integers(0, 12),
    size_in=st.integers(1, 20),
    size_out=st.integers(0, 20),
)


@given(windows)
def test_taps_inside_the_map_are_counted_exactly(window: AxisWindow) -> None:
    assert taps_inside(window) == counted(window)


@given(windows, st.integers(1, 40))
def test_so_are_they_as_a_formula(window: AxisWindow, size: int) -> None:
    n = symbol("n")
    out = (n + window.before + window.after - 1) // window.stride + 1
    free = AxisWindow(window.kernel, window.stride, window.dilation, window.before, window.after, n, out)
    formula = taps_inside(free)
    assert formula is not None
    bound = AxisWindow(
        window.kernel, window.stride, window.dilation, window.before, window.after, size,
        evaluate(out, {"n": size}),
    )  # fmt: skip
    assert evaluate(formula, {"n": size}) == counted(bound)


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
