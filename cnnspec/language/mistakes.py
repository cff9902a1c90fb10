"""What is wrong where a token does not fit, in words: what stands there and what could stand there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from cnnspec.diagnostics import Diagnostic, Edit, Help, Label, Source, Span
from cnnspec.language.table import END
from cnnspec.language.tokens import CLOSERS, DEDENT, INDENT, NEWLINE, Token

HEADS = frozenset({"net", "block", "repeat", "for", "if", "elif", "else"})
"""The words that begin a statement with a body."""
VALUES = frozenset(
    {"NAME", "NUMBER", "SIZES", "STRING", "layer", "training", "use", "in", "?", "-", "(", "["}
)
"""What a value may begin with (`not` aside)."""
OPERATORS = frozenset(
    {"+", "-", "*", "/", "//", "%", "**", "==", "!=", "<", "<=", ">", ">=", "and", "or", "if", "as"}
    | {".", "(", "[", "->"}
)
"""What may follow any value."""
_NOUNS = {
    NEWLINE: "the end of the line",
    END: "the end of the file",
    INDENT: "an indented line",
    DEDENT: "the end of the body",
    "DOC": "a docstring",
    "NAME": "a name",
    "NUMBER": "a number",
    "STRING": 'a text in `"`',
}
_SHOWN = 40


@dataclass(frozen=True)
class Situation:
    """Where a token did not fit.

    `line` holds the tokens of the statement so far, `line_before` those of the one before. `expected` has
    what would have fitted: the exact text of words and signs, the terminal's name of everything else.
    """

    source: Source
    token: Token
    line: tuple[Token, ...]
    line_before: tuple[Token, ...]
    expected: frozenset[str]

    @cached_property
    def previous(self) -> Token:
        """The token before, in the same statement; one without text where there is none."""
        return self.line[-1] if self.line else Token("", "", self.token.start, self.token.start)

    @property
    def first(self) -> Token:
        """The first token of the statement."""
        return self.line[0] if self.line else self.token

    @cached_property
    def open_bracket(self) -> Token | None:
        """The innermost bracket that is open before the token."""
        stack: list[Token] = []
        for token in self.line:
            if token.text in CLOSERS:
                stack.append(token)
            elif stack and token.text == CLOSERS[stack[-1].text]:
                stack.pop()
        return stack[-1] if stack else None

    @property
    def is_head(self) -> bool:
        """Whether the statement is one with a body."""
        return bool(self.line) and self.first.text in HEADS and self.first.kind != "NAME"

    @property
    def end_of_head(self) -> int | None:
        """Where a head ends with its `:` and the line, though a bracket is still open in it."""
        if not self.is_head or self.open_bracket is None:
            return None
        for token in (self.token, self.previous):
            if token.text == ":" and self.source.text[token.end : token.end + 1] in ("", "\r", "\n"):
                return token.end
        return None

    @property
    def is_body_missing(self) -> bool:
        """Whether an indented body had to begin here."""
        return self.expected == frozenset({INDENT})

    @property
    def begins_value(self) -> bool:
        """Whether the token could begin a value elsewhere."""
        return self.token.kind in VALUES or self.token.text in VALUES

    def span(self, token: Token | None = None) -> Span:
        """The characters of a token (by default the one that does not fit)."""
        token = token or self.token
        return Span(self.source, token.start, token.end)

    @property
    def place(self) -> Span:
        """Where something is missing: the token, or at the end of a line the place behind its last one."""
        is_end = self.token.kind in (NEWLINE, END) and bool(self.line)
        return Span(self.source, self.previous.end, self.previous.end) if is_end else self.span()

    @property
    def rest_of_line(self) -> str:
        """The text from the token to the end of its line, without a comment."""
        start = self.span()
        return self.source.line_text(start.line)[start.column - 1 :].split("#")[0].rstrip()


def syntax(
    message: str,
    span: Span,
    help_text: str = "",
    *,
    edit: str | None = None,
    labels: tuple[Label, ...] = (),
    code: str = "syntax",
) -> Diagnostic:
    """A diagnostic; `edit` is what to write in the place of its span."""
    edits = () if edit is None else (Edit(span, edit),)
    return Diagnostic(code, message, span, labels=labels, help=Help(help_text, edits) if help_text else None)


def missing(
    situation: Situation, word: str, message: str, help_text: str = "", *, code: str = "syntax"
) -> Diagnostic:
    """A diagnostic for a word or sign that is to be added behind the token before."""
    behind = Span(situation.source, situation.previous.end, situation.previous.end)
    added = word if word in (",", ":") else f" {word}"
    help_ = Help(help_text or f"add `{word}`", (Edit(behind, added),))
    return Diagnostic(code, message, situation.place, help=help_)


def unexpected(situation: Situation) -> Diagnostic:
    """What is said where nothing better is known: what was found and what could stand there."""
    *others, last = _wanted(situation)
    wanted = f"{', '.join(others)} or {last}" if others else last
    return Diagnostic("syntax", f"expected {wanted}, found {describe(situation.token)}", situation.place)


def describe(token: Token) -> str:
    """A token in words."""
    if token.kind in (NEWLINE, END, INDENT, DEDENT, "DOC"):
        return _NOUNS[token.kind]
    return f"`{shortened(token.text)}`"


def shortened(text: str) -> str:
    """A text that is not too long to be shown in a message."""
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _wanted(situation: Situation) -> list[str]:
    """What could stand here: values, then signs and words, then sorts of tokens, then operators."""
    expected = set(situation.expected)
    words: list[str] = []
    if not situation.line:
        return ["`net`, `block`, `use`, `expect` or `name = …`" if "net" in expected else "a statement"]
    if "NUMBER" in expected:
        expected -= VALUES | {"not", "DOC"}
        words.append("a value")
    elif "NAME" in expected:
        expected -= {"layer", "training", "use"}
    is_after_value = "+" in expected
    if is_after_value:
        expected -= OPERATORS
    words += [f"`{text}`" for text in sorted(expected) if text not in _NOUNS and not text.startswith("_")]
    words += [noun for kind, noun in _NOUNS.items() if kind in expected]
    return words + ["an operator"] * is_after_value
