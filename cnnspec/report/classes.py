"""The classes a net finds most likely, with a bar as long as each is likely."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence

from cnnspec.diagnostics.legible import legible
from cnnspec.diagnostics.styled import Line, Piece, Style
from cnnspec.report.layout import Column, body, fit

BAR = 30


def class_lines(
    probabilities: Sequence[float], names: Sequence[str] | None, top: int, width: int | None
) -> Iterator[Line]:
    """The `top` classes, the likeliest first; without names they are called by their numbers."""
    best = heapq.nlargest(top, range(len(probabilities)), key=lambda k: (probabilities[k], -k))
    columns = {
        "name": Column("", [Piece(_name(k, names), Style.STRONG) for k in best]),
        "percent": Column("", [Piece(f"{probabilities[k] * 100:.2f} %") for k in best], right=True),
        "bar": Column("", [Piece("█" * round(probabilities[k] * BAR), Style.SUCCESS) for k in best]),
    }
    return body(fit(columns, width, [("bar", lambda _: None), ("name", lambda column: column.clipped(30))]))


def _name(number: int, names: Sequence[str] | None) -> str:
    return legible(names[number]) if names and number < len(names) else f"class {number}"


def probabilities(scores: Sequence[float], word: str) -> list[float]:
    """The scores of a net as probabilities, given the word of its last layer."""
    if word == "softmax":
        return list(scores)
    highest = max(scores)
    powers = [math.exp(score - highest) for score in scores]
    total = sum(powers)
    return [power / total for power in powers]
