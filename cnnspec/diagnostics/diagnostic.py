"""The diagnostic value. It is collected, sorted and rendered; it is never raised past its stage."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from cnnspec.diagnostics.codes import CODES
from cnnspec.diagnostics.source import Span


class Severity(StrEnum):
    """How much a diagnostic matters: only errors and warnings make `check` fail."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Label:
    """A note at a place: a cause, an operand with its shape, an earlier definition."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the characters of `span` by `replacement`."""

    span: Span
    replacement: str


@dataclass(frozen=True, slots=True)
class Help:
    """A way out in words, with the edits that carry it out where they are certain (`safe`)."""

    text: str
    edits: tuple[Edit, ...] = ()
    safe: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """One block a place was expanded from: the call as written with its values, and where it stands."""

    call: str
    span: Span


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding.

    `span` is the smallest wrong token and `label` what is said right under it; `labels` mark the causes;
    `notes` derive the clash; `trace` lists the blocks it was expanded from, innermost first.
    """

    code: str
    message: str
    span: Span | None = None
    label: str = ""
    labels: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    help: Help | None = None
    trace: tuple[Frame, ...] = ()

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise KeyError(f"diagnostic code {self.code!r} has no row in cnnspec/diagnostics/codes.py")

    @property
    def severity(self) -> Severity:
        """The severity of its code."""
        return Severity(CODES[self.code].severity)

    def traced(self, *frames: Frame) -> Diagnostic:
        """The same finding, seen from the blocks it was expanded from."""
        return replace(self, trace=(*self.trace, *frames))


class DiagnosticError(Exception):
    """Carries diagnostics out of a stage that cannot return a value (the API's exception type)."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__("; ".join(f"{d.span}: {d.message}" if d.span else d.message for d in diagnostics))
        self.diagnostics = diagnostics
