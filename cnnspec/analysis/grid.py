"""Costs over a grid of sizes at the speed of arrays, exactly.

A formula is evaluated by table look-up, one array operation an atom. Integers that could leave 64 bits are
computed with Python's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from cnnspec.dims import Dim, OneSymbol
from cnnspec.dims.symbolic import Atom, Floor, terms_of

Array = NDArray[Any]
Grid = Mapping[str, Array]
"""For each symbol an array of its sizes; the arrays broadcast against each other."""

LIMIT = 2**62


def evaluate_grid(dim: Dim, sizes: Grid) -> Array:
    """The values of a formula over a grid. Raises KeyError where a symbol has no array."""
    kind = np.int64 if _fits(dim, sizes) else object
    grid = {name: np.asarray(values).astype(kind) for name, values in sizes.items()}
    shape = np.broadcast_shapes(*(values.shape for values in grid.values()))
    return np.broadcast_to(_values(dim, grid, kind), shape)


def _fits(dim: Dim, sizes: Grid) -> bool:
    """Whether 64 bits hold every intermediate value: the sum of absolute terms at the largest sizes fits."""
    largest = {name: int(np.max(np.abs(values))) + 1 for name, values in sizes.items()}
    total = 0
    for monomial, factor in terms_of(dim).items():
        term = abs(factor)
        for atom in monomial:
            if not isinstance(atom, OneSymbol):
                return False
            function = atom.function
            reach = abs(function.step) * (largest[atom.symbol] // function.period + 1)
            term *= reach + max(abs(value) for value in function.values)
        total += term
    return total < LIMIT


def _values(dim: Dim, grid: Grid, kind: type) -> Array:
    total = _array(0, kind)
    for monomial, factor in terms_of(dim).items():
        term = _array(factor, kind)
        for atom in monomial:
            term = term * _atom(atom, grid, kind)
        total = total + term
    return total


def _array(values: object, kind: type) -> Array:
    return cast("Array", np.asarray(values, dtype=kind))


def _atom(atom: Atom, grid: Grid, kind: type) -> Array:
    if isinstance(atom, OneSymbol):
        n, function = grid[atom.symbol], atom.function
        values, number = _array(function.values, kind), (n + function.phase) // function.run
        rounds, rest = number // len(values), number % len(values)
        return function.step * rounds + values[rest.astype(np.int64)]
    if isinstance(atom, Floor):
        return _values(atom.numerator, grid, kind) // _values(atom.divisor, grid, kind)
    return np.maximum.reduce(np.broadcast_arrays(*(_values(size, grid, kind) for size in atom.sizes)))
