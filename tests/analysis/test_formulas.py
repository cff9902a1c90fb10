"""Formulas: as SymPy expressions, over grids, and how they grow. Brute-force evaluation is the oracle."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import sympy
from hypothesis import given
from hypothesis import strategies as st

from cnnspec.analysis.grid import evaluate_grid
from cnnspec.analysis.leading import dominant, growth
from cnnspec.analysis.sympy_form import symbol_of, to_latex, to_sympy
from cnnspec.dims import Dim, OneSymbol, evaluate, maximum, symbol
from cnnspec.dims.floor_form import floor_form

H, W, C = symbol("H"), symbol("W"), symbol("C")


@st.composite
def sizes(draw: st.DrawFn) -> Dim:
    """A size along one axis: a chain of windows, strides and upsamplings."""
    size: Dim = draw(st.sampled_from((H, W)))
    for _ in range(draw(st.integers(0, 4))):
        factor, shift, stride = draw(st.tuples(st.integers(1, 3), st.integers(-4, 4), st.integers(1, 3)))
        size = (size * factor + shift) // stride
    return size


costs = st.builds(lambda a, b, c, d: a * b * c + d * a - 7, sizes(), sizes(), st.integers(-9, 9), sizes())


@given(costs, st.integers(1, 90), st.integers(1, 90))
def test_the_sympy_form_has_the_same_values(cost: Dim, h: int, w: int) -> None:
    values = {symbol_of("H"): h, symbol_of("W"): w}
    assert to_sympy(cost).subs(values) == evaluate(cost, {"H": h, "W": w})


@given(costs)
def test_lambdify_of_the_sympy_form_agrees_with_the_grid(cost: Dim) -> None:
    h, w = np.arange(1, 40), np.arange(3, 42)
    function = sympy.lambdify((symbol_of("H"), symbol_of("W")), to_sympy(cost), "math")
    expected = [evaluate(cost, {"H": int(a), "W": int(b)}) for a, b in zip(h, w, strict=True)]
    assert evaluate_grid(cost, {"H": h, "W": w}).tolist() == expected
    assert [function(int(a), int(b)) for a, b in zip(h, w, strict=True)] == expected


@given(sizes())
def test_the_single_floor_of_a_size_has_its_values(size: Dim) -> None:
    assert isinstance(size, OneSymbol)
    form = floor_form(size.function)
    if form is not None:
        for n in range(-20, 60):
            assert form.factor * (
                (form.step * n + form.shift) // form.period
            ) + form.constant == size.function(n)


def test_a_chain_of_windows_is_one_floor() -> None:
    size = ((H + 2 * 3 - 7) // 2 + 1 + 2 - 3) // 2 + 1
    assert isinstance(size, OneSymbol)
    assert floor_form(size.function) is not None
    assert to_latex(size) == r"\left\lfloor{\frac{H + 3}{4}}\right\rfloor"


def test_a_grid_of_large_costs_stays_exact() -> None:
    cost = H * W * 10**18 + 1
    values = evaluate_grid(cost, {"H": np.array([1, 1000]), "W": np.array([3, 1000])})
    assert values.tolist() == [3 * 10**18 + 1, 10**24 + 1]


def test_a_grid_broadcasts_its_axes() -> None:
    values = evaluate_grid(H * W, {"H": np.arange(1, 4)[:, None], "W": np.arange(1, 3)[None, :]})
    assert values.tolist() == [[1, 2], [2, 4], [3, 6]]


def test_the_dominant_term_is_the_product_of_the_slopes() -> None:
    cost = 64 * 9 * ((H + 1) // 2) * ((W - 1) // 2) + 100 * H + C * 10
    assert str(dominant(cost)) == "144·H·W"
    assert str(dominant(C * H * W + 5 * H * H * W)) == "5·H^2·W + C·H·W"


def test_a_cost_over_an_unknown_maximum_has_no_dominant_term() -> None:
    assert dominant(maximum(H, W)) is None


def test_growth_is_exact_at_a_size() -> None:
    assert growth(H * W, ["H"], {"H": 5, "W": 2}) == 2
    assert growth(H * W + 1, ["H", "W"], {"H": 5, "W": 2}) == Fraction(41, 11)
    assert growth(((H - 2) // 1) * W, ["H"], {"H": 10, "W": 3}) == Fraction(18, 8)
