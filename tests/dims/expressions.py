"""Random size expressions, built at once as a normal form and as a plain Python function of the symbols."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hypothesis import strategies as st

from cnnspec.dims import Dim, ceil_div, maximum, minimum, symbol


@dataclass(frozen=True)
class Expression:
    """A size and the arithmetic it was built by."""

    dim: Dim
    value: Callable[[Mapping[str, int]], int]
    text: str

    def __repr__(self) -> str:
        return self.text


def number(value: int) -> Expression:
    return Expression(value, lambda _: value, str(value))


def name(text: str) -> Expression:
    return Expression(symbol(text), lambda values: values[text], text)


def add(a: Expression, b: Expression) -> Expression:
    return Expression(a.dim + b.dim, lambda v: a.value(v) + b.value(v), f"({a} + {b})")


def subtract(a: Expression, b: Expression) -> Expression:
    return Expression(a.dim - b.dim, lambda v: a.value(v) - b.value(v), f"({a} - {b})")


def multiply(a: Expression, b: Expression) -> Expression:
    return Expression(a.dim * b.dim, lambda v: a.value(v) * b.value(v), f"({a} * {b})")


def floor(a: Expression, by: int) -> Expression:
    return Expression(a.dim // by, lambda v: a.value(v) // by, f"({a} // {by})")


def ceil(a: Expression, by: int) -> Expression:
    return Expression(ceil_div(a.dim, by), lambda v: -(-a.value(v) // by), f"ceil({a} / {by})")


def rest(a: Expression, by: int) -> Expression:
    return Expression(a.dim % by, lambda v: a.value(v) % by, f"({a} % {by})")


def greatest(a: Expression, b: Expression) -> Expression:
    return Expression(maximum(a.dim, b.dim), lambda v: max(a.value(v), b.value(v)), f"max({a}, {b})")


def least(a: Expression, b: Expression) -> Expression:
    return Expression(minimum(a.dim, b.dim), lambda v: min(a.value(v), b.value(v)), f"min({a}, {b})")


def expressions(*symbols: str, products: bool = True, extremes: bool = True) -> st.SearchStrategy[Expression]:
    """Expressions in some symbols. Without products and extremes those in one symbol are quasi-linear."""
    leaves = st.one_of(st.integers(-9, 9).map(number), st.sampled_from(symbols).map(name))
    divisors = st.sampled_from([-3, -2, 1, 2, 3, 4, 5])
    pairs = [add, subtract] + [multiply] * products + [greatest, least] * extremes

    def grow(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
        return st.one_of(
            st.builds(lambda f, a, b: f(a, b), st.sampled_from(pairs), inner, inner),
            st.builds(lambda f, a, by: f(a, by), st.sampled_from([floor, ceil, rest]), inner, divisors),
            st.builds(lambda a, by: multiply(a, number(by)), inner, st.integers(-4, 4)),
        )

    return st.recursive(leaves, grow, max_leaves=8)
