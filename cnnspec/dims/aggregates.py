"""Sums, products and greatest of several sizes, and the quotient rounded up."""

from __future__ import annotations

from collections.abc import Iterable

from cnnspec.dims.opaque import Greatest
from cnnspec.dims.symbolic import Dim, Polynomial, Terms, collect, from_atom, terms_of


def product(dims: Iterable[Dim]) -> Dim:
    """The product of sizes (1 for none)."""
    result: Dim = 1
    for dim in dims:
        result = result * dim
    return result


def sum_of(dims: Iterable[Dim]) -> Dim:
    """The sum of sizes (0 for none)."""
    number = 0
    terms: Terms = {}
    for dim in dims:
        if isinstance(dim, int):
            number += dim
        else:
            for monomial, factor in terms_of(dim).items():
                terms[monomial] = terms.get(monomial, 0) + factor
    return collect({**terms, (): terms.get((), 0) + number}) if terms else number


def ceil_div(numerator: Dim, divisor: Dim) -> Dim:
    """`⌈numerator / divisor⌉`."""
    return -(-numerator // divisor)


def greatest(sizes: Iterable[Dim]) -> Dim:
    """The greatest of sizes as an atom; only numbers are compared (`extremes.maximum` decides more)."""
    everything = frozenset(part for size in sizes for part in _parts_of_greatest(size))
    numbers = [size for size in everything if isinstance(size, int)]
    others = everything.difference(numbers)
    candidates = others | {max(numbers)} if numbers else others
    return next(iter(candidates)) if len(candidates) == 1 else from_atom(Greatest(candidates))


def _parts_of_greatest(size: Dim) -> Iterable[Dim]:
    """The sizes that a greatest-of is over; any other size itself."""
    if isinstance(size, Polynomial) and len(size.terms) == 1:
        ((monomial, factor),) = size.terms.items()
        atom = monomial[0]
        if factor == 1 and len(monomial) == 1 and isinstance(atom, Greatest):
            return atom.sizes
    return (size,)
