"""Text that came from outside, made safe to print and measured in the cells of a terminal.

Control and formatting characters could move the cursor, recolour the terminal or reorder what is read, so
they are shown instead of sent: C0 controls as their pictures (`␛`), all others by number (`<U+202E>`).
"""

from __future__ import annotations

from unicodedata import category, combining, east_asian_width

TAB = "    "
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"})
_ZERO_WIDTH = frozenset({"Mn", "Me"})


def _legible_character(character: str) -> str:
    if category(character) not in _UNSAFE:
        return character
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"<U+{code:04X}>"


def legible(text: str) -> str:
    """The text on one line with every character that is not meant to be seen shown as a visible one."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(map(_legible_character, text))


def cells(text: str) -> int:
    """The width of a text in terminal cells: wide characters take two, combining marks none."""
    return len(text) if text.isascii() else sum(map(_cells_of_character, text))


def _cells_of_character(character: str) -> int:
    if combining(character) or category(character) in _ZERO_WIDTH:
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


def legible_columns(text: str) -> tuple[str, list[int]]:
    """A source line as shown (tabs are four spaces), and the cell at which each of its characters begins.

    The list has one entry more than the text has characters: the width of the whole.
    """
    shown = [TAB if character == "\t" else _legible_character(character) for character in text]
    starts = [0]
    for piece in shown:
        starts.append(starts[-1] + cells(piece))
    return "".join(shown), starts


def clip(text: str, width: int) -> str:
    """The text, cut to `width` cells with an ellipsis where it is longer."""
    if len(text) <= width and cells(text) <= width:
        return text
    kept: list[str] = []
    left = width - 1
    for character in text:
        left -= _cells_of_character(character)
        if left < 0:
            break
        kept.append(character)
    return "".join(kept) + "…" if width > 0 else ""


def wrap(text: str, width: int | None) -> list[str]:
    """The lines of a text, broken between words where they are wider than `width` (None: never)."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        words = legible(paragraph).split(" ")
        current = words[0]
        for word in words[1:]:
            if width is not None and cells(current) + 1 + cells(word) > width:
                lines.append(current)
                current = word
            else:
                current += " " + word
        lines.append(current)
    return lines
