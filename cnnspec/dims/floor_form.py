"""A quasi-linear function as one floor of an affine one, where it is that: nearly every size is."""

from __future__ import annotations

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
