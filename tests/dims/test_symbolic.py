"""Normal forms against plain arithmetic, value by value."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product as grid

import pytest
from dims.expressions import Expression, expressions
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnspec.dims import (
    Dim,
    OneSymbol,
    Polynomial,
    SizeLimitError,
    Symbolic,
    ceil_div,
    evaluate,
    maximum,
    product,
    render,
    substitute,
    sum_of,
    symbol,
    symbols_of,
)

H, W, C = symbol("H"), symbol("W"), symbol("C")
VALUES = [{"H": h, "W": w} for h, w in grid([1, 2, 3, 7, 12, 25], [1, 4, 5, 30])]


@settings(max_examples=400, deadline=None)
@given(expressions("H", "W"))
def test_an_expression_evaluates_as_its_arithmetic(expression: Expression) -> None:
    for values in VALUES:
        assert evaluate(expression.dim, values) == expression.value(values)


@settings(max_examples=300, deadline=None)
@given(expressions("H", products=False, extremes=False))
def test_sizes_in_one_symbol_are_one_function_or_a_number(expression: Expression) -> None:
    assert isinstance(expression.dim, int | OneSymbol)


@settings(max_examples=300, deadline=None)
@given(
    expressions("H", products=False, extremes=False),
    expressions("H", products=False, extremes=False),
)
def test_equal_functions_of_one_symbol_are_equal_values(a: Expression, b: Expression) -> None:
    same = all(a.value({"H": n}) == b.value({"H": n}) for n in range(-400, 400))
    assert (a.dim == b.dim) == same
    if same:
        assert hash(a.dim) == hash(b.dim)


@settings(max_examples=200, deadline=None)
@given(expressions("H", "W"), expressions("H", "W", products=False))
def test_substituting_a_size_is_evaluating_it_first(outer: Expression, inner: Expression) -> None:
    replaced = substitute(outer.dim, {"H": inner.dim})
    for values in VALUES:
        assert evaluate(replaced, values) == evaluate(
            substitute(outer.dim, {"H": inner.value(values), "W": values["W"]}), {}
        )


@settings(max_examples=200, deadline=None)
@given(expressions("H", "W"), st.integers(1, 40))
def test_substituting_one_number_leaves_the_other_symbol(expression: Expression, h: int) -> None:
    bound = substitute(expression.dim, {"H": h})
    assert "H" not in symbols_of(bound)
    for w in (1, 2, 9):
        assert evaluate(bound, {"W": w}) == expression.value({"H": h, "W": w})


def test_what_does_not_depend_on_a_symbol_is_a_number() -> None:
    assert H - H == 0
    assert (2 * H) % 2 == 0
    assert H // 2 + (H + 1) // 2 - H == 0
    assert (H * W - W * H) == 0
    assert (H + W) - W == H
    assert type((H + 5) - H) is int


def test_polynomials_in_plain_symbols_are_equal_when_they_are_equal() -> None:
    assert (H + 1) * (H - 1) == H * H - 1
    assert (H + W) * (H + W) == H * H + 2 * H * W + W * W
    assert hash((H + 1) * (W + 1)) == hash(H * W + H + W + 1)


def test_floors_nest_into_one() -> None:
    assert ((H // 2) // 3) == H // 6
    assert (((H + W) // 2) // 3) == (H + W) // 6
    assert (((H * W) // 4 + 1) // 5) == (H * W + 4) // 20


def test_a_floor_takes_out_what_divides() -> None:
    assert (4 * H * W + 2 * W + 3) // 2 == 2 * H * W + W + 1
    assert (H * W + 6) // 3 == (H * W) // 3 + 2


def test_a_symbol_divides_its_multiples() -> None:
    assert (4 * C) // C == 4
    assert (C * H * W) // (H * W) == C
    assert (H * W + W) // (H + 1) == W
    assert C // C == 1
    assert (2 * C + 2) // (C + 1) == 2


def test_a_floor_by_a_symbol_still_evaluates() -> None:
    quotient = (H * W + 1) // C
    assert evaluate(quotient, {"H": 5, "W": 7, "C": 4}) == 9
    assert evaluate(7 // C, {"C": 2}) == 3
    assert evaluate(H % C, {"H": 7, "C": 4}) == 3


def test_integers_of_any_size_stay_exact() -> None:
    huge = 10**40
    assert evaluate(huge * H + 1, {"H": huge}) == 10**80 + 1
    assert (huge * H) // huge == H
    assert evaluate((H * W) // 7, {"H": huge, "W": huge + 1}) == huge * (huge + 1) // 7


def test_a_long_period_makes_no_table() -> None:
    odd = 2 * H // (10**9 + 1)
    assert isinstance(odd, Polynomial)
    assert evaluate(odd, {"H": 10**9 + 1}) == 2
    far = H // 10**9
    assert isinstance(far, OneSymbol)
    assert evaluate(far, {"H": 10**9 * 5 - 1}) == 4
    assert far // 10**9 == H // 10**18
    primes = H // 65519 + H // 65521
    assert evaluate(primes, {"H": 65521 * 65519}) == 65521 + 65519
    assert (primes - H // 65521) == H // 65519
    assert (10**9 * H + 7) // 10**9 == H


def test_sizes_that_would_not_end_are_refused() -> None:
    wide = sum_of(symbol(f"s{k}") for k in range(200))
    with pytest.raises(SizeLimitError, match="20,000 terms"):
        product([wide, wide, wide])
    with pytest.raises(SizeLimitError, match="64 factors"):
        grown(H * W, lambda size: size * size)
    with pytest.raises(SizeLimitError, match="bits in a number"):
        grown(H, lambda size: size * 10**1000)
    with pytest.raises(SizeLimitError, match="bits in a number"):
        grown(H * W, lambda size: size * 10**1000)
    with pytest.raises(SizeLimitError, match="150 parts"):
        grown(H + W, lambda size: (size + size // W) // C)
    with pytest.raises(SizeLimitError, match="150 parts"):
        grown(H, lambda size: maximum(size + W, 2 * size) // 3)


def grown(size: Dim, step: Callable[[Dim], Dim]) -> Dim:
    for _ in range(1000):
        size = step(size)
    return size


def test_a_long_chain_without_normal_form_is_fast_and_exact() -> None:
    size, value = H + W, 10_000
    for _ in range(70):
        size, value = (size + 3) // C + 1, (value + 3) // 2 + 1
    assert evaluate(size, {"H": 4000, "W": 6000, "C": 2}) == value
    assert evaluate(substitute(size, {"C": 2}), {"H": 4000, "W": 6000}) == value


def test_division_by_zero_is_an_error() -> None:
    with pytest.raises(ZeroDivisionError):
        H // 0


def test_only_sizes_calculate_with_sizes() -> None:
    with pytest.raises(TypeError, match="not a size"):
        H + 0.5  # pyright: ignore
    with pytest.raises(TypeError):
        H < 3  # noqa: B015  # pyright: ignore


def test_symbols_of_a_size() -> None:
    assert symbols_of(7) == frozenset()
    assert symbols_of(H // 2 + 1) == {"H"}
    assert symbols_of((H + W) // 2 * C) == {"H", "W", "C"}
    assert isinstance(H, Symbolic)


def test_rounding_up() -> None:
    assert [ceil_div(n, 3) for n in (5, 6, 7)] == [2, 2, 3]
    assert ceil_div(H, 2) == (H + 1) // 2
    assert ceil_div(H + 4 * W, 4) == W + (H + 3) // 4


def test_sums_and_products_of_none() -> None:
    assert product([]) == 1
    assert sum_of([]) == 0
    assert product([3, H, 0]) == 0


def test_deep_chains_stay_short() -> None:
    """Sizes of long chains are no longer than what they say, whichever strides alternate."""
    down: Dim = H
    for _ in range(30):
        down = ceil_div(down, 2)
    assert down == (H + 2**30 - 1) // 2**30
    uneven: Dim = H
    for _ in range(40):
        uneven = (uneven + 1) // 3 * 2
    assert isinstance(uneven, Polynomial)
    assert uneven.weight <= 40
    assert len(render(uneven)) < 2000
    n = 10**9
    for _ in range(40):
        n = (n + 1) // 3 * 2
    assert evaluate(uneven, {"H": 10**9}) == n
