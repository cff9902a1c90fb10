"""Number literals, read exactly: `61_706`, `0.5`, `1e-3`, `4.09G`, `8KiB`, `1%`."""

from __future__ import annotations

import re
from fractions import Fraction

from cnnspec.diagnostics import Diagnostic, Help, Span
from cnnspec.language.limits import MAX_DIGITS

UNITS: dict[str, int | Fraction] = {
    "": 1,
    "%": Fraction(1, 100),
    "K": 10**3,
    "M": 10**6,
    "G": 10**9,
    "T": 10**12,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}
_SHAPE = re.compile(r"([0-9][0-9_]*)(?:\.([0-9][0-9_]*))?(?:[eE]([+-]?[0-9]+))?([^0-9_].*)?", re.DOTALL)
_MAX_EXPONENT_LENGTH = 9
_SHOWN = 20


class NumberProblem(Exception):  # noqa: N818 - becomes a diagnostic, is not an error of the program
    """The literal cannot be read; `at` makes the diagnostic."""

    def __init__(self, code: str, message: str, help: str | None = None) -> None:  # noqa: A002
        super().__init__(message)
        self.code, self.message, self.help = code, message, help

    def at(self, span: Span) -> Diagnostic:
        """The diagnostic for a literal at this place."""
        return Diagnostic(self.code, self.message, span, help=Help(self.help) if self.help else None)


def read_number(text: str) -> int | Fraction:
    """The exact value of a literal; an int where it is whole. Raises NumberProblem."""
    match = _SHAPE.fullmatch(text)
    if match is None:
        raise NumberProblem("bad-number", "this is not a number")
    whole, fraction, exponent, unit = match[1], match[2] or "", match[3] or "0", match[4] or ""
    if unit not in UNITS:
        raise _unknown_unit(text, unit)
    for digits in (whole, fraction):
        if digits.endswith("_") or "__" in digits:
            raise NumberProblem("bad-number", "`_` may only stand between two digits of a number")
    whole, fraction = whole.replace("_", ""), fraction.replace("_", "")
    _check_size(whole, fraction, exponent)
    shift = int(exponent) - len(fraction)
    value = int(whole + fraction) * UNITS[unit] * (10**shift if shift >= 0 else Fraction(1, 10**-shift))
    return int(value) if value.denominator == 1 else Fraction(value)


def _check_size(whole: str, fraction: str, exponent: str) -> None:
    huge = len(exponent) > _MAX_EXPONENT_LENGTH
    if huge or len(whole) + len(fraction) + abs(int(exponent)) > MAX_DIGITS:
        raise NumberProblem("limit", f"a number may have at most {MAX_DIGITS:,} digits")


def _unknown_unit(text: str, unit: str) -> NumberProblem:
    if unit.startswith("x"):
        return NumberProblem("bad-number", "sizes are numbers joined by `x`", "with names, write `(3, k)`")
    known = spelt_as_unit(unit)
    number = text[: len(text) - len(unit)]
    shown = unit if len(unit) <= _SHOWN else unit[: _SHOWN - 1] + "…"
    message = f"`{shown}` is not a unit of numbers"
    if known:
        return NumberProblem("unknown-unit", message, f"write `{number}{known}`")
    return NumberProblem("unknown-unit", message, "units are K M G T, KB MB GB TB, KiB MiB GiB TiB and %")


def spelt_as_unit(word: str) -> str | None:
    """The unit that a word is but for upper and lower case."""
    return next((unit for unit in UNITS if unit and unit.lower() == word.lower()), None)
