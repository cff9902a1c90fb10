"""A quasi-linear function in floors that people read: a size is mostly one floor, a cost a few of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from cnnspec.dims.quasi import Quasi


@dataclass(frozen=True, slots=True)
class FloorForm:
    """`factor · ⌊(step · n + shift) / period⌋ + constant`; period 1 means no floor at all."""

    factor: int
    step: int
    shift: int
    period: int
    constant: int


@lru_cache(maxsize=4096)
def floor_form(function: Quasi) -> FloorForm | None:
    """The one floor that a function is, or None where it is a sum of several."""
    content, offset = function.content, function.values[0]
    if not function.step:
        return FloorForm(1, 0, 0, 1, offset) if function.is_constant else None
    if function.run > 1 and len(function.values) > 1:
        return None  # the floor of a multiple of n, or of n itself, has no runs that all are equally long
    factor = -content if function.step < 0 else content
    step = function.step // factor
    run, phase, period = function.run, function.phase, function.period
    slack = [
        period * ((value - offset) // factor) - step * (run * number - phase)
        for number, value in enumerate(function.values)
    ]
    least, most = max(slack), min(slack) + period - 1
    if least > most:
        return None
    shift = 0 if least <= 0 <= most else least
    if offset % factor == 0:
        return FloorForm(factor, step, shift + offset // factor * period, period, 0)
    return FloorForm(factor, step, shift, period, offset)


@lru_cache(maxsize=1024)
def few_floors(function: Quasi) -> tuple[FloorForm, ...]:
    """Floors `⌊(n + shift)/period⌋` with factors, the shortest periods first, whose sum is f(n) − f(0).

    f rises at n by an amount that depends on the residue of n. From coarse residues to fine, what all
    members of a class rise by at least is one floor, and what is left is for the finer classes.
    """
    runs, values = len(function.values), function.values
    rises = [values[0] + function.step - values[-1], *(values[n] - values[n - 1] for n in range(1, runs))]
    found: list[FloorForm] = []
    for divisor in (d for d in range(1, runs + 1) if runs % d == 0):
        for residue in range(divisor):
            common = _common_rise(rises[residue::divisor])
            if common:
                shift = function.phase + -residue % divisor * function.run
                found.append(FloorForm(common, 1, shift, divisor * function.run, 0))
                rises[residue::divisor] = [rise - common for rise in rises[residue::divisor]]
    return tuple(found)


def _common_rise(rises: list[int]) -> int:
    """The least of the rises, or the least fall; where some rise and some fall, what most of them do."""
    least, most = min(rises), max(rises)
    if least >= 0 or most <= 0:
        return least if least >= 0 else most
    return Counter(rises).most_common(1)[0][0]
