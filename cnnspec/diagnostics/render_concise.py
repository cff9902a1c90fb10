"""The format `concise`: one line a finding, as editors and grep read it."""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.diagnostics.diagnostic import Diagnostic
from cnnspec.diagnostics.findings import STYLE_OF, Findings
from cnnspec.diagnostics.legible import legible
from cnnspec.diagnostics.styled import Line, Style, line


def render(findings: Findings, width: int | None) -> Iterator[Line]:
    """`file:line:col: error[code] message`, never wrapped."""
    del width
    return map(_one, findings.diagnostics)


def _one(diagnostic: Diagnostic) -> Line:
    place = f"{legible(str(diagnostic.span))}: " if diagnostic.span else ""
    severity = (f"{diagnostic.severity}[{diagnostic.code}]", STYLE_OF[diagnostic.severity])
    return line((place, Style.PATH), severity, f" {legible(' '.join(diagnostic.message.split()))}")
