"""Which of several sizes may be the greatest, over the sizes that their symbols may have.

On one residue class of a symbol, n = start + period·k, every function of it is affine in k, so that a
product of functions is a polynomial in the k of its symbols. Written in binomials `C(k, i)`, which are never
negative, its coefficients are the forward differences at the starts: if none is negative, no value is.
Where every symbol occurs once in each product the converse holds too, and the answer is exact.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from math import lcm, prod

from cnnspec.dims.opaque import evaluate, symbols_of
from cnnspec.dims.polynomials import forward_differences
from cnnspec.dims.quasi import Quasi
from cnnspec.dims.solutions import ALL_SIZES, SizeSet
from cnnspec.dims.symbolic import Dim, Monomial, OneSymbol, terms_of

MAX_DIFFERENCES = 2**14
"""The most differences by which two sizes are compared."""


def undominated(sizes: Collection[Dim], allowed: Mapping[str, SizeSet]) -> list[Dim] | None:
    """The sizes without those that some other one is never below while all symbols are allowed.

    Symbols that are not named may be any size. None where a size has no normal form, where no size is
    allowed, or where the comparison would take too long.
    """
    monomials = {monomial for size in sizes for monomial in terms_of(size)}
    if not all(isinstance(atom, OneSymbol) for monomial in monomials for atom in monomial):
        return None
    names = sorted(frozenset[str]().union(*map(symbols_of, sizes)))
    axes = [_axis(name, monomials, allowed.get(name, ALL_SIZES)) for name in names]
    found = [axis for axis in axes if axis is not None and axis.starts]
    if len(found) < len(axes) or prod(axis.length for axis in found) > MAX_DIFFERENCES:
        return None
    comparison = _Comparison(found)
    far = {axis.name: max(axis.starts) + axis.period for axis in found}
    greatest_first = sorted(sizes, key=lambda size: evaluate(size, far), reverse=True)
    # Two sizes may be equal there though one is greater elsewhere: hence the way back.
    return comparison.kept(reversed(comparison.kept(greatest_first)))


@dataclass(frozen=True, slots=True)
class _Axis:
    """A symbol: where its residue classes start, and how often it occurs in a product at most."""

    name: str
    starts: tuple[int, ...]
    period: int
    degree: int

    @property
    def length(self) -> int:
        """How many differences a product has along it."""
        return len(self.starts) * self.degree + 1

    def differences(self, monomial: Monomial) -> list[int]:
        """The forward differences of the part in this symbol; all classes have the last one in common."""
        functions = _functions(monomial, self.name)
        rows = [
            [prod(f(start + self.period * k) for f in functions) for k in range(self.degree + 1)]
            for start in self.starts
        ]
        *orders, last = zip(*map(forward_differences, rows), strict=True)
        return [*chain.from_iterable(orders), last[0]]


def _axis(name: str, monomials: Iterable[Monomial], allowed: SizeSet) -> _Axis | None:
    """None where it repeats only after too many sizes."""
    functions = [_functions(monomial, name) for monomial in monomials]
    period = lcm(allowed.period, *(f.period for several in functions for f in several))
    if period > MAX_DIFFERENCES:
        return None
    classes = ((residue, allowed.intervals[residue % allowed.period]) for residue in range(period))
    least = (ends[0] + (residue - ends[0]) % period for residue, ends in classes if ends is not None)
    starts = tuple(start for start in least if start in allowed)
    return _Axis(name, starts, period, max(map(len, functions)))


def _functions(monomial: Monomial, name: str) -> list[Quasi]:
    return [atom.function for atom in monomial if isinstance(atom, OneSymbol) and atom.symbol == name]


class _Comparison:
    """Sizes compared along axes; what products are made of is worked out once."""

    def __init__(self, axes: list[_Axis]) -> None:
        self._axes = axes
        self._known: dict[Monomial, list[int]] = {}

    def kept(self, sizes: Iterable[Dim]) -> list[Dim]:
        """The sizes that none before them dominates."""
        kept: list[Dim] = []
        for size in sizes:
            if not any(self._is_never_negative(other - size) for other in kept):
                kept.append(size)
        return kept

    def _is_never_negative(self, size: Dim) -> bool:
        rows = [
            [factor * value for value in self._differences(monomial)]
            for monomial, factor in terms_of(size).items()
        ]
        return all(sum(column) >= 0 for column in zip(*rows, strict=True))

    def _differences(self, monomial: Monomial) -> list[int]:
        if monomial not in self._known:
            found = [1]
            for axis in self._axes:
                along = axis.differences(monomial)
                found = [value * factor for value in found for factor in along]
            self._known[monomial] = found
        return self._known[monomial]
