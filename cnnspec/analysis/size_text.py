"""Sets of sizes in the field's notation."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, islice

from cnnspec.dims.solutions import SizeSet

LISTED = 12
"""Up to how many members a bounded set is written out."""


def set_text(symbol: str, allowed: SizeSet) -> str:
    """A set of sizes in the field's notation: `H ≡ 0 (mod 16)`, `29 ≤ H ≤ 32`, `H ≥ 7`."""
    if allowed.is_empty:
        return f"no {symbol}"
    if allowed.is_bounded:
        members = list(islice(allowed.members(), LISTED + 1))
        if len(members) <= LISTED and members != list(range(members[0], members[-1] + 1)):
            return f"{symbol} ∈ {{{', '.join(map(str, members))}}}"
    parts = [_residues_text(symbol, allowed), _range_text(symbol, allowed)]
    return ", ".join(part for part in parts if part) or f"any {symbol}"


def _residues_text(symbol: str, allowed: SizeSet) -> str:
    if allowed.period == 1:
        return ""
    residues = [r for r, interval in enumerate(allowed.intervals) if interval is not None]
    missing = [r for r, interval in enumerate(allowed.intervals) if interval is None]
    if len(missing) < len(residues) and missing:
        return f"{symbol} ≢ {_some(missing)} (mod {allowed.period})"
    return f"{symbol} ≡ {_some(residues)} (mod {allowed.period})" if missing else ""


def _some(numbers: Sequence[int]) -> str:
    """Numbers in their order, three and more neighbours as a range: `0…7, 12`."""
    parts: list[str] = []
    for _, group in groupby(enumerate(numbers), key=lambda place: place[1] - place[0]):
        run = [number for _, number in group]
        parts += [f"{run[0]}…{run[-1]}"] if len(run) > 2 else map(str, run)
    return ", ".join(parts[:LISTED]) + (", …" if len(parts) > LISTED else "")


def _range_text(symbol: str, allowed: SizeSet) -> str:
    least, greatest = allowed.least, allowed.greatest
    if greatest is not None:
        return f"{symbol} = {least}" if least == greatest else f"{least} ≤ {symbol} ≤ {greatest}"
    natural = min((r or allowed.period for r, i in enumerate(allowed.intervals) if i is not None), default=1)
    return f"{symbol} ≥ {least}" if least is not None and least > natural else ""
