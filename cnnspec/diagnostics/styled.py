"""Text with a meaning for each piece. What writes to a terminal decides which colour a meaning has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Style(StrEnum):
    """What a piece of text is."""

    PLAIN = "plain"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    SUCCESS = "success"
    STRONG = "strong"
    QUIET = "quiet"
    GUTTER = "gutter"
    CAUSE = "cause"
    ADDED = "added"
    REMOVED = "removed"
    HELP = "help"
    HEADING = "heading"
    PATH = "path"


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of characters of one style."""

    text: str
    style: Style = Style.PLAIN


Line = tuple[Piece, ...]
"""One line of output, without its line end."""


def line(*pieces: str | Piece | tuple[str, Style]) -> Line:
    """A line from plain strings, (text, style) pairs and pieces; empty ones are left out."""
    return tuple(piece for piece in map(_piece, pieces) if piece.text)


def _piece(part: str | Piece | tuple[str, Style]) -> Piece:
    if isinstance(part, Piece):
        return part
    return Piece(part) if isinstance(part, str) else Piece(*part)


def plain(pieces: Line) -> str:
    """The characters alone."""
    return "".join(piece.text for piece in pieces)


def plain_text(lines: Iterable[Line]) -> str:
    """Lines as one text, each ended by a newline, with nothing at the end of a line."""
    return "".join(plain(pieces).rstrip() + "\n" for pieces in lines)
