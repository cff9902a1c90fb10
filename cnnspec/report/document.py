"""JSON documents: every command writes its numbers the same way, under the name and version of a schema.

The schemas are `docs/schema/<name>.schema.json`; docs/json.md says what holds of all of them.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction

from cnnspec.diagnostics.styled import Line, line

VERSION = 1


def document(name: str, record: Mapping[str, object]) -> Iterator[Line]:
    """A record as lines of JSON, in ASCII: integers in full however long they are, no NaN and no infinity."""
    with _long_integers():
        text = json.dumps({"schema": f"cnnspec/{name}/{VERSION}", **record}, indent=2, allow_nan=False)
    return map(line, text.splitlines())


def finite(value: float | None) -> float | None:
    """A measured number; None where it is not finite, which JSON cannot say."""
    return value if value is not None and math.isfinite(value) else None


def decimal(value: Fraction | None) -> float | str | None:
    """A fraction as the nearest number that programs have, as text where it is beyond them."""
    if value is None:
        return None
    try:
        return float(value)
    except OverflowError:
        return str(value)


@contextmanager
def _long_integers() -> Generator[None]:
    """Let Python write integers of any length, which it refuses from some thousands of digits on."""
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        yield
    finally:
        sys.set_int_max_str_digits(before)
