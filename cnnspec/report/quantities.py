"""Numbers and sizes as people read them, every digit; formulas where there are symbols."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from cnnspec.diagnostics.legible import cells, wrap
from cnnspec.dims import Dim, Symbolic, digits, render

_TERM = re.compile(r"(?:[+−] )?(?:[^ (⌊⌈]|\([^()]*\)|⌊[^⌊⌋]*⌋|⌈[^⌈⌉]*⌉)+")
"""A sign and what it stands before, with brackets as a whole where they hold no others of their kind."""

_GLUE = "\u00a0"


def exact(value: Dim) -> str:
    """Every digit, in groups of three; a formula as it is. A number too long to read is a power of ten."""
    return render(value) if isinstance(value, Symbolic) else digits(value, grouped=True)


def ratio_text(value: Fraction | None) -> str:
    """`32`, `1/2`; empty where it depends on symbols."""
    return "" if value is None else str(value)


def per_axis(values: Sequence[str]) -> str:
    """One value an axis, said once where all are the same: `7`, `3×5`."""
    return values[0] if len(set(values)) == 1 else "×".join(values)


def wrap_formula(text: str, width: int | None) -> list[str]:
    """The lines of a formula, broken before a sign and not within brackets, unless a term is too wide."""

    def glued(match: re.Match[str]) -> str:
        fits = width is None or cells(match[0]) <= width
        return match[0].replace(" ", _GLUE) if fits else match[0]

    return [part.replace(_GLUE, " ") for part in wrap(_TERM.sub(glued, text), width)]
