"""The range of a formula over a box: a least and a greatest value for each of some symbols.

The ranges hold every value and may be wider than that, but at a single point they are exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from cnnspec.dims import Dim, OneSymbol
from cnnspec.dims.opaque import Floor
from cnnspec.dims.symbolic import Atom, terms_of

Bound = int | float
"""A whole number, or an infinity."""

Range = tuple[Bound, Bound]
Box = Mapping[str, tuple[int, int]]

EVERYTHING: Range = (-inf, inf)


def range_over(dim: Dim, box: Box) -> Range:
    """A range that holds the values of a formula; symbols that the box does not have may be anything."""
    if isinstance(dim, int):
        return dim, dim
    if isinstance(dim, OneSymbol):
        return _along(dim, box)
    low: Bound = 0
    high: Bound = 0
    for monomial, factor in terms_of(dim).items():
        term: Range = (factor, factor)
        for atom in monomial:
            term = _times(term, _of_atom(atom, box))
        least, greatest = term
        low, high = _plus(low, least), _plus(high, greatest)
    return low, high


def _of_atom(atom: Atom, box: Box) -> Range:
    if isinstance(atom, OneSymbol):
        return _along(atom, box)
    if isinstance(atom, Floor):
        return _quotient(range_over(atom.numerator, box), range_over(atom.divisor, box))
    ranges = [range_over(size, box) for size in atom.sizes]
    return max(low for low, _ in ranges), max(high for _, high in ranges)


def _along(size: OneSymbol, box: Box) -> Range:
    """Within one period of either end lie the least and the greatest value."""
    if size.symbol not in box:
        return EVERYTHING
    low, high = box[size.symbol]
    function = size.function
    if high - low < function.period:
        values = [function(n) for n in range(low, high + 1)]
        return min(values), max(values)
    first, last = low, high - function.period + 1
    if function.step < 0:
        first, last = last, first
    return function.least_from(first), function.greatest_from(last)


def _times(first: Range, second: Range) -> Range:
    corners = [_product(a, b) for a in first for b in second]
    return min(corners), max(corners)


def _plus(left: Bound, right: Bound) -> Bound:
    """The sum; whole numbers may be too great to be added to a float."""
    return left if isinstance(left, float) else right if isinstance(right, float) else left + right


def _product(left: Bound, right: Bound) -> Bound:
    if left == 0 or right == 0:
        return 0
    if isinstance(left, float) or isinstance(right, float):
        return inf if (left > 0) == (right > 0) else -inf
    return left * right


def _quotient(numerator: Range, divisor: Range) -> Range:
    if divisor[0] <= 0:
        return EVERYTHING
    corners = [_floor(a, b) for a in numerator for b in divisor]
    return min(corners), max(corners)


def _floor(numerator: Bound, divisor: Bound) -> Bound:
    """The quotient rounded down; of a finite number and an infinite divisor 0 or −1."""
    if numerator in (inf, -inf):
        return numerator
    if divisor == inf:
        return -1 if numerator < 0 else 0
    return numerator // divisor
