"""What another tool counts for a net, beside our count, operator by operator."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from cnnspec.analysis.conventions import Comparison, Line, Unit
from cnnspec.diagnostics import styled
from cnnspec.diagnostics.legible import legible, wrap
from cnnspec.diagnostics.styled import Piece, Style, line
from cnnspec.dims import Dim, Symbolic, render, sum_of
from cnnspec.dims.units import rounded
from cnnspec.report.document import document
from cnnspec.report.layout import Column, Concession, body, fit, header, left_out, narrowed, rule
from cnnspec.report.quantities import exact
from cnnspec.report.records import Record, size


def describe_comparison(name: str, comparison: Comparison, width: int | None) -> Iterator[styled.Line]:
    """A row an operator; the total is the number that the tool prints."""
    convention = comparison.convention
    columns = fit(_columns(comparison), width, _CONCESSIONS)
    heading = f"{legible(name)} as {convention.tool} {convention.version} counts it: "
    label, total = convention.label, comparison.total
    about = rounded(total)
    yield line(
        heading, (f"{exact(total)} {label}", Style.STRONG), (f"  {about}" if about else "", Style.QUIET)
    )
    yield ()
    yield header(columns)
    yield rule(columns)
    yield from body(columns)
    yield rule(columns)
    for text in wrap(_remark(comparison), width):
        yield line((text, Style.QUIET))


def _remark(comparison: Comparison) -> str:
    convention, ours = comparison.convention, sum_of(_ours(comparison, row) for row in comparison.lines)
    return (
        f"cnnspec counts {exact(ours)} {convention.unit}; theirs are {_signed(comparison.total - ours)}. "
        f"Theirs is what `{convention.calls}` gives for one sample."
    )


def _ours(comparison: Comparison, row: Line) -> Dim:
    return row.macs if comparison.convention.unit is Unit.MACS else row.flops


def _columns(comparison: Comparison) -> dict[str, Column]:
    table, unit, tool = comparison.lines, comparison.convention.unit, comparison.convention.tool
    return {
        "word": Column("operator", [Piece(legible(row.word), Style.STRONG) for row in table]),
        "layers": _numbers("layers", table, lambda row: row.layers),
        "ours": _numbers(f"cnnspec {unit}", table, lambda row: _ours(comparison, row)),
        "theirs": _numbers(tool, table, lambda row: row.theirs),
        "difference": Column(
            "difference",
            [Piece(_signed(row.theirs - _ours(comparison, row), nothing="")) for row in table],
            right=True,
        ),
        "says": Column(f"{tool} counts", [Piece(row.says, Style.QUIET) for row in table]),
    }


def _numbers(title: str, table: Sequence[Line], value: Callable[[Line], Dim]) -> Column:
    values = [value(row) for row in table]
    return Column(title, [Piece(exact(number) if number != 0 else "") for number in values], right=True)


def _signed(value: Dim, nothing: str = "the same") -> str:
    if isinstance(value, Symbolic):
        return render(value)
    return nothing if value == 0 else f"{'+' if value > 0 else '−'}{exact(abs(value))}"


_CONCESSIONS: Sequence[Concession] = (
    ("says", narrowed(24)),
    ("layers", left_out),
    ("says", left_out),
    ("difference", left_out),
)


def comparison_json(name: str, comparison: Comparison) -> Iterator[styled.Line]:
    """The document, indented."""
    convention = comparison.convention
    record: Record = {
        "net": name,
        "tool": convention.tool,
        "version": convention.version,
        "label": convention.label,
        "total": size(comparison.total),
        "operators": [
            {
                "op": row.word,
                "layers": row.layers,
                "macs": size(row.macs),
                "flops": size(row.flops),
                "theirs": size(row.theirs),
                "counts": row.says,
            }
            for row in comparison.lines
        ],
    }
    return document("flops-as", record)
