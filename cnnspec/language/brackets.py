"""Brackets in text that is not read token by token: for finding out where a broken statement ends."""

from __future__ import annotations

import re

from cnnspec.language.tokens import CLOSERS

_TEXTS = r'"""[\s\S]*?"""|"[^"\r\n]*"|#[^\r\n]*'
_REST_OF_LINE = rf'(?:[^"#\r\n]++|{_TEXTS}|")*+'
_SIGNS = r'"[^"\r\n]*"|#[^\r\n]*|[()\[\]\r\n]'
_LINE_WITH_WORD = r"(?:\r\n|\r|\n)([ \t]*)(?=[A-Za-z_])"


def closes_more(text: str, position: int) -> bool:
    """Whether between a position and the end of its line a bracket is closed that is not opened there."""
    depth = 0
    for match in re.compile(_SIGNS).finditer(text, position):
        sign = match[0]
        depth += (sign in CLOSERS) - (sign in CLOSERS.values())
        if depth < 0 or sign in "\r\n":
            return depth < 0
    return False


def pass_line(text: str, position: int, open_brackets: int) -> tuple[int, int]:
    """Where the line ends (a docstring is part of it), and how many brackets are open there."""
    match = re.compile(_REST_OF_LINE).match(text, position)
    end = match.end() if match else position
    line = re.sub(_TEXTS, "", text[position:end])
    opened = sum(line.count(sign) for sign in CLOSERS)
    closed = sum(line.count(sign) for sign in CLOSERS.values())
    return end, max(0, open_brackets + opened - closed)


def lines_of_words(text: str, start: int, limit: int) -> list[tuple[int, str]]:
    """The lines behind `start` that begin, up to `limit`, with a word and close only what they open.

    For each, where the line before it ends, and its indentation.
    """
    return [
        (match.start(), match[1])
        for match in re.compile(_LINE_WITH_WORD).finditer(text, start, limit + 1)
        if not closes_more(text, match.end())
    ]
