"""Sizes as people write them: `⌊(H + 3)/4⌋`, `2·H − 1`, `64·H·W`."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from math import log10
from typing import cast

from cnnspec.dims.factors import factored
from cnnspec.dims.floor_form import FloorForm, few_floors, floor_form
from cnnspec.dims.opaque import Floor, Greatest
from cnnspec.dims.quasi import Quasi
from cnnspec.dims.symbolic import Atom, Dim, Monomial, OneSymbol, Polynomial, Terms

MINUS = "−"
MAX_FLOORS = 8
"""The longest sum of floors that is still easier to read than a table."""
MAX_DIGITS = 400
"""The longest number that is written in full."""
MAX_TABLE = 12
"""How many entries of a table are written out."""


def render(dim: Dim) -> str:
    """A size as text."""
    return _sum(_addends(dim))


def _addends(dim: Dim) -> list[tuple[int, str]]:
    """`(factor, text)` of every term; an empty text is the number itself."""
    match dim:
        case OneSymbol():
            return _linear(dim.symbol, dim.function)
        case Polynomial():
            return _factored(dim) or _terms(dim.terms)
        case _:
            return [(cast("int", dim), "")]


def _sum(addends: list[tuple[int, str]]) -> str:
    """`2·a + b − 3` from its terms."""
    text = ""
    for factor, body in addends:
        sign = MINUS if factor < 0 else "+"
        amount = _times(abs(factor), body)
        text += f" {sign} {amount}" if text else (MINUS if factor < 0 else "") + amount
    return text or "0"


def _times(factor: int, body: str) -> str:
    if not body:
        return digits(factor)
    return body if factor == 1 else f"{digits(factor)}·{body}"


def digits(number: int, *, grouped: bool = False) -> str:
    """A number in full, `61,706` where grouped; one too long to read by its power of ten."""
    if abs(number) >= 10**MAX_DIGITS:
        return f"{'−' if number < 0 else ''}≈10^{log10(abs(number)):.0f}"
    return f"{number:,}" if grouped else str(number)


# --- one symbol -------------------------------------------------------------------------------------------


def _linear(name: str, function: Quasi) -> list[tuple[int, str]]:
    if function.period == 1:
        return [(function.step, name), *_constant(function.values[0])]
    form = floor_form(function)
    return _nested(name, function) if form is None else [_floor(name, form), *_constant(form.constant)]


def _constant(number: int) -> list[tuple[int, str]]:
    """A number as the last term of a sum, if it is any."""
    return [(number, "")] if number else []


def _floor_text(numerator: str, divisor: str) -> str:
    return f"⌊({numerator})/{divisor}⌋" if " " in numerator else f"⌊{numerator}/{divisor}⌋"


def _nested(name: str, function: Quasi) -> list[tuple[int, str]]:
    """A sum of a few floors, or a table of remainders beside the slope."""
    period = function.period
    floors = few_floors(function)
    if len(floors) <= MAX_FLOORS and function.step:
        return [*(_floor(name, form) for form in floors), *_constant(function.values[0])]
    shown = [str(function(n)).replace("-", MINUS) for n in range(min(period, MAX_TABLE))]
    dots = ", …" if period > MAX_TABLE else ""
    table = (1, f"[{', '.join(shown)}{dots}][{name} mod {period}]")
    if function.values == tuple(range(period)):
        table = (1, f"({name} mod {period})")
    return [(function.step, _floor_text(name, str(period))), table] if function.step else [table]


def _floor(name: str, form: FloorForm) -> tuple[int, str]:
    if form.period == 1:
        return form.factor, name
    numerator = _sum([(form.step, name), *_constant(form.shift)])
    return form.factor, _floor_text(numerator, str(form.period))


# --- several symbols --------------------------------------------------------------------------------------


def _terms(terms: Terms) -> list[tuple[int, str]]:
    """The linear terms of one symbol are one function."""
    ordered = sorted(terms.items(), key=lambda term: _place(term[0]))
    return [_term(monomial, factor) for monomial, factor in ordered]


def _place(monomial: Monomial) -> tuple[int, list[int], list[str]]:
    """Highest degree first, then the shortest periods, then by name."""
    periods = [atom.function.period for atom in monomial if isinstance(atom, OneSymbol)]
    return -len(monomial), periods, [_atom_text(atom) for atom in monomial]


def _term(monomial: Monomial, factor: int) -> tuple[int, str]:
    if factor < 0 and len(monomial) == 1 and isinstance(monomial[0], Greatest):
        return -factor, f"min({', '.join(sorted(render(-size) for size in monomial[0].sizes))})"
    return factor, _product_text(monomial)


def _product_text(monomial: Monomial) -> str:
    powers = Counter(_atom_text(atom) for atom in monomial)
    return "·".join(
        text + (str(power).translate(_SUPERSCRIPT) if power > 1 else "") for text, power in powers.items()
    )


_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@lru_cache(maxsize=4096)
def _atom_text(atom: Atom) -> str:
    match atom:
        case OneSymbol():
            return _bracketed(_linear(atom.symbol, atom.function))
        case Floor():
            divisor = _addends(atom.divisor)
            return _floor_text(
                render(atom.numerator), _sum(divisor) if len(divisor) == 1 else _bracketed(divisor)
            )
        case _:
            return f"max({', '.join(sorted(render(size) for size in atom.sizes))})"


def _bracketed(addends: list[tuple[int, str]]) -> str:
    """A text that can stand as a factor."""
    text = _sum(addends)
    return text if len(addends) == 1 and addends[0][0] == 1 else f"({text})"


def _factored(dim: Polynomial) -> list[tuple[int, str]] | None:
    """A product of functions of one symbol each, `64·(H − 2)·(W − 2)`, where it is one."""
    product = factored(dim)
    if product is None or len(product.parts) < 2:
        return None
    return [(product.number, "·".join(_bracketed(_addends(part)) for part in product.parts.values()))]
