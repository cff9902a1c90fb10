"""Counts and bytes in three digits and a unit, formulas where there are symbols."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from cnnspec.dims.rendering import MAX_DIGITS, digits, render
from cnnspec.dims.symbolic import Dim

_THOUSANDS = ("", " K", " M", " G", " T", " P", " E", " Z", " Y")
_BYTES = (" B", " KiB", " MiB", " GiB", " TiB", " PiB", " EiB", " ZiB", " YiB")


def rounded(value: Dim) -> str:
    """Three digits and a unit: `25.6 M`; empty for formulas and for numbers too small to need it."""
    return _in_units(value, 1000, _THOUSANDS) if isinstance(value, int) and abs(value) >= 1000 else ""


def in_bytes(value: Dim) -> str:
    """Three digits and a binary unit: `97.7 MiB`."""
    return _in_units(value, 1024, _BYTES) if isinstance(value, int) else f"{render(value)} B"


def _in_units(value: int, step: int, units: Sequence[str]) -> str:
    if abs(value) >= 10**MAX_DIGITS:
        return f"{digits(value)}{units[0]}"
    power = 0
    while power + 1 < len(units) and abs(value) * 2000 >= step ** (power + 1) * 1999:
        power += 1
    amount = Fraction(value, step**power)
    if power == 0:
        return f"{value}{units[0]}"
    if abs(amount) >= 1000:
        return f"{digits(round(amount), grouped=True)}{units[power]}"
    places = 2 if abs(amount) < 10 else 1 if abs(amount) < 100 else 0
    return f"{float(amount):.{places}f}{units[power]}"
