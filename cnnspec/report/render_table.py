"""The format `table`: every layer with its numbers, and the totals below."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from cnnspec.analysis.facts import Analysis
from cnnspec.diagnostics.legible import cells, clip, legible, wrap
from cnnspec.diagnostics.styled import Line, Piece, Style, line
from cnnspec.dims import Dim
from cnnspec.dims.units import rounded
from cnnspec.layers.spatial import shape_text
from cnnspec.report.layout import Column, Concession, body, fit, header, in_short, left_out, narrowed, rule
from cnnspec.report.quantities import exact
from cnnspec.report.rows import Row, rows
from cnnspec.report.scaling import scaling_lines
from cnnspec.report.totals import total_lines, totals
from cnnspec.report.view import View

INDENT = "  "


def render(view: View, width: int | None) -> Iterator[Line]:
    """The table in the width there is (None: as wide as it needs)."""
    analysis = view.analysis
    table = list(rows(analysis, view.depth))
    columns = fit(_columns(table), width, _CONCESSIONS)
    yield from title(analysis, width)
    yield ()
    yield header(columns)
    yield rule(columns)
    yield from body(columns)
    yield rule(columns)
    yield from total_lines(totals(analysis), width)
    yield from scaling_lines(analysis, width)


def title(analysis: Analysis, width: int | None) -> Iterator[Line]:
    """The net, what goes in and what comes out, and its first line of documentation."""
    graph = analysis.graph
    given = ", ".join(f"{entry.name} {shape_text(entry.tensor.shape)}" for entry in graph.inputs)
    made = ", ".join(shape_text(output.tensor.shape) for output in graph.inference_outputs)
    first, *more = wrap(f"{graph.name}  {given} → {made}", width)
    name = legible(graph.name)
    yield line((name, Style.HEADING), first.removeprefix(name))
    yield from map(line, more)
    for text in wrap((graph.doc or "").strip().split("\n")[0], width):
        if text:
            yield line((text, Style.QUIET))


def _columns(table: Sequence[Row]) -> dict[str, Column]:
    times = [Piece(f"× {row.times}" if row.times > 1 else "", Style.HELP) for row in table]
    return {
        "layer": Column("layer", [_name(row) for row in table]),
        "times": Column("", times),
        "operation": Column("operation", [_what(row) for row in table]),
        "output": _column("output", table, lambda row: row.output),
        "params": _numbers("params", table, lambda row: row.params),
        "macs": _numbers("MACs", table, lambda row: row.macs),
        "field": _column("field", table, lambda row: row.field, right=True),
        "stride": _column("stride", table, lambda row: row.stride, right=True),
    }


def _numbers(title: str, table: Sequence[Row], value: Callable[[Row], Dim]) -> Column:
    """Every digit; in short round figures, and formulas cut off."""
    column = _column(title, table, lambda row: _number(value(row)), right=True)
    short = [Piece(_round_figures(value(row)), _style(row)) for row in table]
    return replace(column, short=short)


def _round_figures(value: Dim) -> str:
    return rounded(value) or clip(_number(value), 24)


def _column(title: str, table: Sequence[Row], text: Callable[[Row], str], *, right: bool = False) -> Column:
    return Column(title, [Piece(text(row), _style(row)) for row in table], right)


def _style(row: Row) -> Style:
    return Style.QUIET if row.aside else Style.PLAIN


def _name(row: Row) -> Piece:
    style = Style.QUIET if row.aside else Style.PATH if row.is_block else Style.STRONG
    return Piece(INDENT * row.level + legible(row.name), style)


def _what(row: Row) -> Piece:
    return Piece(legible(row.what), Style.QUIET if row.is_block or row.aside else Style.PLAIN)


def _number(value: Dim) -> str:
    return exact(value) if value else ""


def _with_shorter_calls(column: Column, missing: int) -> Column:
    """Cut the calls of blocks, as far as the operations of layers allow."""
    layers = max((cells(piece.text) for piece in column.pieces if piece.style is not Style.QUIET), default=16)
    width = max(layers, column.width - missing)
    return replace(column, pieces=[replace(piece, text=clip(piece.text, width)) for piece in column.pieces])


_CONCESSIONS: Sequence[Concession] = (
    ("operation", _with_shorter_calls),
    ("macs", in_short),
    ("operation", narrowed(24)),
    ("stride", left_out),
    ("operation", narrowed(16)),
    ("field", left_out),
    ("layer", narrowed(24)),
    ("operation", left_out),
    ("params", in_short),
    ("output", narrowed(24)),
    ("layer", narrowed(18)),
    ("macs", left_out),
    ("output", narrowed(16)),
    ("times", left_out),
    ("layer", narrowed(12)),
)
