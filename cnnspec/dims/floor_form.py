"""A quasi-linear function in floors that people read: a size is mostly one floor, a cost a few of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from cnnspec.dims.quasi import Quasi


@dataclass(frozen=True, slots=True)
class FloorForm:
    """`factor · ⌊(step · n + shift) / period⌋ + constant`; period 1 means no floor at all."""

    factor: int
    step: int
    shift: int
    period: int
    constant: int


def floor_form(function: Quasi) -> FloorForm | None:
    """The one floor that a function is, or None where it is a sum of several."""
    content, offset = function.content, function.table[0]
    if not function.step:
        return FloorForm(1, 0, 0, 1, offset) if function.is_constant else None
    factor = -content if function.step < 0 else content
    table = [(value - offset) // factor for value in function.table]
    step = function.step // factor
    slack = [function.period * value - step * n for n, value in enumerate(table)]
    least, most = max(slack), min(slack) + function.period - 1
    if least > most:
        return None
    shift = 0 if least <= 0 <= most else least
    if offset % factor == 0:
        return FloorForm(factor, step, shift + offset // factor * function.period, function.period, 0)
    return FloorForm(factor, step, shift, function.period, offset)


def few_floors(function: Quasi) -> tuple[FloorForm, ...]:
    """Floors `⌊(n + shift)/period⌋` with factors, the shortest periods first, whose sum is f(n) − f(0).

    f rises at n by an amount that depends on the residue of n. From coarse residues to fine, what all
    members of a class rise by at least is one floor, and what is left is for the finer classes.
    """
    period, table = function.period, function.table
    rises = [table[0] + function.step - table[-1], *(table[n] - table[n - 1] for n in range(1, period))]
    found: list[FloorForm] = []
    for divisor in (d for d in range(1, period + 1) if period % d == 0):
        for residue in range(divisor):
            common = _common_rise(rises[residue::divisor])
            if common:
                found.append(FloorForm(common, 1, -residue % divisor, divisor, 0))
                rises[residue::divisor] = [rise - common for rise in rises[residue::divisor]]
    return tuple(found)


def _common_rise(rises: list[int]) -> int:
    """The least of the rises, or the least fall; where some rise and some fall, what most of them do."""
    least, most = min(rises), max(rises)
    if least >= 0 or most <= 0:
        return least if least >= 0 else most
    return Counter(rises).most_common(1)[0][0]
