"""Deciding relations between sizes over all admissible values of their symbols."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from itertools import product
from math import gcd, lcm

from cnnspec.dims.bounds import bounds, least_value
from cnnspec.dims.equality import equal_everywhere
from cnnspec.dims.opaque import evaluate, symbols_of
from cnnspec.dims.quasi import Quasi
from cnnspec.dims.symbolic import Dim, OneSymbol, Symbolic, divided_exactly, terms_of

MAX_RESIDUES = 4096
"""How many combinations of residues are tried to decide whether a size is a multiple of a number."""


class Relation(StrEnum):
    """How the two sides of a requirement must stand to each other."""

    EQUAL = "=="
    AT_LEAST = ">="
    MULTIPLE = "multiple of"


def decide(
    left: Dim, relation: Relation, right: Dim, at_least: Mapping[str, int] | None = None
) -> bool | None:
    """Whether the relation holds: always (True), never (False), or depending on the symbols (None).

    Symbols are at least 1, or at least what `at_least` says of them. Exact for sizes in one symbol; in
    several, None may also mean that it could not be decided.
    """
    assumed = at_least or {}
    match relation:
        case Relation.EQUAL:
            return _is_zero(left - right, assumed)
        case Relation.AT_LEAST:
            return _is_nonnegative(left - right, assumed)
        case Relation.MULTIPLE:
            return _is_multiple(left, right, assumed)


def _is_zero(difference: Dim, at_least: Mapping[str, int]) -> bool | None:
    if isinstance(difference, int):
        return difference == 0
    if isinstance(difference, OneSymbol):
        return None if _has_root(difference.function, least_value(difference.symbol, at_least)) else False
    low, high = bounds(difference, at_least)
    if (low is not None and low > 0) or (high is not None and high < 0):
        return False
    if low == high == 0 or equal_everywhere(difference, 0):
        return True
    constant, *factors = _coefficients(difference)
    return False if constant % gcd(*factors) else None


def _has_root(function: Quasi, start: int | None) -> bool:
    if function.step == 0:
        return 0 in function.values
    roots = [
        number - value // function.step * len(function.values)
        for number, value in enumerate(function.values)
        if value % function.step == 0
    ]
    return any(start is None or root >= (start + function.phase) // function.run for root in roots)


def _coefficients(dim: Symbolic) -> list[int]:
    """The constant term, then the coefficients of the others."""
    terms = dict(terms_of(dim))
    return [terms.pop((), 0), *terms.values()]


def _is_nonnegative(difference: Dim, at_least: Mapping[str, int]) -> bool | None:
    low, high = bounds(difference, at_least)
    if low is not None and low >= 0:
        return True
    return False if high is not None and high < 0 else None


def _is_multiple(left: Dim, right: Dim, at_least: Mapping[str, int]) -> bool | None:
    if right == 0:
        return _is_zero(left, at_least)
    if isinstance(right, Symbolic):
        return True if left == 0 or divided_exactly(left, right) is not None else None
    rest = left % right
    if isinstance(rest, int):
        return rest == 0
    return _residues_decide(left, abs(right))


def _residues_decide(left: Dim, divisor: int) -> bool | None:
    """Try all combinations of residues; None where they differ, are too many, or an atom does not repeat."""
    atoms = [atom for monomial in terms_of(left) for atom in monomial]
    if not all(isinstance(atom, OneSymbol) for atom in atoms):
        return None
    names = sorted(symbols_of(left))
    # A quasi-linear function rises by a multiple of the divisor in `divisor` periods.
    period = lcm(*(atom.function.period for atom in atoms if isinstance(atom, OneSymbol))) * divisor
    if period ** len(names) > MAX_RESIDUES:
        return None
    seen = {
        evaluate(left, dict(zip(names, values, strict=True))) % divisor == 0
        for values in product(range(1, period + 1), repeat=len(names))
    }
    return seen.pop() if len(seen) == 1 else None
