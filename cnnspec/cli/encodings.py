"""Output for terminals and files whose encoding is not Unicode: the nearest character, or a question mark."""

from __future__ import annotations

import codecs
from unicodedata import normalize

NEAREST = "nearest"
"""The name under which streams know this way of writing what their encoding lacks."""

_ALIKE = str.maketrans("─│┤→←×÷·−…█▓▒░▏⌊⌋⌈⌉≈≡µ ’", "-||><x/*-~#%+.|[][]~=u '")
"""One character for one, so that columns stay in line."""

_LONGER = str.maketrans({"≥": ">=", "≤": "<=", "≢": "!=", "∈": "in", "²": "^2", "³": "^3"})
"""Signs that no single character stands for."""

_BRAILLE = str.maketrans({0x2800: " "} | dict.fromkeys(range(0x2801, 0x2900), "*"))
"""The dots of plots and matrices."""


def register_nearest() -> None:
    """Make `errors="nearest"` known to all streams."""
    codecs.register_error(NEAREST, _nearest)


def _nearest(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    for table in (_ALIKE, _LONGER, _BRAILLE):
        lacking = lacking.translate(table)
    return "".join(map(_unaccented, lacking)), error.end


def _unaccented(char: str) -> str:
    """A letter without its accent; a question mark for what has no ASCII in it."""
    return normalize("NFKD", char).encode("ascii", "ignore").decode() or "?"
