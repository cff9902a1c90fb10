"""The format `github`: workflow commands, which GitHub shows at the lines of a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.diagnostics.diagnostic import Diagnostic, Severity
from cnnspec.diagnostics.findings import Findings
from cnnspec.diagnostics.legible import legible
from cnnspec.diagnostics.source import Span
from cnnspec.diagnostics.styled import Line, line

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(findings: Findings, width: int | None) -> Iterator[Line]:
    """`::error file=…,line=…::message`, one line a finding."""
    del width
    return map(_one, findings.diagnostics)


def _one(diagnostic: Diagnostic) -> Line:
    properties = {"title": f"{diagnostic.severity}[{diagnostic.code}]"}
    if diagnostic.span:
        properties = {**_place(diagnostic.span), **properties}
    parts = ",".join(f"{name}={_escaped(value, ':,')}" for name, value in properties.items())
    return line(f"::{_COMMANDS[diagnostic.severity]} {parts}::{_escaped(_text(diagnostic))}")


def _place(span: Span) -> dict[str, str]:
    """Columns are only said within a line: GitHub does not take them over several."""
    end_line, end_column = span.source.position(span.end)
    place = {"file": span.source.name.replace("\\", "/"), "line": str(span.line), "endLine": str(end_line)}
    if end_line == span.line:
        last = max(span.column, end_column - 1)
        place |= {"col": str(span.column), "endColumn": str(last)}
    return place


def _text(diagnostic: Diagnostic) -> str:
    """Everything that is said, as there is no source around it."""
    lines = [diagnostic.message, *(f"note: {note}" for note in diagnostic.notes)]
    lines += [f"in {frame.call}, used at {frame.span}" for frame in diagnostic.trace[:1]]
    lines += [f"help: {diagnostic.help.text}"] if diagnostic.help else []
    return "\n".join(legible(text) for one in lines for text in one.splitlines())


def _escaped(text: str, more: str = "") -> str:
    """A value as the runner reads it back: percent signs, line ends and, in properties, `:` and `,`."""
    for character in f"%\r\n{more}":
        text = text.replace(character, f"%{ord(character):02X}")
    return text
