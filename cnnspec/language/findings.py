"""What is found wrong while a file is read."""

from __future__ import annotations

from cnnspec.diagnostics import Diagnostic, Span
from cnnspec.language.limits import MAX_SYNTAX_ERRORS


class TooManyFindings(Exception):  # noqa: N818 - ends the reading, is not an error of the program
    """So much is wrong that reading on has no use."""


class Findings:
    """The diagnostics of one file, up to a limit."""

    def __init__(self) -> None:
        self._items: list[Diagnostic] = []

    def add(self, diagnostic: Diagnostic) -> None:
        """Note one. Raises TooManyFindings when that is one too many."""
        if len(self._items) >= MAX_SYNTAX_ERRORS:
            message = f"more than {MAX_SYNTAX_ERRORS} mistakes: the rest of the file was not read"
            self._items.append(Diagnostic("limit", message, diagnostic.span))
            raise TooManyFindings
        self._items.append(diagnostic)

    def forget_after(self, offset: int) -> None:
        """Leave out what lies behind an offset: it is going to be read again."""
        self._items = [item for item in self._items if _start(item.span) < offset]

    def any_within(self, span: Span) -> bool:
        """Whether something was found wrong between the ends of a span."""
        return any(span.start <= _start(item.span) <= span.end for item in self._items)

    def ends_at(self, offset: int) -> bool:
        """Whether the last thing found wrong ends at an offset."""
        last = self._items[-1].span if self._items else None
        return last is not None and last.end == offset

    def in_order(self) -> tuple[Diagnostic, ...]:
        """All of them, in the order of the text."""
        return tuple(sorted(self._items, key=lambda item: _start(item.span)))


def _start(span: Span | None) -> int:
    return span.start if span else 0
