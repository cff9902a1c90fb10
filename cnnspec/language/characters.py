"""Characters that the language does not have: what to say about them, and what was probably meant."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_MEANT = {
    "→": "->", "⟶": "->", "⇒": "->", "➔": "->", "➜": "->",
    "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-",
    "×": "*", "⋅": "*", "·": "*", "∗": "*", "÷": "/", "∕": "/",
    "≤": "<=", "⩽": "<=", "≥": ">=", "⩾": ">=", "≠": "!=", "≡": "==",
    "“": '"', "”": '"', "„": '"', "‟": '"', "«": '"', "»": '"', "″": '"',
    "‘": '"', "’": '"', "‚": '"', "′": '"', "'": '"', "`": '"',
    "…": "..", "∧": "and", "∨": "or", "¬": "not",
    "&": "and", "&&": "and", "||": "or", "!": "not", "~": "not", "^": "**",
}  # fmt: skip

_ADVICE = {
    ";": "a statement ends with its line",
    "{": "a body is indented; it has no braces",
    "}": "a body is indented; it has no braces",
    "|": "a pipeline is written `->`, a choice `or`",
    "@": "the language has no `@`",
    "$": "names are written without `$`",
    "\\": "in brackets lines may end anywhere; a deeper line beginning with `->` goes on with the one above",
}

_INVISIBLE = frozenset("\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f")
_SHOWN = 40
_WORD = r"\w*"
_LINE = r"[^\r\n]*"
_QUOTED = r"[^\r\n\"'`“”„‟«»″‘’‚′#]*"


@dataclass(frozen=True, slots=True)
class Misfit:
    """What stands at a place where no token begins.

    `length` characters are wrong. `instead` is what to write for them, where that is certain. Reading goes on
    after `skip` characters, as if the token `read_as` (or a space) had stood there; where that is None, the
    statement cannot be read.
    """

    message: str
    length: int
    skip: int
    read_as: str | None = None
    instead: str | None = None
    help: str | None = None
    code: str = "bad-character"


def is_odd_space(character: str) -> bool:
    """Whether a character looks like a space, or like nothing, and is not one of the language's own."""
    return (character.isspace() and character not in " \t\r\n") or character in _INVISIBLE


def with_plain_spaces(text: str) -> str:
    """A text in which every space is an ordinary one, as wide as it looks."""
    return "".join(_plain_space(c) if is_odd_space(c) else c for c in text)


def _plain_space(character: str) -> str:
    return " " if unicodedata.category(character) == "Zs" else ""


def misfit(text: str, position: int) -> Misfit:
    """What is wrong with the character at a position of a text, where no token begins."""
    character = text[position]
    if is_odd_space(character):
        return _odd_space(text, position)
    if character == '"':
        return _unclosed_text(text, position)
    word = text[position : _end_of(_WORD, text, position)]
    if not word.isascii():
        return _word(word)
    sign = text[position : position + 2]
    sign = sign if sign in _MEANT else character
    meant = _MEANT.get(sign) or _plain(character)
    if meant:
        return _quoted(text, position) if meant == '"' else _other_sign(text, position, sign, meant)
    run = _run(text, position)
    return Misfit(f"{name(character)} is not part of the language", run, run, help=_ADVICE.get(character))


def _other_sign(text: str, position: int, sign: str, meant: str) -> Misfit:
    """A sign for which the language has another; between digits `×` is the `x` of sizes."""
    end = position + len(sign)
    before, after = text[position - 1 : position], text[end : end + 1]
    if sign == "×" and before.isdecimal() and after.isdecimal():
        return Misfit(f"{name(sign)} is not `x`", 1, 1, "*", "x", "write sizes as `3x5`")
    instead = _set_apart(before, meant, after)
    message = f"{name(sign)} is not `{meant}`"
    return Misfit(message, len(sign), len(sign), meant, instead, f"write `{meant}`")


