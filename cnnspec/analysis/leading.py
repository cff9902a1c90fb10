"""How a cost grows: its dominant term, and what happens when a symbol is scaled.

A size ⌊(n + a)/t⌋ is n/t up to a bounded rest, so that a cost, a sum of products of sizes, is a polynomial
up to lower degrees. The terms of the highest total degree are its dominant part.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from cnnspec.dims import Dim, OneSymbol, Polynomial, evaluate
from cnnspec.dims.symbolic import Monomial, terms_of

Powers = tuple[tuple[str, int], ...]
"""A product of symbols: (symbol, power), by name."""


@dataclass(frozen=True, slots=True)
class Dominant:
    """The terms of the highest degree, each a product of symbols with its exact factor."""

    terms: tuple[tuple[Powers, Fraction], ...]

    @property
    def degree(self) -> int:
        """The total degree."""
        return max((sum(power for _, power in powers) for powers, _ in self.terms), default=0)

    def __str__(self) -> str:
        return " + ".join(_term_text(powers, factor) for powers, factor in self.terms) or "0"


def dominant(dim: Dim) -> Dominant | None:
    """The dominant part of a cost; None where it has parts that are no polynomial (floors over sums)."""
    by_powers: dict[Powers, Fraction] = {}
    for monomial, factor in terms_of(dim).items():
        found = _leading(monomial)
        if found is None:
            return None
        powers, share = found
        by_powers[powers] = by_powers.get(powers, Fraction(0)) + share * factor
    by_powers = {powers: factor for powers, factor in by_powers.items() if factor}
    degree = max((_degree(powers) for powers in by_powers), default=0)
    kept = [(powers, factor) for powers, factor in by_powers.items() if _degree(powers) == degree]
    return Dominant(tuple(sorted(kept, key=lambda term: (-term[1], term[0]))))


def growth(dim: Dim, symbols: Iterable[str], at: Mapping[str, int], factor: int = 2) -> Fraction:
    """By how much a cost grows where symbols are multiplied by `factor` together, exactly, at given sizes.

    Raises KeyError where a symbol has no value and ZeroDivisionError where the cost is 0 there.
    """
    grown = {name: at[name] * factor for name in symbols}
    return Fraction(evaluate(dim, {**at, **grown}), evaluate(dim, at))


def _leading(monomial: Monomial) -> tuple[Powers, Fraction] | None:
    """The product of the slopes of the atoms; an atom that only repeats has degree 0 and its mean."""
    powers: dict[str, int] = {}
    share = Fraction(1)
    for atom in monomial:
        if not isinstance(atom, OneSymbol):
            return None
        function = atom.function
        if function.step:
            share *= Fraction(function.step, function.period)
            powers[atom.symbol] = powers.get(atom.symbol, 0) + 1
        else:
            share *= Fraction(sum(function.values), len(function.values))
    return tuple(sorted(powers.items())), share


def _degree(powers: Powers) -> int:
    return sum(power for _, power in powers)


def _term_text(powers: Powers, factor: Fraction) -> str:
    symbols = "·".join(name if power == 1 else f"{name}^{power}" for name, power in powers)
    number = rounded(factor)
    if not symbols:
        return number
    return symbols if factor == 1 else f"{number}·{symbols}"


def rounded(number: Fraction) -> str:
    """A number to three significant digits below a thousand, with thousands separated above."""
    return f"{round(number):,}" if abs(number) >= 1000 else f"{float(number):.3g}"


def is_formula(dim: Dim) -> bool:
    """Whether a cost depends on symbols."""
    return isinstance(dim, OneSymbol | Polynomial)
