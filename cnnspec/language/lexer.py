"""Text to tokens: words, numbers and signs as the grammar has them, and the layout of lines.

The lexer knows from the parser which tokens fit next, so that a word is a keyword only where the grammar
has one. Outside brackets it turns line ends and indentation into `_NEWLINE`, `_INDENT` and `_DEDENT`; a
deeper line that begins with `->` goes on with the line above.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from cnnspec.diagnostics import Diagnostic, Edit, Help, Source, Span
from cnnspec.language.brackets import closes_more, lines_of_words, pass_line
from cnnspec.language.characters import Misfit, is_odd_space, misfit, with_plain_spaces
from cnnspec.language.findings import Findings
from cnnspec.language.indentation import Fault, Indentation
from cnnspec.language.limits import MAX_NESTING
from cnnspec.language.table import END
from cnnspec.language.tokens import BAD, CLOSERS, DEDENT, INDENT, NEWLINE, Token, Vocabulary

_CONTINUATION = "->"


class Lexer:
    """Reads tokens from a source, one at a time, as the parser asks for them."""

    def __init__(self, source: Source, words: Vocabulary, findings: Findings) -> None:
        self.comments: list[Span] = []
        self.brackets: list[Token] = []
        self._source = source
        self._text = source.text
        self._words = words
        self._findings = findings
        self._position = 1 if source.text.startswith("\ufeff") else 0
        self._end_of_last = self._position
        self._indentation = Indentation()
        self._faults: set[Fault] = set()
        self._before_line: tuple[tuple[str, ...], frozenset[Fault]] = ((), frozenset())
        self._absorbs = False
        self._is_behind_colon = False
        self._pending: deque[Token] = deque()
        self._is_first_line = True

    # --- tokens

    def next(self, fits: Callable[[str], bool]) -> Token:
        """The next token; `fits` says of a terminal whether the grammar has it here."""
        if self._is_first_line:
            self._begin_line()
            self._is_first_line = False
        while not self._pending:
            match = self._words.pattern.match(self._text, self._position)
            if match is None:
                self._without_match(fits)
                continue
            kind = match.lastgroup or ""
            start, self._position = match.span()
            if kind in self._words.ignored:
                if kind == "COMMENT":
                    self.comments.append(Span(self._source, start, self._position))
            elif kind != NEWLINE:
                return self._token(kind, match[0], start, fits)
            elif not self.brackets:
                self._begin_line()
        return self._pending.popleft()

    def _token(self, kind: str, text: str, start: int, fits: Callable[[str], bool]) -> Token:
        self._end_of_last = self._position
        self._is_behind_colon = text == ":"
        token = Token(kind, text, start, self._position)
        if kind == "NAME":
            return self.with_context(token, fits)
        if text in CLOSERS:
            return self._open(token)
        if self.brackets and text == CLOSERS[self.brackets[-1].text]:
            self.brackets.pop()
        return token

    def with_context(self, token: Token, fits: Callable[[str], bool]) -> Token:
        """A word as a keyword where that fits, and as a name everywhere else; another token as it is."""
        keyword = self._words.keywords.get(token.text)
        if keyword is None:
            return token
        return token._replace(kind=keyword if fits(keyword) else "NAME")

    def _open(self, token: Token) -> Token:
        self.brackets.append(token)
        if len(self.brackets) <= MAX_NESTING:
            return token
        span = Span(self._source, token.start, token.end)
        self._findings.add(Diagnostic("limit", f"more than {MAX_NESTING} brackets within each other", span))
        return token._replace(kind=BAD)

    def _without_match(self, fits: Callable[[str], bool]) -> None:
        """The end of the text, or what begins no token: that is reported and read as what was meant."""
        if self._position >= len(self._text):
            self._end()
            return
        found = misfit(self._text, self._position)
        start, self._position = self._position, self._position + found.skip
        self._findings.add(self._diagnose(found, start))
        if found.read_as == " ":
            return
        match = self._words.pattern.fullmatch(found.read_as or "")
        if match is None:
            self._pending.append(Token(BAD, "", start, self._position))
        else:
            self._pending.append(self._token(match.lastgroup or "", match[0], start, fits))

    def _diagnose(self, found: Misfit, start: int) -> Diagnostic:
        span = Span(self._source, start, start + found.length)
        edits = () if found.instead is None else (Edit(span, found.instead),)
        help_ = Help(found.help, edits) if found.help else None
        return Diagnostic(found.code, found.message, span, help=help_)

    def _end(self) -> None:
        if self.brackets:
            self._pending.append(Token(END, "", self._position, self._position))
        else:
            self._begin_line()

    # --- lines

    def _begin_line(self) -> None:
        """Go to the next line with something on it, and queue what the change of lines means."""
        self._before_line = self._indentation.levels, frozenset(self._faults)
        line_start, indentation = self._skip_blank_lines()
        if indentation is not None and self._goes_on(indentation):
            return
        self.brackets.clear()
        self._absorbs = False
        if not self._is_first_line:
            self._pending.append(self._mark(NEWLINE))
        if indentation is None:
            self._pending.extend(self._mark(DEDENT) for _ in range(self._indentation.open_bodies))
            self._pending.append(Token(END, "", self._position, self._position))
        else:
            self._indent(indentation, Span(self._source, line_start, self._position))

    def _goes_on(self, indentation: str) -> bool:
        """Whether the line at this position belongs to the statement before it."""
        is_deeper = self._indentation.is_deeper(indentation) and not self._is_first_line
        if self._absorbs:
            return is_deeper or closes_more(self._text, self._position)
        return is_deeper and self._text.startswith(_CONTINUATION, self._position)

    def _indent(self, indentation: str, span: Span) -> None:
        step = self._indentation.enter(indentation, is_body_due=self._is_behind_colon)
        self._pending.extend(self._mark(DEDENT) for _ in range(step.closes))
        if step.fault is None:
            self._faults.discard(Fault.BETWEEN)
        elif step.fault is not Fault.BETWEEN or not self._is_behind_colon:  # else a body is missing
            self._report_fault(step.fault, span)
        if step.opens:
            self._pending.append(Token(INDENT, indentation, span.start, span.end))
        elif step.fault is Fault.TOO_DEEP:
            self._pending.append(Token(BAD, indentation, span.start, span.end))

    def _mark(self, kind: str) -> Token:
        """A token without characters, at the end of what was read."""
        return Token(kind, "", self._end_of_last, self._end_of_last)

    def _skip_blank_lines(self) -> tuple[int, str | None]:
        """Go to the first character of the next line with something on it.

        Gives where that line starts and its indentation, or None at the end of the text.
        """
        start = self._position
        while True:
            if match := self._words.blank_line.match(self._text, self._position):
                if match[2]:
                    self.comments.append(Span(self._source, *match.span(2)))
                self._position = start = match.end()
                if not match[3]:
                    return start, None
                continue
            space = self._words.space.match(self._text, self._position)
            self._position = space.end() if space else self._position
            if not is_odd_space(self._text[self._position]):
                return start, with_plain_spaces(self._text[start : self._position])
            self._without_match(_nothing_fits)

    def _report_fault(self, fault: Fault, span: Span) -> None:
        """Say what is wrong with the indentation of a line, once for many lines with the same mistake."""
        if fault not in self._faults:
            self._findings.add(Diagnostic(fault.code, fault.value, span))
        self._faults.add(fault)

    # --- recovery

    def line_after_unclosed(self, bracket: Token, limit: int) -> int | None:
        """Where the first line ends before one that, to judge by its indentation, is a statement of its own.

        Looks from an open bracket up to the offset `limit`. None: there is no such line.
        """
        lines = lines_of_words(self._text, bracket.end, limit)
        return next((end for end, indentation in lines if not self._indentation.is_deeper(indentation)), None)

    def resume(self, position: int) -> Token:
        """Go back to the end of a line and take the statement as ended there: the `_NEWLINE` that ends it."""
        self.brackets.clear()
        self._go_back(position)
        return self.next(_nothing_fits)

    def _go_back(self, position: int) -> None:
        self._position = position
        self._end_of_last = len(self._text[:position].rstrip())
        self._findings.forget_after(position)
        while self.comments and self.comments[-1].start >= position:
            self.comments.pop()

    def skip_statement(self, token: Token, *, is_spread: bool) -> Token:
        """Leave out the rest of the statement from a token on: the `_NEWLINE` that ends it.

        Where the statement is spread over lines, deeper lines and those that close brackets are part of it.
        """
        if token.kind == NEWLINE and not is_spread:
            return token
        if token.kind == NEWLINE:
            levels, faults = self._before_line
            self._indentation.restore(levels)
            self._faults = set(faults)
            self._pending.clear()
            self._go_back(token.start)
        open_brackets = len(self.brackets)
        while not self._pending:
            self._position, open_brackets = pass_line(self._text, self._position, open_brackets)
            self._absorbs = is_spread or open_brackets > 0
            self._begin_line()
        return self._pending.popleft()


def _nothing_fits(_kind: str) -> bool:
    return False
