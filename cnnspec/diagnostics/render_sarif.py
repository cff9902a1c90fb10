"""The format `sarif`: the Static Analysis Results Interchange Format 2.1.0 (OASIS), one run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

from cnnspec.diagnostics.codes import CODES
from cnnspec.diagnostics.diagnostic import Diagnostic, Edit, Help, Severity
from cnnspec.diagnostics.findings import Findings
from cnnspec.diagnostics.page_text import page_text, read_page
from cnnspec.diagnostics.source import Source, Span
from cnnspec.diagnostics.styled import Line, line

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}

Record = dict[str, object]


def render(findings: Findings, width: int | None) -> Iterator[Line]:
    """One JSON document."""
    del width
    return map(line, json.dumps(log(findings), indent=2).splitlines())


def log(findings: Findings) -> Record:
    """The findings, with the rules they break and the pages of these."""
    from cnnspec import __version__  # noqa: PLC0415 - the package itself imports nothing before it is asked

    codes = list(dict.fromkeys(diagnostic.code for diagnostic in findings.diagnostics))
    driver = {"name": "cnnspec", "version": __version__, "rules": [_rule(code) for code in codes]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(diagnostic, codes) for diagnostic in findings.diagnostics],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(name: str) -> Record:
    code = CODES[name]
    rule: Record = {
        "id": name,
        "shortDescription": {"text": code.title},
        "defaultConfiguration": {"level": _LEVELS[Severity(code.severity)]},
    }
    text = page_text(name)
    if text is not None:
        page = read_page(text)
        rule["fullDescription"] = {"text": " ".join(page.means)}
        rule["help"] = {"text": "\n\n".join((*page.means, *page.matters)), "markdown": text}
    return rule


def _result(diagnostic: Diagnostic, codes: list[str]) -> Record:
    result: Record = {
        "ruleId": diagnostic.code,
        "ruleIndex": codes.index(diagnostic.code),
        "level": _LEVELS[diagnostic.severity],
        "message": {"text": "\n".join(_said(diagnostic))},
    }
    if diagnostic.span:
        result["locations"] = [{"physicalLocation": _place(diagnostic.span)}]
    related = [(label.span, label.text) for label in diagnostic.labels]
    related += [(frame.span, f"in {frame.call}, used here") for frame in diagnostic.trace]
    if related:
        result["relatedLocations"] = [
            {"physicalLocation": _place(span), "message": {"text": text or "a cause"}}
            for span, text in related
        ]
    if diagnostic.help and diagnostic.help.edits:
        result["fixes"] = [_fix(diagnostic.help)]
    return result


def _said(diagnostic: Diagnostic) -> Iterator[str]:
    yield diagnostic.message
    yield from diagnostic.notes
    if diagnostic.help:
        yield diagnostic.help.text


def _place(span: Span) -> Record:
    """A place; a file as a whole where its text is not known."""
    place: Record = {"artifactLocation": _file(span.source)}
    if span.source.text:
        place["region"] = _region(span)
    return place


def _file(source: Source) -> Record:
    """A relative URI, so that the log means the same wherever it is read."""
    return {"uri": quote(source.name.replace("\\", "/"))}


def _region(span: Span) -> Record:
    end_line, end_column = span.source.position(span.end)
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": end_line,
        "endColumn": end_column,
    }


def _fix(advice: Help) -> Record:
    changes = [
        {"artifactLocation": _file(source), "replacements": [_replacement(edit) for edit in edits]}
        for source, edits in _by_source(advice.edits).items()
    ]
    return {"description": {"text": advice.text}, "artifactChanges": changes}


def _by_source(edits: tuple[Edit, ...]) -> dict[Source, list[Edit]]:
    grouped: dict[Source, list[Edit]] = {}
    for edit in edits:
        grouped.setdefault(edit.span.source, []).append(edit)
    return grouped


def _replacement(edit: Edit) -> Record:
    return {"deletedRegion": _region(edit.span), "insertedContent": {"text": edit.replacement}}
