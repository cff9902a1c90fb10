"""Decisions against trying all values."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product as grid

import pytest
from dims.expressions import Expression, expressions
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnspec.dims import (
    Dim,
    Relation,
    bounds,
    decide,
    equal_everywhere,
    evaluate,
    maximum,
    minimum,
    symbol,
)

H, W = symbol("H"), symbol("W")
HOLDS: dict[Relation, Callable[[int, int], bool]] = {
    Relation.EQUAL: lambda a, b: a == b,
    Relation.AT_LEAST: lambda a, b: a >= b,
    Relation.MULTIPLE: lambda a, b: a % b == 0 if b else a == 0,
}
one_symbol = expressions("H", products=False, extremes=False)


@settings(max_examples=500, deadline=None)
@given(one_symbol, st.sampled_from([Relation.EQUAL, Relation.AT_LEAST]), one_symbol, st.integers(1, 20))
def test_in_one_symbol_decisions_are_exact(
    a: Expression, relation: Relation, b: Expression, least: int
) -> None:
    seen = {HOLDS[relation](a.value({"H": n}), b.value({"H": n})) for n in range(least, least + 3000)}
    assert decide(a.dim, relation, b.dim, {"H": least}) == (seen.pop() if len(seen) == 1 else None)


@settings(max_examples=300, deadline=None)
@given(one_symbol, st.integers(1, 6))
def test_multiples_in_one_symbol_are_decided(a: Expression, divisor: int) -> None:
    seen = {a.value({"H": n}) % divisor == 0 for n in range(1, 1500)}
    assert decide(a.dim, Relation.MULTIPLE, divisor) == (seen.pop() if len(seen) == 1 else None)


@settings(max_examples=500, deadline=None)
@given(expressions("H", "W"), st.sampled_from(list(Relation)), expressions("H", "W"))
def test_in_several_symbols_decisions_are_true(a: Expression, relation: Relation, b: Expression) -> None:
    holds = decide(a.dim, relation, b.dim, {"H": 3})
    for h, w in grid([3, 4, 5, 8, 31, 64], [1, 2, 3, 9, 50]):
        values = {"H": h, "W": w}
        if holds is not None:
            assert HOLDS[relation](a.value(values), b.value(values)) == holds


@settings(max_examples=400, deadline=None)
@given(expressions("H", "W"))
def test_bounds_hold(expression: Expression) -> None:
    low, high = bounds(expression.dim, {"W": 5})
    for h, w in grid([1, 2, 3, 10, 33], [5, 6, 7, 40]):
        value = expression.value({"H": h, "W": w})
        assert low is None or low <= value
        assert high is None or value <= high


@settings(max_examples=200, deadline=None)
@given(expressions("H", "W", extremes=False), expressions("H", "W", extremes=False))
def test_equality_is_never_claimed_wrongly(a: Expression, b: Expression) -> None:
    if equal_everywhere(a.dim, b.dim):
        for h, w in grid(range(1, 9), range(1, 9)):
            assert a.value({"H": h, "W": w}) == b.value({"H": h, "W": w})


@settings(max_examples=200, deadline=None)
@given(
    expressions("H", products=False, extremes=False),
    expressions("W", products=False, extremes=False),
    expressions("H", products=False, extremes=False),
)
def test_equal_quasi_polynomials_are_recognised(a: Expression, b: Expression, c: Expression) -> None:
    assert equal_everywhere((a.dim + c.dim) * b.dim, a.dim * b.dim + c.dim * b.dim)
    halves = a.dim * (b.dim // 2) + a.dim * ((b.dim + 1) // 2)
    assert equal_everywhere(halves, a.dim * b.dim)
    if decide(a.dim, Relation.EQUAL, 0) is not True:
        assert not equal_everywhere(halves, a.dim * (b.dim + 1))


@pytest.mark.parametrize(
    ("left", "relation", "right", "holds"),
    [
        (H, Relation.AT_LEAST, 1, True),
        (H, Relation.AT_LEAST, 2, None),
        (-H, Relation.AT_LEAST, 0, False),
        (2 * H, Relation.EQUAL, 2 * H + 1, False),
        (2 * H, Relation.EQUAL, H + 5, None),
        (H * W, Relation.AT_LEAST, H, True),
        (H * W, Relation.AT_LEAST, 2, None),
        (2 * H * W + 1, Relation.EQUAL, 4 * W, False),
        (6 * H * W, Relation.MULTIPLE, 3, True),
        (6 * H * W + 3 * W, Relation.MULTIPLE, 2, None),
        (2 * H * W + 1, Relation.MULTIPLE, 2, False),
        (4 * H, Relation.MULTIPLE, H, True),
        (H, Relation.MULTIPLE, W, None),
        (H + W, Relation.AT_LEAST, 2, True),
        ((H // 2) * W + ((H + 1) // 2) * W, Relation.EQUAL, H * W, True),
        (10**30, Relation.AT_LEAST, 10**30 + 1, False),
    ],
)
def test_what_is_decided(left: Dim, relation: Relation, right: Dim, holds: bool | None) -> None:
    assert decide(left, relation, right) is holds


def test_assumptions_decide_more() -> None:
    assert decide(H, Relation.AT_LEAST, 32, {"H": 32}) is True
    assert decide(H // 32, Relation.AT_LEAST, 1, {"H": 32}) is True
    assert decide(H * W, Relation.AT_LEAST, 12, {"H": 3, "W": 4}) is True


@settings(max_examples=200, deadline=None)
@given(one_symbol, one_symbol)
def test_extremes_of_parallel_functions_are_functions_again(a: Expression, b: Expression) -> None:
    above, below = maximum(a.dim, b.dim), minimum(a.dim, b.dim)
    for n in range(1, 60):
        assert evaluate(above, {"H": n}) == max(a.value({"H": n}), b.value({"H": n}))
        assert evaluate(below, {"H": n}) == min(a.value({"H": n}), b.value({"H": n}))


def test_extremes_that_are_decided() -> None:
    assert maximum(H, 1) == H
    assert minimum(H, 0) == 0
    assert maximum(H + 1, H, H - 5) == H + 1
    assert maximum(H // 2, (H + 1) // 2) == (H + 1) // 2
    assert maximum(3, 5, 4) == 5
    assert maximum(H % 3, 1) == 1 + (H % 3) // 2


def test_extremes_that_depend_on_the_symbols_still_evaluate() -> None:
    either = minimum(H, W, 7) + 1
    assert evaluate(either, {"H": 9, "W": 12}) == 8
    assert evaluate(either, {"H": 9, "W": 2}) == 3
    assert maximum(H, maximum(W, 7)) == maximum(7, H, W)
