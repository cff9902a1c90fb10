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
}  # fmt: skip

_ADVICE = {
    ";": "a statement ends with its line",
    "{": "a body is indented; it has no braces",
    "}": "a body is indented; it has no braces",
    "!": "write `not` (or `!=` for unequal)",
    "&": "write `and`",
    "|": "write `or`; a pipeline is written `->`",
    "^": "a power is written `**`",
    "~": "write `not`",
    "@": "the language has no `@`",
    "$": "names are written without `$`",
    "\\": "inside brackets a line may end anywhere; a line that begins with `->` goes on with the one above",
}

_INVISIBLE = frozenset("\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f")
_WORD = re.compile(r"\w+")
_QUOTED = re.compile(r"[^\r\n\"'`“”„‟«»″‘’‚′#]*")


@dataclass(frozen=True, slots=True)
class Misfit:
    """What stands at a place where no token begins.

    `length` characters are wrong. `instead` is what to write for them, where that is certain. Reading goes on
    after `skip` characters, as if a token of the text `read_as` had stood there (None: nothing, blank: a
    blank).
    """

    message: str
    length: int
    skip: int
    read_as: str | None = None
    instead: str | None = None
    help: str | None = None


def is_blank(character: str) -> bool:
    """Whether a character looks like nothing or like a blank, though the language does not take it for one."""
    return (character.isspace() and character not in " \t\r\n") or character in _INVISIBLE


def misfit(text: str, position: int) -> Misfit:
    """What is wrong with the character at a position of a text, where no token begins."""
    character = text[position]
    if is_blank(character):
        return Misfit(f"{name(character)} where a blank should be", 1, 1, instead=" ")
    if character == '"':
        return _unclosed_text(text, position)
    if (match := _WORD.match(text, position)) and not match[0].isascii():
        return _word(match[0])
    meant = _MEANT.get(character, "")
    if meant == '"':
        return _quoted(text, position)
    if character == "×" and text[position - 1 : position + 2 : 2].isdecimal():
        return Misfit(f"{name(character)} is not `x`", 1, 1, "*", "x", "write sizes as `3x5`")
    meant = meant or _plain(character)
    if meant:
        return Misfit(f"{name(character)} is not `{meant}`", 1, 1, meant, meant, f"write `{meant}`")
    run = len(text) - position - len(text[position:].lstrip(character))
    return Misfit(f"{name(character)} is not part of the language", run, run, help=_ADVICE.get(character))


def name(character: str) -> str:
    """A character as one can recognise it: itself, where it can be seen, and its number."""
    number = f"U+{ord(character):04X}"
    if character.isascii() and character.isprintable():
        return f"`{character}`"
    words = _CONTROLS.get(character) or unicodedata.name(character, "a character without a name").lower()
    return f"`{character}` ({words}, {number})" if _is_visible(character) else f"{words} ({number})"


_CONTROLS = {"\0": "NUL", "\f": "form feed", "\v": "vertical tab", "\x1b": "escape", "\x7f": "delete"}


def _is_visible(character: str) -> bool:
    return character.isprintable() and not is_blank(character)


def _plain(character: str) -> str:
    """The ASCII sign that a full-width or decorated one stands for."""
    plain = unicodedata.normalize("NFKC", character)
    return plain if plain.isascii() and not plain.isalnum() and plain != character else ""


def _word(word: str) -> Misfit:
    digits = _ascii_digits(word)
    if digits is not None:
        message = f"`{word}`: numbers are written with the digits 0 to 9"
        return Misfit(message, len(word), len(word), digits, digits, f"write `{digits}`")
    plain = unicodedata.normalize("NFKD", word).encode("ascii", "ignore").decode()
    message = f"`{word}`: names are written with the letters a to z, digits and `_`"
    is_name = re.fullmatch(r"[A-Za-z_]\w*", plain) is not None
    return Misfit(message, len(word), len(word), plain if is_name else "name", None, None)


def _ascii_digits(word: str) -> str | None:
    values = [unicodedata.decimal(character, -1) for character in word]
    return "".join(map(str, values)) if all(value >= 0 for value in values) else None


def _quoted(text: str, position: int) -> Misfit:
    """A text in quotes of another kind: read as the text it should be, if it is closed on its line."""
    inner = _QUOTED.match(text, position + 1)
    end = inner.end() if inner else position + 1
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
        return Misfit('this `"""` is never closed', 3, rest, '""', None, 'close the docstring with `"""`')
    match = re.compile(r"[^\r\n]*").match(text, position)
    rest = match.end() - position if match else 1
    return Misfit('this `"` is not closed on its line', 1, rest, '""', None, 'close the text with `"`')
