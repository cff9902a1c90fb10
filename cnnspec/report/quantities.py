"""Numbers and sizes as people read them, every digit; formulas where there are symbols."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from cnnspec.dims import Dim, Symbolic, digits, render


def exact(value: Dim) -> str:
    """Every digit, in groups of three; a formula as it is. A number too long to read is a power of ten."""
    return render(value) if isinstance(value, Symbolic) else digits(value, grouped=True)


def ratio_text(value: Fraction | None) -> str:
    """`32`, `1/2`; empty where it depends on symbols."""
    return "" if value is None else str(value)


def per_axis(values: Sequence[str]) -> str:
    """One value an axis, said once where all are the same: `7`, `3×5`."""
    return values[0] if len(set(values)) == 1 else "×".join(values)
