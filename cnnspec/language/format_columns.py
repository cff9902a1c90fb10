"""Columns that the author has aligned: they are aligned again after the lines are laid out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cnnspec.language.format_layout import WIDTH


@dataclass(frozen=True, slots=True)
class Column:
    """A place in a line, in the source and as laid out, before which spaces may be put.

    `has_room`: the author has put more spaces there than one would.
    """

    written: int
    offset: int
    has_room: bool


@dataclass(slots=True)
class Row:
    """A statement, a docstring or a comment on lines of its own, with all that is in it."""

    kind: str
    depth: int
    lines: list[str]
    has_blank_above: bool
    comment: str | None = None
    anchor: Column | None = None
    """The first arrow or `=`."""
    comment_anchor: Column | None = None


def align(rows: list[Row]) -> None:
    """Align the first arrows or `=`, and then the comments, of rows in which they were aligned."""
    for group in _groups(rows, lambda row: row.anchor):
        target = max(column.offset for _, column in group)
        if all(len(row.lines[0]) + target - column.offset <= WIDTH for row, column in group):
            for row, column in group:
                line = row.lines[0]
                row.lines[0] = line[: column.offset] + " " * (target - column.offset) + line[column.offset :]
    for group in _groups(rows, lambda row: row.comment_anchor):
        target = max(len(row.lines[-1]) for row, _ in group)
        for row, _ in group:
            row.lines[-1] = row.lines[-1].ljust(target)


def _groups(rows: list[Row], column_of: Callable[[Row], Column | None]) -> Iterator[list[tuple[Row, Column]]]:
    """Neighbouring rows of one depth with the column at the same place, and room before one of them."""
    group: list[tuple[Row, Column]] = []
    for row in rows:
        column = column_of(row)
        if group and not _continues(group[-1], row, column):
            yield from _worthwhile(group)
            group = []
        if column:
            group.append((row, column))
    yield from _worthwhile(group)


def _continues(last: tuple[Row, Column], row: Row, column: Column | None) -> bool:
    above, above_column = last
    if column is None or row.has_blank_above or row.depth != above.depth:
        return False
    return column.written == above_column.written


def _worthwhile(group: list[tuple[Row, Column]]) -> Iterator[list[tuple[Row, Column]]]:
    if len(group) > 1 and any(column.has_room for _, column in group):
        yield group
