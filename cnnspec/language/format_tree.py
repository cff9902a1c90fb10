"""A statement as the formatter sees it: stages of pipelines, brackets with items, and comments at both.

Built from tokens, so that nothing is lost: brackets that are not needed, the way numbers are written.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from cnnspec.diagnostics import Span
from cnnspec.language.tokens import CLOSERS, Token

ARROW = "->"
_AS_WRITTEN = frozenset({"*", "/", "//", "%", "**"})
_NAMES = frozenset({"NAME", "LAYER", "TRAINING", "USE", "STD"})
_ENDS_VALUE = _NAMES | {"NUMBER", "SIZES", "STRING", "RPAR", "RSQB", "QMARK"}
_NOTHING_BEFORE = frozenset({",", ":", ")", "]", ".", ".."})
_NOTHING_BEHIND = frozenset({"(", "[", ".", "..", "?"})


@dataclass(slots=True)
class Stage:
    """One stage of a pipeline: words and signs, each with the space before it, and brackets."""

    begins_line: bool
    comments_above: list[str]
    pieces: list[str | Bracket] = field(default_factory=list["str | Bracket"])
    comment: str | None = None

    @property
    def has_comments(self) -> bool:
        """Whether there are comments above or behind."""
        return bool(self.comments_above or self.comment)

    def add_comment(self, comment: str) -> None:
        """Put a comment behind the stage, or, where there is one, above."""
        if self.comment is None:
            self.comment = comment
        else:
            self.comments_above.append(comment)


@dataclass(slots=True)
class Run:
    """What stands between two commas, or a whole statement: one stage, or several joined by arrows."""

    stages: list[Stage]

    @property
    def begins_line(self) -> bool:
        """Whether its first word begins a line."""
        return self.stages[0].begins_line

    @property
    def is_split(self) -> bool:
        """Whether its arrows begin lines: they are written so, or there are comments between the stages."""
        behind = any(stage.comment for stage in self.stages[:-1])
        return behind or any(stage.begins_line or stage.comments_above for stage in self.stages[1:])


class Role(Enum):
    """What a pair of brackets is for."""

    CALL = "f(a, b)"
    INDEX = "a[0]"
    LIST = "[a, b]"
    TUPLE = "(a, b)"
    GROUP = "(a)"


@dataclass(slots=True)
class Bracket:
    """A pair of brackets; `ends_in_comma` says whether a comma follows the last item."""

    before: str
    opening: str
    role: Role
    items: list[Run] = field(default_factory=list[Run])
    ends_in_comma: bool = False
    comments: list[str] = field(default_factory=list[str])
    """Those behind the last item, on lines of their own."""

    @property
    def closing(self) -> str:
        """The bracket that closes it."""
        return CLOSERS[self.opening]

    @property
    def needs_comma(self) -> bool:
        """Whether it would be something else without its comma, as `(a,)` would."""
        return self.role is Role.TUPLE and len(self.items) == 1

    @property
    def is_broken(self) -> bool:
        """Whether its items stand on lines of their own, as a last comma, comments or broken items ask."""
        asks = self.ends_in_comma and not self.needs_comma
        return asks or bool(self.comments) or any(_is_broken(item) for item in self.items)


def _is_broken(run: Run) -> bool:
    brackets = (piece for stage in run.stages for piece in stage.pieces if isinstance(piece, Bracket))
    return (
        run.is_split or any(stage.has_comments for stage in run.stages) or any(b.is_broken for b in brackets)
    )


class TreeBuilder:
    """Makes the tree of one statement from its tokens and the comments in it and behind its last line."""

    def __init__(self, tokens: Sequence[Token], comments: Sequence[Span], text: str) -> None:
        self._tokens = tokens
        self._text = text
        self._position = 0
        self._above: dict[int, list[str]] = {}
        self._behind: dict[int, str] = {}
        ends = [token.end for token in tokens]
        for comment in comments:
            following = bisect_right(ends, comment.start)
            if following and not _has_line_end(text, ends[following - 1], comment.start):
                self._behind[following - 1] = comment.text.rstrip()
            else:
                self._above.setdefault(following, []).append(comment.text.rstrip())

    def build(self) -> Run:
        """The tree."""
        return self._run(None, [])

    def _run(self, bracket: Bracket | None, comments_above: list[str]) -> Run:
        stage = Stage(self._begins_line(self._position), comments_above)
        run = Run([stage])
        while self._position < len(self._tokens):
            index, token = self._position, self._tokens[self._position]
            if bracket and token.text in (",", bracket.closing):
                break
            above = self._above.get(index, [])
            if token.text == ARROW:
                stage = Stage(self._begins_line(index), above)
                run.stages.append(stage)
                self._position += 1
            else:
                stage.comments_above += above
                stage.pieces.append(self._piece(bracket, is_first=not stage.pieces))
            if comment := self._behind.get(self._position - 1):
                stage.add_comment(comment)
        return run

    def _piece(self, around: Bracket | None, *, is_first: bool) -> str | Bracket:
        index, token = self._position, self._tokens[self._position]
        before = "" if is_first else self._space_before(index, around)
        if token.text in CLOSERS:
            return self._bracket(before)
        self._position += 1
        return before + token.text

    def _bracket(self, before: str) -> Bracket:
        index, opening = self._position, self._tokens[self._position].text
        bracket = Bracket(before, opening, self._role(index))
        self._position += 1
        comments = [self._behind[index]] if index in self._behind else []
        while self._tokens[self._position].text != bracket.closing:
            bracket.items.append(self._run(bracket, comments))
            self._pass_comma(bracket)
            comments = []
        bracket.comments = comments + self._above.get(self._position, [])
        if bracket.role is Role.GROUP and (len(bracket.items) != 1 or bracket.ends_in_comma):
            bracket.role = Role.TUPLE
        self._position += 1
        return bracket

    def _pass_comma(self, bracket: Bracket) -> None:
        """Go behind the comma that may follow an item; a comment behind the comma is one behind the item."""
        index = self._position
        if self._tokens[index].text != ",":
            return
        self._position += 1
        bracket.ends_in_comma = self._tokens[self._position].text == bracket.closing
        last = bracket.items[-1].stages[-1]
        last.comments_above += self._above.get(index, [])
        if comment := self._behind.get(index):
            last.add_comment(comment)

    def _role(self, index: int) -> Role:
        is_applied = index > 0 and self._ends_value(index - 1)
        if self._tokens[index].text == "[":
            return Role.INDEX if is_applied else Role.LIST
        return Role.CALL if is_applied else Role.GROUP

    def _begins_line(self, index: int) -> bool:
        return index > 0 and _has_line_end(self._text, self._tokens[index - 1].end, self._tokens[index].start)

    def _ends_value(self, index: int) -> bool:
        """Whether a value may end with a token, so that brackets or an operator may follow it."""
        token = self._tokens[index]
        if token.kind == "IN":  # the word between targets and list, or bounds, follows a name or `?`
            return index == 0 or self._tokens[index - 1].kind not in (*_NAMES, "QMARK")
        return token.kind in _ENDS_VALUE

    def _space_before(self, index: int, around: Bracket | None) -> str:
        previous, token = self._tokens[index - 1], self._tokens[index]
        if token.text in _NOTHING_BEFORE or previous.text in _NOTHING_BEHIND:
            return " " if previous.text == "?" and token.kind == "IN" else ""
        if token.text in CLOSERS and self._ends_value(index - 1):
            return ""
        if "=" in (previous.text, token.text) and around and around.role is Role.CALL and not self._is_head():
            return ""
        if previous.text == "-" and not (index > 1 and self._ends_value(index - 2)):
            return ""
        if token.text in _AS_WRITTEN:
            return self._space_as_written(index)
        return self._space_as_written(index - 1) if previous.text in _AS_WRITTEN else " "

    def _space_as_written(self, index: int) -> str:
        """One on both sides of an operator if there was one on either."""
        before, token, behind = self._tokens[index - 1 : index + 2]
        return " " if before.end < token.start or token.end < behind.start else ""

    def _is_head(self) -> bool:
        return self._tokens[0].kind in ("NET", "BLOCK")


def _has_line_end(text: str, start: int, end: int) -> bool:
    return "\n" in text[start:end] or "\r" in text[start:end]
