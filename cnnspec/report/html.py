"""The table as a fragment of HTML, as notebooks show it. Colours are the page's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from cnnspec.analysis.facts import Analysis
from cnnspec.diagnostics.legible import legible
from cnnspec.diagnostics.styled import plain
from cnnspec.report.quantities import exact
from cnnspec.report.render_table import title
from cnnspec.report.rows import Row, rows
from cnnspec.report.totals import Total, totals

_TITLES = ("layer", "", "operation", "output", "params", "MACs", "field", "stride")
_RIGHT = frozenset({"params", "MACs", "field", "stride"})
_NUMBER = "text-align:right;font-variant-numeric:tabular-nums"
_QUIET = "opacity:.6"
_RULE = "border-bottom:1px solid"


def render_html(analysis: Analysis) -> str:
    """A heading, the layers, and the totals in a part that can be folded away."""
    name, *doc = [escape(plain(text)) for text in title(analysis, None)]
    return "\n".join(
        [
            "<div>",
            f"<p><strong>{name}</strong><br><span style='{_QUIET}'>{' '.join(doc)}</span></p>",
            *_table(rows(analysis)),
            "<details open><summary>totals</summary>",
            *_totals(totals(analysis)),
            "</details>",
            "</div>",
        ]
    )


def _table(table: Iterator[Row]) -> Iterator[str]:
    yield "<table>"
    heads = "".join(f"<th style='{_align(title)};{_RULE}'>{title}</th>" for title in _TITLES)
    yield f"<thead><tr>{heads}</tr></thead>"
    yield "<tbody>"
    for row in table:
        style = f" style='{_QUIET}'" if row.aside else ""
        yield f"<tr{style}>{''.join(_cells(row))}</tr>"
    yield "</tbody></table>"


def _cells(row: Row) -> Iterator[str]:
    name = escape(legible(row.name))
    shown = f"<strong>{name}</strong>" if row.is_block else name
    yield f"<td style='text-align:left;padding-left:{1 + row.level}em'>{shown}</td>"
    texts = (
        f"× {row.times}" if row.times > 1 else "",
        row.what,
        row.output,
        exact(row.params) if row.params else "",
        exact(row.macs) if row.macs else "",
        row.field,
        row.stride,
    )
    for head, text in zip(_TITLES[1:], texts, strict=True):
        yield f"<td style='{_align(head)}'>{escape(legible(text))}</td>"


def _totals(sums: Sequence[Total]) -> Iterator[str]:
    yield "<table><tbody>"
    for total in sums:
        name = f"<td style='text-align:left;padding-left:{1 + total.level}em'>{escape(total.name)}</td>"
        about = f"<td style='text-align:left;{_QUIET}'>{escape(total.about)}</td>"
        yield f"<tr>{name}<td style='{_NUMBER}'>{escape(total.exact)}</td>{about}</tr>"
    yield "</tbody></table>"


def _align(head: str) -> str:
    return _NUMBER if head in _RIGHT else "text-align:left"
