"""The format `json`: records for other programs, described by `docs/schema/diagnostics.schema.json`."""

from __future__ import annotations

import json
from collections.abc import Iterator

from cnnspec.diagnostics.diagnostic import Diagnostic, Help
from cnnspec.diagnostics.findings import Findings
from cnnspec.diagnostics.source import Span
from cnnspec.diagnostics.styled import Line, line

SCHEMA = "cnnspec/diagnostics/1"


def render(findings: Findings, width: int | None) -> Iterator[Line]:
    """One JSON document."""
    del width
    document = {
        "schema": SCHEMA,
        "diagnostics": [record(diagnostic) for diagnostic in findings.diagnostics],
        "summary": {
            "files": len(findings.by_file),
            "files_with_findings": len(findings.files_with_findings),
            **{f"{severity}s": number for severity, number in findings.counts.items()},
        },
    }
    return map(line, json.dumps(document, indent=2).splitlines())


def record(diagnostic: Diagnostic) -> dict[str, object]:
    """One finding. Lines and columns count from 1 in code points; `end_column` is the one after the last."""
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "place": diagnostic.span and _place(diagnostic.span),
        "label": diagnostic.label,
        "causes": [{"place": _place(label.span), "text": label.text} for label in diagnostic.labels],
        "notes": list(diagnostic.notes),
        "trace": [{"call": frame.call, "place": _place(frame.span)} for frame in diagnostic.trace],
        "help": diagnostic.help and _help(diagnostic.help),
    }


def _place(span: Span) -> dict[str, object]:
    end_line, end_column = span.source.position(span.end)
    return {
        "file": span.source.name,
        "line": span.line,
        "column": span.column,
        "end_line": end_line,
        "end_column": end_column,
    }


def _help(advice: Help) -> dict[str, object]:
    edits = [{"place": _place(edit.span), "replacement": edit.replacement} for edit in advice.edits]
    return {"text": advice.text, "safe": advice.safe, "edits": edits}