def _set_apart(before: str, meant: str, after: str) -> str:
    """A word for a sign, with spaces where it would run into the words next to it."""
    if not meant.isalpha():
        return meant
    return " " * before.isalnum() + meant + " " * (after.isalnum() or after in "_([")


def _end_of(pattern: str, text: str, position: int) -> int:
    """Where the longest match of a pattern from a position ends."""
    match = re.compile(pattern).match(text, position)
    return match.end() if match else position


def _run(text: str, position: int) -> int:
    """How often the character at a position is repeated."""
    end = position
    while text[end : end + 1] == text[position]:
        end += 1
    return end - position


def _odd_space(text: str, position: int) -> Misfit:
    run = _run(text, position)
    plain = _plain_space(text[position]) * run
    advice = "write an ordinary space" if plain else "remove it"
    return Misfit(f"{name(text[position])} is not a space of the language", run, run, " ", plain, advice)


def name(character: str) -> str:
    """A character (or a sign of two) as one can recognise it: itself, if it can be seen, and its number."""
    if len(character) > 1:
        return f"`{character}`"
    number = f"U+{ord(character):04X}"
    if character.isascii() and character.isprintable():
        return f"`{character}`"
    words = _CONTROLS.get(character) or unicodedata.name(character, "a character without a name").lower()
    return f"`{character}` ({words}, {number})" if _is_visible(character) else f"{words} ({number})"


_CONTROLS = {"\0": "NUL", "\f": "form feed", "\v": "vertical tab", "\x1b": "escape", "\x7f": "delete"}


def _is_visible(character: str) -> bool:
    return character.isprintable() and not is_odd_space(character)


def _plain(character: str) -> str:
    """The ASCII sign that a full-width or decorated one stands for."""
    plain = unicodedata.normalize("NFKC", character)
    return plain if plain.isascii() and not plain.isalnum() and plain != character else ""


def _word(word: str) -> Misfit:
    shown = word if len(word) <= _SHOWN else word[: _SHOWN - 1] + "…"
    digits = _ascii_digits(word)
    if digits is not None:
        message = f"`{shown}`: numbers are written with the digits 0 to 9"
        return Misfit(message, len(word), len(word), digits, digits, "write ASCII digits")
    message = f"`{shown}`: names are written with the letters a to z, digits and `_`"
    plain = unicodedata.normalize("NFKC", word)
    if plain.isascii() and plain.isidentifier():
        return Misfit(message, len(word), len(word), plain, plain, f"write `{plain}`")
    return Misfit(message, len(word), len(word), read_as="name")


def _ascii_digits(word: str) -> str | None:
    values = [unicodedata.decimal(character, -1) for character in word]
    return "".join(map(str, values)) if all(value >= 0 for value in values) else None


def _quoted(text: str, position: int) -> Misfit:
    """A text in quotes of another kind: read as the text it should be, if it is closed on its line."""
    end = _end_of(_QUOTED, text, position + 1)
    closing = text[end : end + 1]
    message = f"{name(text[position])} does not quote a text"
    if _MEANT.get(closing, closing) != '"':
        return Misfit(message, 1, 1, None, None, 'texts are written in `"`')
    meant = f'"{text[position + 1 : end]}"'
    return Misfit(message, end + 1 - position, end + 1 - position, meant, meant, 'texts are written in `"`')


def _unclosed_text(text: str, position: int) -> Misfit:
    """A `"` that no other one closes: the text ends with the line, a docstring with the file."""
    if text.startswith('"""', position):
        rest = len(text) - position
        message, way_out = 'this `"""` is never closed', 'close the docstring with `"""`'
        return Misfit(message, 3, rest, help=way_out, code="unclosed-text")
    rest = _end_of(_LINE, text, position) - position
    message, way_out = 'this `"` is not closed on its line', 'close the text with `"`'
    return Misfit(message, 1, rest, help=way_out, code="unclosed-text")
