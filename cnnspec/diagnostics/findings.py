"""All that a run of `check` found, and the one line that sums it up."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from cnnspec.diagnostics.diagnostic import Diagnostic, Severity
from cnnspec.diagnostics.styled import Line, Piece, Style, line

STYLE_OF = {Severity.ERROR: Style.ERROR, Severity.WARNING: Style.WARNING, Severity.INFO: Style.INFO}


@dataclass(frozen=True, slots=True)
class Findings:
    """Diagnostics in the order in which they are shown, and the names of the files that were looked at."""

    diagnostics: tuple[Diagnostic, ...]
    files: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[Severity, int]:
        """How many findings there are of each severity."""
        counted = Counter(diagnostic.severity for diagnostic in self.diagnostics)
        return {severity: counted[severity] for severity in Severity}

    @property
    def files_with_findings(self) -> tuple[str, ...]:
        """The files in which something was found that makes `check` fail."""
        touched = {d.span.source.name for d in self.diagnostics if d.span and d.severity is not Severity.INFO}
        return tuple(name for name in self.files if name in touched)

    @property
    def fail(self) -> bool:
        """Whether there is an error or a warning."""
        return any(diagnostic.severity is not Severity.INFO for diagnostic in self.diagnostics)

    def in_order(self) -> Findings:
        """The same findings by file and place, each said once."""
        places = {name: number for number, name in enumerate(self.files)}

        def place(diagnostic: Diagnostic) -> tuple[int, str, int]:
            if diagnostic.span is None:
                return -1, "", 0
            name = diagnostic.span.source.name
            return places.get(name, len(places)), name, diagnostic.span.start

        return Findings(tuple(sorted(dict.fromkeys(self.diagnostics), key=place)), self.files)


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
    clean = len(findings.files) - touched
    if clean:
        parts += [
            Piece(" · " if parts else ""),
            Piece(f"{counted(clean, 'file')} clean", Style.QUIET if parts else Style.SUCCESS),
        ]
    return line(*parts)
