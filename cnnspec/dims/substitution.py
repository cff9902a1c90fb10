"""Replacing symbols by numbers or by other sizes."""

from __future__ import annotations

from collections.abc import Mapping

from cnnspec.dims import quasi
from cnnspec.dims.aggregates import greatest, product
from cnnspec.dims.opaque import Floor, Greatest
from cnnspec.dims.quasi import Quasi
from cnnspec.dims.symbolic import (
    Atom,
    Dim,
    OneSymbol,
    Polynomial,
    SizeLimitError,
    floor_divide,
    from_atom,
    one_symbol,
)

MAX_FLOORS = 256
"""The longest sum of floors that a function of a size without normal form becomes."""


def substitute(dim: Dim, values: Mapping[str, Dim]) -> Dim:
    """The size where some symbols are replaced by other sizes. Raises SizeLimitError."""
    match dim:
        case OneSymbol():
            return _substituted(dim, values[dim.symbol]) if dim.symbol in values else dim
        case Polynomial():
            total: Dim = 0
            for monomial, factor in dim.terms.items():
                total = total + product([factor, *(_atom_with(atom, values) for atom in monomial)])
            return total
        case _:
            return dim


def _substituted(size: OneSymbol, value: Dim) -> Dim:
    function = size.function
    if isinstance(value, int):
        return function(value)
    if isinstance(value, OneSymbol):
        inside = quasi.composed(function, value.function)
        if inside is not None:
            return one_symbol(value.symbol, inside)
    if len(function.values) > MAX_FLOORS:
        raise SizeLimitError(f"a size would have more than {MAX_FLOORS:,} floors")
    factors, constant = sum_of_floors(function)
    total: Dim = constant
    for offset, factor in factors:
        total = total + factor * floor_divide(value + offset, function.period)
    return total


def sum_of_floors(function: Quasi) -> tuple[tuple[tuple[int, int], ...], int]:
    """`((offset, factor), …), constant` such that f(n) = Σ factor·⌊(n + offset) / period⌋ + constant."""
    values, run = function.values, function.run
    rises = [(len(values) - n, values[n] - values[n - 1]) for n in range(1, len(values))]
    first = function.step - sum(rise for _, rise in rises)
    offsets = [(number * run + function.phase, rise) for number, rise in [(0, first), *reversed(rises)]]
    return tuple((offset, rise) for offset, rise in offsets if rise), values[0]


def _atom_with(atom: Atom, values: Mapping[str, Dim]) -> Dim:
    if not atom.symbols & values.keys():
        return from_atom(atom)
    match atom:
        case OneSymbol():
            return _substituted(atom, values[atom.symbol])
        case Floor():
            return floor_divide(substitute(atom.numerator, values), substitute(atom.divisor, values))
        case Greatest():
            return greatest(substitute(size, values) for size in atom.sizes)
