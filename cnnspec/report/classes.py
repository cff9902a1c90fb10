"""The classes a net finds likeliest, with a bar as long as each is likely."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnnspec.diagnostics.legible import legible
from cnnspec.diagnostics.styled import Line, Piece, Style
from cnnspec.report.layout import Column, body, fit, left_out, narrowed

BAR = 30
"""The cells that a class takes that is certain."""


def class_lines(
    shares: Sequence[tuple[int, float]], names: Sequence[str] | None, width: int | None
) -> Iterator[Line]:
    """One line a class, from its number and probability; without names it is called by its number."""
    columns = {
        "name": Column("", [Piece(_shown(number, names), Style.STRONG) for number, _ in shares]),
        "percent": Column("", [Piece(f"{share * 100:.2f} %") for _, share in shares], right=True),
        "bar": Column("", [Piece("█" * round(share * BAR), Style.SUCCESS) for _, share in shares]),
    }
    return body(fit(columns, width, [("bar", left_out), ("name", narrowed(30))]))


def class_name(number: int, names: Sequence[str] | None) -> str | None:
    """What a class is called, None where there are no names or not so many."""
    return names[number] if names and number < len(names) else None


def _shown(number: int, names: Sequence[str] | None) -> str:
    name = class_name(number, names)
    return f"class {number}" if name is None else legible(name)
