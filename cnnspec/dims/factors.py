"""Products of sizes along different axes, found again in their sums of terms."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

from cnnspec.dims.opaque import symbols_of
from cnnspec.dims.symbolic import Dim, Monomial, OneSymbol, Terms, collect, terms_of


@dataclass(frozen=True)
class Product:
    """`number · Π parts`: one part a symbol, each a function of that symbol alone."""

    number: int
    parts: dict[str, Dim]


def factored(dim: Dim) -> Product | None:
    """A size as a product of functions of one symbol each, where it is one."""
    rest: Terms = terms_of(dim)
    parts: dict[str, Dim] = {}
    for name in sorted(symbols_of(dim)):
        split = _split_off(rest, name)
        if split is None:
            return None
        part, rest = split
        if part != 1:
            parts[name] = part
    number = rest.get((), 0)
    return Product(number, parts) if len(rest) == 1 and number else None


def _split_off(terms: Terms, name: str) -> tuple[Dim, Terms] | None:
    """`(part, rest)` such that the terms are part(name) · rest, where they are such a product."""
    rows: dict[Monomial, Terms] = {}
    for monomial, factor in terms.items():
        part = tuple(atom for atom in monomial if isinstance(atom, OneSymbol) and atom.symbol == name)
        rest = tuple(atom for atom in monomial if atom not in part)
        rows.setdefault(rest, {})[part] = factor
    first = next(iter(rows.values()))
    unit = gcd(*first.values())
    lead = max(first, key=len)
    direction = {part: factor // (unit if first[lead] > 0 else -unit) for part, factor in first.items()}
    shares = {rest: row.get(lead, 0) // direction[lead] for rest, row in rows.items()}
    for rest, row in rows.items():
        if row != {part: shares[rest] * factor for part, factor in direction.items()}:
            return None
    return collect(direction), shares
