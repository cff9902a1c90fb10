"""The format `markdown`: the table and its totals for a page or a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnnspec.diagnostics.legible import legible
from cnnspec.diagnostics.styled import Line, line
from cnnspec.report.quantities import exact
from cnnspec.report.rows import Row, rows
from cnnspec.report.totals import totals
from cnnspec.report.view import View

_TITLES = ("layer", "×", "operation", "output", "params", "MACs", "field", "stride")
_NUMBERS = frozenset({"×", "params", "MACs", "field", "stride"})


def render(view: View, width: int | None) -> Iterator[Line]:
    """Two tables under a heading."""
    del width
    yield line(f"## {escaped(view.analysis.graph.name)}")
    yield ()
    yield table_line(_TITLES)
    yield table_line(["--:" if title in _NUMBERS else "---" for title in _TITLES])
    for row in rows(view.analysis, view.depth):
        yield table_line(_entries(row))
    yield ()
    yield table_line(("total", "exact", ""))
    yield table_line(("---", "--:", "---"))
    for total in totals(view.analysis):
        yield table_line(("&emsp;" * total.level + total.name, escaped(total.exact), escaped(total.about)))


def _entries(row: Row) -> list[str]:
    return [
        "&emsp;" * row.level + escaped(row.name),
        str(row.times) if row.times > 1 else "",
        escaped(row.what),
        escaped(row.output),
        escaped(exact(row.params)) if row.params else "",
        escaped(exact(row.macs)) if row.macs else "",
        row.field,
        row.stride,
    ]


def table_line(entries: Sequence[str]) -> Line:
    """One row of a table."""
    return line(f"| {' | '.join(entries)} |")


def escaped(text: str) -> str:
    """Text that Markdown shows as it is."""
    return "".join(
        f"\\{character}" if character in "\\`*_|<>[]#" else character for character in legible(text)
    )
