"""The indentation of lines: which bodies a line opens and closes."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from cnnspec.language.limits import MAX_INDENTATION

_TAB_SIZE = 8


class Fault(Enum):
    """What may be wrong with the indentation of a line, in words."""

    BETWEEN = "this line is indented less than the body above it, and more than what is around that"
    MIXED = "tabs and spaces are mixed in the indentation: use one of them"
    TOO_DEEP = f"more than {MAX_INDENTATION} bodies within each other"

    @property
    def code(self) -> str:
        """The code of its diagnostic."""
        return "limit" if self is Fault.TOO_DEEP else "indentation"


class Step(NamedTuple):
    """What a line does: it opens a body, or closes some, or neither."""

    opens: bool
    closes: int
    fault: Fault | None


class Indentation:
    """The indentations of the bodies that are open, the outermost first.

    A body is indented by the very characters of the line that opens it and some more: where tabs and spaces
    stand for each other, that is a fault, and the line is taken as it looks.
    """

    def __init__(self) -> None:
        self._levels = [""]

    @property
    def levels(self) -> tuple[str, ...]:
        """The indentations, to go back to them by `restore`."""
        return tuple(self._levels)

    def restore(self, levels: tuple[str, ...]) -> None:
        """Go back to where `levels` was asked for."""
        self._levels = list(levels)

    @property
    def open_bodies(self) -> int:
        """How many bodies are open."""
        return len(self._levels) - 1

    def is_deeper(self, indentation: str) -> bool:
        """Whether a line indented so stands deeper than the body that is open."""
        return _width(indentation) > _width(self._levels[-1])

    def enter(self, indentation: str, *, is_body_due: bool) -> Step:
        """Go on to a line with this indentation; `is_body_due` says whether the line before opens a body."""
        if indentation == self._levels[-1]:
            return Step(opens=False, closes=0, fault=None)
        if self.is_deeper(indentation):
            return self._open(indentation, is_body_due)
        return self._close(indentation)

    def _open(self, indentation: str, is_body_due: bool) -> Step:
        if self.open_bodies >= MAX_INDENTATION:
            return Step(opens=False, closes=0, fault=Fault.TOO_DEEP)
        fault = None if indentation.startswith(self._levels[-1]) else Fault.MIXED
        if fault and not is_body_due:  # it only looks deeper
            return Step(opens=False, closes=0, fault=fault)
        self._levels.append(indentation)
        return Step(opens=True, closes=0, fault=fault)

    def _close(self, indentation: str) -> Step:
        """A line between two levels is taken to belong to the deeper one, so that the next ones still fit."""
        before = len(self._levels)
        while len(self._levels) > 1 and _width(self._levels[-2]) >= _width(indentation):
            self._levels.pop()
        fault = None
        if indentation != self._levels[-1]:
            fault = Fault.BETWEEN if self._levels[-1].startswith(indentation) else Fault.MIXED
        return Step(opens=False, closes=before - len(self._levels), fault=fault)


def _width(indentation: str) -> int:
    return len(indentation.expandtabs(_TAB_SIZE))
