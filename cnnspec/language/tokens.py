"""Tokens, and the terminals of the grammar made ready for scanning."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from cnnspec.language.table import Table

NEWLINE, INDENT, DEDENT = "_NEWLINE", "_INDENT", "_DEDENT"
BROKEN = "_BROKEN"
"""What the parser puts in the place of a statement that could not be read."""
BAD = "_BAD"
"""A token that fits nowhere, and whose diagnostic is already written."""

CLOSERS = {"(": ")", "[": "]"}


class Token(NamedTuple):
    """A token: its terminal, its text, and where it stands."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """How to find tokens in a text.

    `pattern` has one named group a terminal. `keywords` are the words that are names wherever the grammar
    does not ask for them. `blank_line` matches an empty line with the comment it may have (group 2).
    """

    pattern: re.Pattern[str]
    blank_line: re.Pattern[str]
    space: re.Pattern[str]
    keywords: Mapping[str, str]
    ignored: frozenset[str]
    kinds: Mapping[str, str]

    @classmethod
    def of(cls, table: Table) -> Vocabulary:
        """The vocabulary of a grammar."""
        patterns = {terminal.name: terminal.pattern for terminal in table.terminals}
        kinds = {terminal.literal: terminal.name for terminal in table.terminals if terminal.literal}
        name = re.compile(patterns["NAME"])
        keywords = {text: kind for text, kind in kinds.items() if name.fullmatch(text)}
        space, comment, newline = patterns["SPACE"], patterns["COMMENT"], patterns[NEWLINE]
        return cls(
            pattern=re.compile("|".join(_alternatives(table, kinds.keys() - keywords.keys()))),
            blank_line=re.compile(f"({space})?({comment})?({newline}|\\Z)"),
            space=re.compile(f"(?:{space})?"),
            keywords=keywords,
            ignored=frozenset(table.ignored),
            kinds=kinds,
        )


def _alternatives(table: Table, literals: set[str]) -> list[str]:
    """Expressions first, by priority; then the signs, the longest first, so that `**` is not two `*`."""
    expressions = [terminal for terminal in table.terminals if terminal.literal is None]
    signs = [terminal for terminal in table.terminals if terminal.literal in literals]
    expressions.sort(key=lambda terminal: -terminal.priority)
    signs.sort(key=lambda terminal: -len(terminal.pattern))
    return [f"(?P<{t.name}>{t.pattern})" for t in expressions] + [
        f"(?P<{t.name}>{re.escape(t.pattern)}{_boundary(t.pattern)})" for t in signs
    ]


def _boundary(literal: str) -> str:
    return r"(?!\w)" if literal.isidentifier() else ""
