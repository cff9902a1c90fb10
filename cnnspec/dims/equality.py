"""Deciding whether two sizes in any number of symbols are equal for all values."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import lcm, prod

from cnnspec.dims.opaque import symbols_of
from cnnspec.dims.symbolic import Dim, Monomial, OneSymbol, Terms, terms_of

MAX_SAMPLES = 2**14
"""The longest common period that is walked through; beyond it nothing is proved."""


def equal_everywhere(left: Dim, right: Dim) -> bool:
    """Whether two sizes are proved equal for all values of their symbols.

    Exact for sums of products of quasi-linear functions. Atoms that have no such form count as symbols of
    their own, and periods have a limit, so that a True is always right while a False may mean "not proved".
    """
    difference = left - right
    if isinstance(difference, int):
        return difference == 0
    return not isinstance(difference, OneSymbol) and _vanishes(
        terms_of(difference), sorted(symbols_of(difference))
    )


def _vanishes(terms: Terms, names: list[str]) -> bool:
    """Whether Σ factor·monomial is 0 everywhere.

    One symbol at a time: in that symbol the sum combines finitely many functions, so it is 0 for all values
    if it is 0 for as many values as tell these functions apart.
    """
    if not names or not any(terms.values()):
        return not any(terms.values())
    grouped: dict[Monomial, Terms] = {}
    for monomial, factor in terms.items():
        part = tuple(atom for atom in monomial if isinstance(atom, OneSymbol) and atom.symbol == names[0])
        rest = tuple(atom for atom in monomial if atom not in part)
        grouped.setdefault(part, {})[rest] = factor
    samples = _telling_samples(list(grouped))
    return samples is not None and all(_vanishes(_combined(grouped, row), names[1:]) for row in samples)


def _combined(grouped: dict[Monomial, Terms], row: tuple[int, ...]) -> Terms:
    """The terms left when the parts in one symbol have the values of a row."""
    total: Terms = {}
    for value, terms in zip(row, grouped.values(), strict=True):
        for monomial, factor in terms.items():
            total[monomial] = total.get(monomial, 0) + value * factor
    return total


def _telling_samples(parts: list[Monomial]) -> list[tuple[int, ...]] | None:
    """Linearly independent rows of values of the parts, as many as there are; None beyond the limit."""
    period = lcm(*(atom.function.period for part in parts for atom in part if isinstance(atom, OneSymbol)))
    count = period * (max(map(len, parts)) + 1)
    if count > MAX_SAMPLES:
        return None
    return list(_independent(parts, range(count)))


def _independent(parts: list[Monomial], numbers: range) -> Iterator[tuple[int, ...]]:
    echelon: list[tuple[int, list[Fraction]]] = []
    for n in numbers:
        row = tuple(prod(atom.function(n) for atom in part if isinstance(atom, OneSymbol)) for part in parts)
        left = [Fraction(value) for value in row]
        for pivot, other in echelon:
            if left[pivot]:
                share = left[pivot]
                left = [value - share * entry for value, entry in zip(left, other, strict=True)]
        pivot = next((position for position, value in enumerate(left) if value), None)
        if pivot is not None:
            echelon.append((pivot, [value / left[pivot] for value in left]))
            yield row
            if len(echelon) == len(parts):
                return
