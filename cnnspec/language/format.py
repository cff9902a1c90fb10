"""The one way to lay out a spec: what `cnnspec fmt` writes.

Comments stay where they are, and what is written in a certain way for a reason stays so: numbers, brackets
that are not needed, columns of arrows, of `=` and of comments that the author has aligned.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from cnnspec.diagnostics import Diagnostic, Source, Span
from cnnspec.language.build import clean_doc
from cnnspec.language.format_columns import Column, Row, align
from cnnspec.language.format_layout import STEP, flat, lay_out
from cnnspec.language.format_tree import ARROW, Run, TreeBuilder
from cnnspec.language.parse import Parsed, parse
from cnnspec.language.tokens import CLOSERS, DEDENT, INDENT, NEWLINE, Token

_DEFINITIONS = ("NET", "BLOCK")
_COMMENT = "COMMENT"


@dataclass(frozen=True, slots=True)
class Formatted:
    """The text as it should be; None, and what is wrong with it, where it cannot be read."""

    text: str | None
    diagnostics: tuple[Diagnostic, ...]


def format_source(source: Source) -> Formatted:
    """Lay a spec out. Doing so again changes nothing."""
    parsed = parse(source)
    if parsed.diagnostics:
        return Formatted(None, parsed.diagnostics)
    rows = list(_Rows(source, parsed).all())
    _space_out(rows)
    align(rows)
    lines = [line for row in rows for line in ([""] * row.has_blank_above + _finished(row))]
    line_end = "\r\n" if "\r\n" in source.text else "\n"
    return Formatted("".join(line + line_end for line in lines), ())


def _finished(row: Row) -> list[str]:
    return [*row.lines[:-1], f"{row.lines[-1]}  {row.comment}"] if row.comment else row.lines


def _space_out(rows: list[Row]) -> None:
    """One empty line around definitions; elsewhere as written, but none at the start of a file or body."""
    for index, row in enumerate(rows):
        above = rows[index - 1] if index else None
        if above is None or row.depth > above.depth or row.kind in ("ELIF", "ELSE"):
            row.has_blank_above = False
        elif row.depth == 0 and (above.depth > 0 or above.kind in (*_DEFINITIONS, "DOC")):
            row.has_blank_above = True
        elif row.kind in _DEFINITIONS:
            _put_blank_above_comments(rows, index)


def _put_blank_above_comments(rows: list[Row], index: int) -> None:
    """The empty line above a definition stands above the comments that belong to it."""
    while not rows[index].has_blank_above and index > 0 and rows[index - 1].kind == _COMMENT:
        index -= 1
    rows[index].has_blank_above = index > 0


def _statements(tokens: Sequence[Token]) -> Iterator[tuple[int, list[Token]]]:
    """The tokens of every statement, and how deep it stands."""
    depth, statement = 0, list[Token]()
    for token in tokens:
        if token.kind == NEWLINE:
            yield depth, statement
            statement = []
        elif token.kind in (INDENT, DEDENT):
            depth += 1 if token.kind == INDENT else -1
        else:
            statement.append(token)


class _Rows:
    """Makes rows of statements and comments, in order."""

    def __init__(self, source: Source, parsed: Parsed) -> None:
        self._source = source
        self._tokens = parsed.tokens
        self._comments = list(parsed.comments)
        self._line = 0
        """The line on which the row before ends."""
        self._levels = [0]
        """The columns at which the bodies begin that are open."""

    def all(self) -> Iterator[Row]:
        """All rows."""
        for depth, tokens in _statements(self._tokens):
            yield from self._comments_before(tokens[0].start, depth)
            self._levels[depth:] = [self._column(tokens[0].start)]
            yield from (
                self._doc(depth, tokens[0]) if tokens[0].kind == "DOC" else self._statement(depth, tokens)
            )
        yield from self._comments_before(len(self._source.text), 0)

    def _comments_before(self, offset: int, depth: int) -> Iterator[Row]:
        while self._comments and self._comments[0].start < offset:
            comment = self._comments.pop(0)
            level = self._depth_of(comment, depth)
            blank = self._is_blank_above(comment.start)
            self._line = comment.line
            yield Row(_COMMENT, level, [_indented(level, comment.text.rstrip())], blank)

    def _depth_of(self, comment: Span, next_depth: int) -> int:
        """A comment belongs to the statement below, or, if it stands deeper, to the body that ends above."""
        deeper = range(len(self._levels) - 1, next_depth, -1)
        column = self._column(comment.start)
        return next((depth for depth in deeper if column >= self._levels[depth]), next_depth)

    def _doc(self, depth: int, token: Token) -> Iterator[Row]:
        blank = self._is_blank_above(token.start)
        text = token.text[3:-3]
        first, *rest = clean_doc(text).split("\n")
        lines = [_indented(depth, f'"""{first}'), *(_indented(depth, line) if line else "" for line in rest)]
        if rest and text.rstrip(" \t").endswith(("\n", "\r")):
            lines.append(_indented(depth, '"""'))
        else:
            lines[-1] += ' """' if (first, *rest)[-1].endswith('"') else '"""'
        self._line = self._source.position(token.end)[0]
        comment = self._comment_behind(token.end)
        yield Row("DOC", depth, lines, blank, comment.text.rstrip() if comment else None)

    def _statement(self, depth: int, tokens: list[Token]) -> Iterator[Row]:
        blank = self._is_blank_above(tokens[0].start)
        inside = [comment for comment in self._comments if comment.start < tokens[-1].end]
        del self._comments[: len(inside)]
        self._line = self._source.position(tokens[-1].end)[0]
        behind = self._comment_behind(tokens[-1].end)
        run = TreeBuilder(tokens, inside, self._source.text).build()
        for comment in run.stages[0].comments_above:
            yield Row(_COMMENT, depth, [_indented(depth, comment)], blank)
            blank = False
        first, *rest = lay_out(run, depth * STEP)
        row = Row(tokens[0].kind, depth, [_indented(depth, first), *rest], blank)
        if behind:
            row.comment = behind.text.rstrip()
            has_room = behind.start - tokens[-1].end > len("  ")
            row.comment_anchor = Column(self._column(behind.start), 0, has_room)
        row.anchor = None if rest else self._anchor(run, tokens, depth)
        yield row

    def _anchor(self, run: Run, tokens: list[Token], depth: int) -> Column | None:
        """The first arrow or `=` of a statement on one line."""
        open_brackets = 0
        for before, token in pairwise(tokens):
            open_brackets += (before.text in CLOSERS) - (before.text in CLOSERS.values())
            if open_brackets == 0 and token.text in (ARROW, "="):
                pieces = run.stages[0].pieces
                pieces = pieces if token.text == ARROW else pieces[: pieces.index(" =")]
                offset = depth * STEP + len(flat(pieces)) + 1
                return Column(self._column(token.start), offset, token.start - before.end > 1)
        return None

    def _comment_behind(self, offset: int) -> Span | None:
        """The comment on the same line, behind an offset."""
        if not self._comments or self._comments[0].line != self._source.position(offset)[0]:
            return None
        return self._comments.pop(0)

    def _is_blank_above(self, offset: int) -> bool:
        return self._source.position(offset)[0] > self._line + 1

    def _column(self, offset: int) -> int:
        return self._source.position(offset)[1] - 1


def _indented(depth: int, text: str) -> str:
    return " " * (depth * STEP) + text
