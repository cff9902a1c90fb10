"""The format `json`: one document, described by `docs/schema/show.schema.json`."""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.diagnostics.styled import Line
from cnnspec.report.document import document
from cnnspec.report.records import net_record
from cnnspec.report.view import View


def render(view: View, width: int | None) -> Iterator[Line]:
    """The document, indented."""
    del width
    return document("show", net_record(view.analysis, view.spec))
