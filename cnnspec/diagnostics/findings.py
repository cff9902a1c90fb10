"""All that a run of `check` found, and the one line that sums it up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from cnnspec.diagnostics.diagnostic import Diagnostic, Severity
from cnnspec.diagnostics.styled import Line, Piece, Style, line

STYLE_OF = {Severity.ERROR: Style.ERROR, Severity.WARNING: Style.WARNING, Severity.INFO: Style.INFO}


@dataclass(frozen=True)
class Findings:
    """What was found in each file that was looked at, wherever it points (a file that is used, perhaps)."""

    by_file: Mapping[str, tuple[Diagnostic, ...]]

    @cached_property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """All findings, file by file and by place, each said once."""
        said: dict[tuple[object, ...], Diagnostic] = {}
        for diagnostics in self.by_file.values():
            for diagnostic in sorted(diagnostics, key=_place):
                said.setdefault(_identity(diagnostic), diagnostic)
        return tuple(said.values())

    @cached_property
    def counts(self) -> dict[Severity, int]:
        """How many findings there are of each severity."""
        number = Counter(diagnostic.severity for diagnostic in self.diagnostics)
        return {severity: number[severity] for severity in Severity}

    @cached_property
    def files_with_findings(self) -> tuple[str, ...]:
        """The files in which something was found that makes `check` fail."""
        return tuple(name for name, diagnostics in self.by_file.items() if fail(diagnostics))


def fail(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether there is an error or a warning."""
    return any(diagnostic.severity is not Severity.INFO for diagnostic in diagnostics)


def _place(diagnostic: Diagnostic) -> tuple[str, int]:
    span = diagnostic.span
    return ("", 0) if span is None else (span.source.name, span.start)


def _identity(diagnostic: Diagnostic) -> tuple[object, ...]:
    """Equal for what is the same to a reader, also where a file was loaded twice."""
    return diagnostic.code, diagnostic.message, *_place(diagnostic)


def counted(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def summary(findings: Findings) -> Line:
    """`2 errors in 1 file · 3 files clean`."""
    parts: list[Piece] = []
    for severity, number in findings.counts.items():
        if number:
            noun = "note" if severity is Severity.INFO else severity.value
            parts += [Piece(", ") if parts else Piece(""), Piece(counted(number, noun), STYLE_OF[severity])]
    touched = len(findings.files_with_findings)
    if parts and touched:
        parts.append(Piece(f" in {counted(touched, 'file')}"))
    clean = len(findings.by_file) - touched
    if clean:
        parts += [
            Piece(" · " if parts else ""),
            Piece(f"{counted(clean, 'file')} clean", Style.QUIET if parts else Style.SUCCESS),
        ]
    return line(*parts)
