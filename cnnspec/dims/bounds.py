"""The range of values that a size takes while every symbol is at least its bound."""

from __future__ import annotations

from collections.abc import Mapping

from cnnspec.dims.opaque import Greatest, symbols_of
from cnnspec.dims.quasi import Quasi
from cnnspec.dims.substitution import substitute
from cnnspec.dims.symbolic import Atom, Dim, OneSymbol, symbol, terms_of

Range = tuple[int | None, int | None]
"""The least and the greatest value; None where there is none or none is known."""

INDEX = "𝑖"
"""The symbol that stands for the index of a unit; unlike a size it may be any integer.

It is not the letter i, so that no spec can have a symbol of that name.
"""


def least_value(name: str, at_least: Mapping[str, int]) -> int | None:
    """The least value that a symbol may have: 1 for a size of which nothing more is known."""
    return None if name == INDEX else at_least.get(name, 1)


def bounds(dim: Dim, at_least: Mapping[str, int]) -> Range:
    """A range that holds all values; exact for sizes in one symbol."""
    if isinstance(dim, int):
        return dim, dim
    if isinstance(dim, OneSymbol):
        return _range_of(dim.function, least_value(dim.symbol, at_least))
    starts = {name: least_value(name, at_least) for name in symbols_of(dim)}
    # Counted from their least values, symbols are ≥ 0 and fewer terms are negative.
    moved = substitute(dim, {name: symbol(name) + start for name, start in starts.items() if start})
    return _range_of_terms(moved)


def _range_of(function: Quasi, start: int | None) -> Range:
    if start is None:
        start = 0
        if function.step:
            return None, None
    low = function.least_from(start) if function.step >= 0 else None
    high = function.greatest_from(start) if function.step <= 0 else None
    return low, high


def _range_of_terms(moved: Dim) -> Range:
    low: int | None = 0
    high: int | None = 0
    for monomial, factor in terms_of(moved).items():
        term: Range = (1, 1)
        for atom in monomial:
            term = _times(term, _range_of_atom(atom))
        term = _scaled(term, factor)
        low = None if low is None or term[0] is None else low + term[0]
        high = None if high is None or term[1] is None else high + term[1]
    return low, high


def _range_of_atom(atom: Atom) -> Range:
    """The range of an atom whose symbols are ≥ 0."""
    zero = dict.fromkeys(atom.symbols, 0)
    if isinstance(atom, OneSymbol):
        return _range_of(atom.function, least_value(atom.symbol, zero))
    if isinstance(atom, Greatest):
        ranges = [bounds(size, zero) for size in atom.sizes]
        lows = [low for low, _ in ranges if low is not None]
        highs = [high for _, high in ranges]
        return max(lows, default=None), None if None in highs else max(
            high for high in highs if high is not None
        )
    low, high = bounds(atom.numerator, zero)
    if isinstance(atom.divisor, int):
        return None if low is None else low // atom.divisor, None if high is None else high // atom.divisor
    positive = bounds(atom.divisor, zero)[0]
    return (0 if low is not None and low >= 0 and positive is not None and positive >= 0 else None), None


def _times(first: Range, second: Range) -> Range:
    """A range of the product of two values, each in its range."""
    (low, high), (other_low, other_high) = first, second
    if low is not None and other_low is not None:
        if high is not None and other_high is not None:
            corners = [low * other_low, low * other_high, high * other_low, high * other_high]
            return min(corners), max(corners)
        if low >= 0 and other_low >= 0:
            return low * other_low, None
    return None, None


def _scaled(values: Range, factor: int) -> Range:
    low, high = (None if value is None else value * factor for value in values)
    return (low, high) if factor > 0 else (high, low)
