"""Text to tokens: words, numbers and signs as the grammar has them, and the layout of lines.

The lexer knows from the parser which tokens fit next, so that a word is a keyword only where the grammar
has one. Outside brackets it turns line ends and indentation into `_NEWLINE`, `_INDENT` and `_DEDENT`.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from cnnspec.diagnostics import Diagnostic, Source, Span
from cnnspec.language.table import END, Table

NEWLINE, INDENT, DEDENT, BROKEN, BAD = "_NEWLINE", "_INDENT", "_DEDENT", "_BROKEN", "_BAD"
CLOSERS = {"(": ")", "[": "]"}


class Token(NamedTuple):
    """A token: its terminal, its text, and where it stands."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The terminals of the grammar, ready for scanning."""

    pattern: re.Pattern[str]
    blank_line: re.Pattern[str]
    keywords: Mapping[str, str]
    ignored: frozenset[str]


def vocabulary(table: Table) -> Vocabulary:
    """One regular expression for all tokens; words that are names as well are told apart by context."""
    patterns = {terminal.name: terminal.pattern for terminal in table.terminals}
    expressions = [terminal for terminal in table.terminals if terminal.literal is None]
    expressions.sort(key=lambda terminal: -terminal.priority)
    literals = {terminal.literal: terminal.name for terminal in table.terminals if terminal.literal}
    name = re.compile(patterns["NAME"])
    keywords = {text: kind for text, kind in literals.items() if name.fullmatch(text)}
    alternatives = [(terminal.name, terminal.pattern) for terminal in expressions]
    for text in sorted(literals.keys() - keywords.keys(), key=len, reverse=True):
        boundary = r"(?!\w)" if text.isidentifier() else ""
        alternatives.append((literals[text], re.escape(text) + boundary))
    blank = f"({patterns['SPACE']})?({patterns['COMMENT']})?({patterns['_NEWLINE']}|\\Z)"
    return Vocabulary(
        pattern=re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in alternatives)),
        blank_line=re.compile(blank),
        keywords=keywords,
        ignored=frozenset(table.ignored),
    )


class Lexer:
    """Reads tokens from a source, one at a time, as the parser asks for them."""

    def __init__(self, source: Source, words: Vocabulary) -> None:
        self.diagnostics: list[Diagnostic] = []
        self.comments: list[Span] = []
        self.brackets: list[Token] = []
        self._source = source
        self._text = source.text
        self._words = words
        self._position = 0
        self._end_of_last = 0
        self._levels = [""]
        self._pending: deque[Token] = deque()
        self._begin_line(is_first=True)

    def next(self, accepts: Mapping[str, int]) -> Token:
        """The next token; `accepts` holds the terminals that fit here."""
        while not self._pending:
            match = self._words.pattern.match(self._text, self._position)
            if match is None:
                self._without_match()
                continue
            kind = match.lastgroup or ""
            start, self._position = match.span()
            if kind in self._words.ignored:
                if kind == "COMMENT":
                    self.comments.append(Span(self._source, start, self._position))
            elif kind == NEWLINE:
                if not self.brackets:
                    self._begin_line()
            else:
                return self._token(kind, match[0], start, accepts)
        return self._pending.popleft()

    def _token(self, kind: str, text: str, start: int, accepts: Mapping[str, int]) -> Token:
        if kind == "NAME":
            keyword = self._words.keywords.get(text)
            if keyword in accepts:
                kind = keyword
        token = Token(kind, text, start, self._position)
        if text in CLOSERS:
            self.brackets.append(token)
        elif self.brackets and text == CLOSERS[self.brackets[-1].text]:
            self.brackets.pop()
        self._end_of_last = self._position
        return token

    def _without_match(self) -> None:
        if self._position < len(self._text):
            self._position += 1
            return
        self._pending.append(Token(END, "", self._position, self._position))

    def _begin_line(self, *, is_first: bool = False) -> None:
        indentation = self._skip_blank_lines()
        if not is_first:
            self._pending.append(self._mark(NEWLINE))
        if indentation is None:
            self._pending.extend(self._mark(DEDENT) for _ in self._levels[1:])
            self._pending.append(self._mark(END))
            return
        if indentation.startswith(self._levels[-1]) and indentation != self._levels[-1]:
            self._levels.append(indentation)
            self._pending.append(
                Token(INDENT, indentation, self._position - len(indentation), self._position)
            )
            return
        while self._levels[-1] != indentation and len(self._levels) > 1:
            self._levels.pop()
            self._pending.append(self._mark(DEDENT))

    def _mark(self, kind: str) -> Token:
        return Token(kind, "", self._end_of_last, self._end_of_last)

    def _skip_blank_lines(self) -> str | None:
        """Go to the first character of the next line with something on it; its indentation, or None."""
        while match := self._words.blank_line.match(self._text, self._position):
            if match[2]:
                self.comments.append(Span(self._source, *match.span(2)))
            self._position = match.end()
            if not match[3]:
                return None
        match = re.compile(r"[ \t]*").match(self._text, self._position)
        assert match
        self._position = match.end()
        return match[0]
