"""The greater and the lesser of sizes, in normal form where that is decided."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from cnnspec.dims import quasi
from cnnspec.dims.aggregates import greatest
from cnnspec.dims.decide import Relation, decide
from cnnspec.dims.symbolic import Dim, OneSymbol, collect, one_symbol, terms_of


def maximum(*dims: Dim) -> Dim:
    """The greatest of sizes."""
    return reduce(_greater, dims)


def minimum(*dims: Dim) -> Dim:
    """The least of sizes."""
    return -maximum(*(-dim for dim in dims))


def apart(dims: Sequence[Dim]) -> tuple[Dim, list[Dim]]:
    """The terms that all sizes share, and the sizes without them: formulas get shorter."""
    first, *others = map(terms_of, dims)
    shared = collect({m: factor for m, factor in first.items() if all(o.get(m) == factor for o in others)})
    return shared, [dim - shared for dim in dims]


def _greater(left: Dim, right: Dim) -> Dim:
    if isinstance(left, int) and isinstance(right, int):
        return max(left, right)
    if isinstance(left, OneSymbol) and isinstance(right, OneSymbol) and left.symbol == right.symbol:
        function = quasi.greater(left.function, right.function)
        if function is not None:
            return one_symbol(left.symbol, function)
    if decide(left, Relation.AT_LEAST, right):
        return left
    if decide(right, Relation.AT_LEAST, left):
        return right
    return _same_slope_as_number(left, right)


def _same_slope_as_number(left: Dim, right: Dim) -> Dim:
    """A size that only repeats (slope 0) against a number is again one that repeats."""
    for size, number in ((left, right), (right, left)):
        if isinstance(size, OneSymbol) and isinstance(number, int):
            function = quasi.greater(size.function, quasi.Quasi(0, 1, (number,)))
            if function is not None:
                return one_symbol(size.symbol, function)
    return greatest((left, right))
