"""A curve as text in the terminal, as CSV, as JSON, or as a picture."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from cnnspec.analysis.curve import Curve
from cnnspec.diagnostics.styled import Line, Style, line
from cnnspec.dims.units import rounded
from cnnspec.report.quantities import exact

ROWS = 12
WIDEST = 72
NARROWEST = 16
_BLANK = 0x2800
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""The dots of a braille cell: two columns of four."""


def describe_curve(curve: Curve, net: str, width: int | None) -> Iterator[Line]:
    """The curve in dots over its axis, from 0 up."""
    along = " = ".join(curve.symbols)
    yield line((net, Style.HEADING), f"  {curve.quantity} over {along}")
    points = curve.legal
    if not points:
        yield line((f"no size from {curve.sizes[0]} to {curve.sizes[-1]} is legal", Style.ERROR))
        return
    top = max(1, *(value for _, value in points))
    marks = {0: _amount(top), ROWS // 2: _amount(top // 2), ROWS - 1: "0"}
    margin = max(map(len, marks.values()))
    columns = max(NARROWEST, min(WIDEST, (width or WIDEST + margin + 2) - margin - 2))
    for number, cells in enumerate(_canvas(curve, top, columns)):
        yield line((f"{marks.get(number, ''):>{margin}} ┤", Style.QUIET), (cells, Style.CAUSE))
    first, last = str(curve.sizes[0]), str(curve.sizes[-1])
    yield line((" " * (margin + 2) + f"{first}{last:>{columns - len(first)}}", Style.QUIET))
    missing = len(curve.sizes) - len(points)
    if missing:
        yield line((f"{missing:,} of {len(curve.sizes):,} sizes are not legal and left out", Style.QUIET))


def _amount(value: int) -> str:
    return rounded(value) or exact(value)


def _canvas(curve: Curve, top: int, columns: int) -> list[str]:
    cells = [[_BLANK] * columns for _ in range(ROWS)]
    first, last = curve.sizes[0], curve.sizes[-1]
    for size, value in curve.legal:
        x = (size - first) * (2 * columns - 1) // max(last - first, 1)
        y = (4 * ROWS - 1) - value * (4 * ROWS - 1) // top
        cells[y // 4][x // 2] |= _DOTS[x % 2][y % 4]
    return ["".join(map(chr, row)) for row in cells]


def curve_csv(curve: Curve) -> Iterator[Line]:
    """One row a size; an empty value where the size is not legal."""
    yield line(f"{'='.join(curve.symbols)},{curve.quantity}")
    for size, value in zip(curve.sizes, curve.values, strict=True):
        yield line(f"{size},{'' if value is None else value}")


def curve_record(curve: Curve, net: str) -> dict[str, object]:
    """The curve as plain data for JSON."""
    return {
        "net": net,
        "quantity": curve.quantity,
        "symbols": list(curve.symbols),
        "sizes": list(curve.sizes),
        "values": list(curve.values),
    }


def draw_curve(curve: Curve, net: str, path: str) -> None:
    """Write a picture of the curve. Raises ImportError without matplotlib, and OSError."""
    figure_module: Any = import_module("matplotlib.figure")
    figure = figure_module.Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    points = curve.legal
    axes.plot([size for size, _ in points], [value for _, value in points], ".", markersize=3)
    axes.set(xlabel=" = ".join(curve.symbols), ylabel=curve.quantity, title=net, ylim=(0, None))
    figure.savefig(path, format="png", dpi=150)
