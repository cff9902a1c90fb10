"""The format `json`: one document, described by `docs/schema/show.schema.json`."""

from __future__ import annotations

import json
from collections.abc import Iterator

from cnnspec.diagnostics.styled import Line, line
from cnnspec.report.records import net_record
from cnnspec.report.view import View


def render(view: View, width: int | None) -> Iterator[Line]:
    """The document, indented."""
    del width
    return map(line, json.dumps(net_record(view.analysis, view.spec), indent=2).splitlines())
