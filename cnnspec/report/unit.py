"""What one unit of a layer sees of the input, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np

from cnnspec.analysis.facts import Analysis, LayerFacts
from cnnspec.analysis.receptive_field import AxisField
from cnnspec.analysis.units import Seen, Span, Unit, misalignments, seeing, seen_by
from cnnspec.diagnostics.legible import legible
from cnnspec.diagnostics.styled import Line, Style, line
from cnnspec.dims import render
from cnnspec.layers.spatial import axis_name, shape_text

MARGIN = "  "
_TITLE = 16


def describe_unit(analysis: Analysis, facts: LayerFacts, unit: Unit) -> Iterator[Line]:
    """The exact set that a unit sees of every input, its form in the unit's index, and who sees what."""
    where = (
        f"  unit {_tuple(unit)} of {shape_text(facts.output)}" if unit else f"  {shape_text(facts.output)}"
    )
    yield line((legible(facts.path), Style.HEADING), where)
    for seen in seen_by(analysis, facts.path, unit):
        yield from _seen(seen)
        yield from _closed_form(facts.field.by_input[seen.name])
        yield from _coverage(analysis, facts, seen)
    yield from _misaligned(analysis, facts)


def _misaligned(analysis: Analysis, facts: LayerFacts) -> Iterator[Line]:
    """One line a layer: the axes along which it is the same are said together."""
    rank = len(facts.field.axes)
    along: dict[tuple[str, Fraction], list[str]] = {}
    for found in misalignments(analysis, facts.path):
        along.setdefault((found.path, found.pixels), []).append(axis_name(rank, found.axis))
    for (path, pixels), axes in along.items():
        unit = "pixel" if pixels == 1 else "pixels"
        apart = f"up to {_number(pixels)} {unit} apart in {' and '.join(axes)}"
        yield _entry("misaligned", f"the centres of what meets at {legible(path)} are {apart}")


def _seen(seen: Seen) -> Iterator[Line]:
    if seen.box is None:
        yield _entry(f"sees of {legible(seen.name)}", "nothing: only padding")
        return
    yield _entry(f"sees of {legible(seen.name)}", _box(seen.box))
    if seen.box != seen.hull:
        yield _entry("not cut off", _box(seen.hull))
    holes = seen.pixels_in_box - seen.pixels
    share = f"{seen.pixels:,} of {seen.pixels_in_box:,} pixels"
    yield _entry("pixels", f"{share}: {holes:,} holes" if holes else f"{share}: no holes")
    yield _entry("centre", f"({', '.join(_number(value) for value in seen.centre)})")


def _closed_form(axes: Sequence[AxisField]) -> Iterator[Line]:
    """The hull as a formula of the unit's index 𝑖, once for axes with the same one."""
    forms = [" and ".join(_hulls(axis)) for axis in axes]
    if len(set(forms)) == 1:
        yield _entry("unit 𝑖", forms[0])
        return
    for axis, form in enumerate(forms):
        yield _entry(f"unit 𝑖, {axis_name(len(axes), axis)}", form)


def _hulls(axis: AxisField) -> Iterator[str]:
    for _, branches in axis.by_slope:
        yield f"{render(branches.widest.lo)} … {render(branches.widest.hi)}"


def _coverage(analysis: Analysis, facts: LayerFacts, seen: Seen) -> Iterator[Line]:
    corner = (0,) * seen.mask.ndim
    middle = tuple((size - 1) // 2 for size in seen.mask.shape)
    counts: list[str] = []
    for name, pixel in (("corner", corner), ("middle", middle)):
        units = seeing(analysis.graph, facts.path, seen.name, pixel)
        counts.append(f"the {name} pixel {_tuple(pixel)} by {int(np.sum(units)):,} of {units.size:,} units")
    yield _entry("seen are", counts[0])
    yield _entry("", counts[1])


def _entry(title: str, text: str) -> Line:
    return line(MARGIN, (f"{title:<{_TITLE}}", Style.QUIET), text)


def _box(box: Sequence[Span]) -> str:
    """`height 12…74, width 28…90  (63×63)`."""
    names = (axis_name(len(box), axis) for axis in range(len(box)))
    parts = [f"{name} {low}…{high}" for name, (low, high) in zip(names, box, strict=True)]
    sizes = "×".join(str(high - low + 1) for low, high in box)
    return f"{', '.join(parts)}  ({sizes})".replace("-", "−")


def _tuple(values: Sequence[int]) -> str:
    return f"({', '.join(map(str, values))})"


def _number(value: Fraction) -> str:
    return f"{float(value):g}".replace("-", "−")
