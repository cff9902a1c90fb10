"""Output for terminals and files whose encoding is not Unicode: the nearest character, or a question mark."""

from __future__ import annotations

import codecs

NEAREST = "nearest"
"""The name under which streams know this way of writing what their encoding lacks."""

_NEAREST = str.maketrans("─│→←×·−…█▏⌊⌋⌈⌉≈ ’", "-|><x*-~#|[][]~ '")
"""One character for one, so that columns stay in line."""


def register_nearest() -> None:
    """Make `errors="nearest"` known to all streams."""
    codecs.register_error(NEAREST, _nearest)


def _nearest(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end].translate(_NEAREST)
    return "".join(char if char.isascii() else "?" for char in lacking), error.end
