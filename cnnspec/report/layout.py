"""Columns of text in the width there is: what must give way does so in a stated order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from cnnspec.diagnostics.legible import cells, clip
from cnnspec.diagnostics.styled import Line, Piece, Style

GAP = "  "


@dataclass(frozen=True)
class Column:
    """A title and one piece a row; numbers are set to the right. `short` says the same in less room."""

    title: str
    pieces: Sequence[Piece]
    right: bool = False
    short: Sequence[Piece] | None = None

    @cached_property
    def width(self) -> int:
        """The cells of the widest entry."""
        return max(cells(text) for text in (self.title, *(piece.text for piece in self.pieces)))

    @property
    def is_empty(self) -> bool:
        """Whether no row has an entry."""
        return not any(piece.text for piece in self.pieces)

    def entry(self, piece: Piece) -> Line:
        """A piece set in the width of the column."""
        space = " " * (self.width - cells(piece.text))
        return (Piece(space), piece) if self.right else (piece, Piece(space))


Columns = Mapping[str, Column]
Concession = tuple[str, Callable[[Column, int], Column | None]]
"""The column that gives way, and what becomes of it when so many cells are missing (None: it is left out)."""


def left_out(column: Column, missing: int) -> None:
    """The concession of doing without a column."""
    del column, missing


def in_short(column: Column, missing: int) -> Column:
    """The concession of saying the same in less room."""
    del missing
    return replace(column, pieces=column.pieces if column.short is None else column.short)


def narrowed(least: int) -> Callable[[Column, int], Column]:
    """The concession of cutting entries, as far as needed but not below a width."""

    def cut(column: Column, missing: int) -> Column:
        width = max(least, column.width - missing)
        return replace(
            column, pieces=[Piece(clip(piece.text, width), piece.style) for piece in column.pieces]
        )

    return cut


def fit(columns: Columns, width: int | None, concessions: Sequence[Concession]) -> Columns:
    """The columns after as many concessions as the width demands (None: none at all)."""
    fitted = {name: column for name, column in columns.items() if not column.is_empty}
    for name, give_way in concessions:
        if width is None or _total(fitted) <= width:
            break
        if name in fitted:
            column = give_way(fitted[name], _total(fitted) - width)
            fitted = {**fitted, name: column} if column else {k: v for k, v in fitted.items() if k != name}
    return fitted


def _total(columns: Columns) -> int:
    return sum(column.width for column in columns.values()) + len(GAP) * (len(columns) - 1)


def rule(columns: Columns) -> Line:
    """A line as long as the table is wide."""
    return (Piece("─" * _total(columns), Style.GUTTER),)


def header(columns: Columns) -> Line:
    """The line of titles."""
    return _joined([column.entry(Piece(column.title, Style.QUIET)) for column in columns.values()])


def body(columns: Columns) -> Iterator[Line]:
    """The rows."""
    for row in zip(*(column.pieces for column in columns.values()), strict=True):
        yield _joined([column.entry(piece) for column, piece in zip(columns.values(), row, strict=True)])


def _joined(entries: Sequence[Line]) -> Line:
    pieces: list[Piece] = []
    for entry in entries:
        pieces += [Piece(GAP), *entry] if pieces else entry
    while pieces and not pieces[-1].text.strip():
        pieces.pop()
    return tuple(piece for piece in pieces if piece.text)
