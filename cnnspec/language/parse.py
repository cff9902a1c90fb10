"""Source text to syntax tree: the automaton of the grammar, run over the tokens of the lexer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, cast

from cnnspec.diagnostics import Diagnostic, Source, Span
from cnnspec.language import ast
from cnnspec.language.automaton import Automaton, TooDeep
from cnnspec.language.build import Builder
from cnnspec.language.findings import Findings, TooManyFindings
from cnnspec.language.grammar import load_table
from cnnspec.language.lexer import Lexer
from cnnspec.language.limits import MAX_STATEMENT
from cnnspec.language.table import END
from cnnspec.language.tokens import BAD, BROKEN, DEDENT, INDENT, NEWLINE, Token, Vocabulary

if TYPE_CHECKING:
    from cnnspec.language.mistakes import Situation

_DEFINITIONS = ("NET", "BLOCK")
_HEADS = (*_DEFINITIONS, "REPEAT", "FOR", "IF", "ELIF", "ELSE")


@dataclass(frozen=True, slots=True)
class Parsed:
    """What was read.

    `file` leaves out the statements that could not be read, and definitions say whether they are complete;
    it is None where there was too much wrong to read on. `comments` and `tokens` (those that were taken, with
    the marks of layout) are in order.
    """

    file: ast.File | None
    diagnostics: tuple[Diagnostic, ...]
    comments: tuple[Span, ...] = ()
    tokens: tuple[Token, ...] = ()


def parse(source: Source) -> Parsed:
    """Read a source. Nothing is raised: all mistakes are in `diagnostics`, none caused by another."""
    findings = Findings()
    parser = _Parser(source, findings)
    try:
        file = parser.read()
    except TooManyFindings:
        file = None
    return Parsed(file, _said_once(source, findings.in_order()), parser.comments, parser.tokens)


def _said_once(source: Source, found: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    """The mistakes, those that have one cause in the text as a whole as one."""
    if not found:
        return found
    from cnnspec.language.stray_text import said_once  # noqa: PLC0415 - only for mistakes

    return said_once(source, found)


@cache
def _vocabulary() -> Vocabulary:
    return Vocabulary.of(load_table())


@cache
def _texts() -> dict[str, str]:
    """The exact text of the terminals that have one."""
    return {terminal.name: terminal.literal for terminal in load_table().terminals if terminal.literal}


class _Parser:
    """Moves tokens from the lexer to the automaton, and past what the automaton does not take."""

    def __init__(self, source: Source, findings: Findings) -> None:
        self._source = source
        self._findings = findings
        self._lexer = Lexer(source, _vocabulary(), findings)
        self._automaton = Automaton(load_table(), Builder(source, findings), source)
        self._is_body_unindented = False
        self._taken: list[Token] = []
        self._line: list[Token] = []
        self._line_before: list[Token] = []

    @property
    def tokens(self) -> tuple[Token, ...]:
        """The tokens that the automaton took."""
        return tuple(self._taken)

    @property
    def comments(self) -> tuple[Span, ...]:
        """Where comments stand, as far as the text was read."""
        return tuple(self._lexer.comments)

    def read(self) -> ast.File:
        """Read to the end. Raises TooManyFindings."""
        token = self._lexer.next(self._automaton.fits)
        while True:
            try:
                fits = self._automaton.feed(token)
            except TooDeep as error:
                self._findings.add(error.diagnostic)
                token = self._leave_out(token)
                continue
            if not fits:
                token = self._recover(token)
            elif token.kind != END:
                token = self._next_after(token)
            else:
                return cast(ast.File, self._automaton.result)

    def _next_after(self, token: Token) -> Token:
        """The next token after one that was taken."""
        self._taken.append(token)
        if token.kind == NEWLINE:
            if self._line and self._line[0].kind in _DEFINITIONS:
                self._is_body_unindented = False
            self._line_before, self._line = self._line, []
        elif token.kind not in (INDENT, DEDENT):
            self._line.append(token)
        following = self._lexer.next(self._automaton.fits)
        if len(self._line) <= MAX_STATEMENT:
            return following
        message = f"a statement of more than {MAX_STATEMENT:,} words, numbers and signs"
        self._findings.add(Diagnostic("limit", message, Span(self._source, token.start, token.end)))
        return self._leave_out(following)

    # --- recovery

    def _recover(self, token: Token) -> Token:
        """Say what is wrong with a token that does not fit, and leave its statement out."""
        if token.kind == BAD or self._is_unindented_body(token):
            return self._leave_out(token)
        from cnnspec.language.slips import diagnose, never_closed  # noqa: PLC0415 - 5 ms

        situation = self._situation(token)
        if unclosed := situation.open_bracket:
            resume = situation.end_of_head or self._lexer.line_after_unclosed(unclosed, token.start)
            if resume is not None or token.kind == END:
                self._findings.add(never_closed(situation, unclosed))
                return self._leave_out(token if resume is None else self._lexer.resume(resume))
        is_said = not self._line and self._findings.ends_at(token.start)  # that it is indented wrongly
        if not is_said:
            self._findings.add(diagnose(situation))
        if situation.is_body_missing:
            self._is_body_unindented = self._line_before[0].kind in _DEFINITIONS
        return self._leave_out(token, is_body_missing=situation.is_body_missing)

    def _is_unindented_body(self, token: Token) -> bool:
        """Whether this line, at the left edge, is of a definition whose body was found not to be indented."""
        first = self._line[0] if self._line else token
        is_body = self._is_body_unindented and first.kind not in _DEFINITIONS
        return is_body and self._source.position(first.start)[1] == 1

    def _situation(self, token: Token) -> Situation:
        from cnnspec.language.mistakes import Situation  # noqa: PLC0415 - only for mistakes

        texts = _texts()
        expected = frozenset(texts.get(kind, kind) for kind in self._automaton.expected())
        return Situation(self._source, token, tuple(self._line), tuple(self._line_before), expected)

    def _leave_out(self, token: Token, *, is_body_missing: bool = False) -> Token:
        """Put `_BROKEN` in the place of the statement that the automaton is in; the token to go on with.

        A body that follows is read as that of the broken statement, so that its own mistakes are found.
        """
        is_spread = self._is_spread(token)
        self._automaton.unwind(BROKEN)
        self._automaton.feed(Token(BROKEN, "", token.start, token.start))
        if token.kind in (INDENT, DEDENT) or is_body_missing:
            self._automaton.feed(Token(NEWLINE, "", token.start, token.start))
            return self._lexer.with_context(token, self._automaton.fits)
        return self._lexer.skip_statement(token, is_spread=is_spread)

    def _is_spread(self, token: Token) -> bool:
        """Whether the lines below a broken statement seem to be part of it.

        That is so where it is spread over lines already, or its line ends where a value must follow.
        """
        if not self._line or self._line[0].kind in _HEADS:
            return False
        first, last = (self._source.position(place.start)[0] for place in (self._line[0], token))
        return first != last or (token.kind == NEWLINE and self._automaton.fits("NUMBER"))
