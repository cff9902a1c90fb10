"""Slips in signs: brackets, `=`, and the operators of other languages."""

from __future__ import annotations

from cnnspec.diagnostics import Diagnostic, Label, Span
from cnnspec.language.mistakes import Situation, syntax
from cnnspec.language.tokens import CLOSERS, Token

_ARITHMETIC = frozenset({"+", "-", "*", "/", "//", "%", "**"})
_FOREIGN = {
    ("=", ">"): "->",
    ("-", ">"): "->",
    (">", ">"): "->",
    ("<", ">"): "!=",
    ("=", "<"): "<=",
    ("==", "="): "==",
    ("=", "="): "==",
}


def never_closed(s: Situation, bracket: Token) -> Diagnostic:
    """A bracket that is still open where its statement must have ended."""
    message = f"this `{bracket.text}` is never closed"
    return syntax(
        message, s.span(bracket), f"close it with `{CLOSERS[bracket.text]}`", code="unclosed-bracket"
    )


def wrong_closer(s: Situation) -> Diagnostic | None:
    """A closing bracket that closes nothing, or another one."""
    if s.token.text not in CLOSERS.values():
        return None
    if s.open_bracket is None:
        message = f"nothing is open that this `{s.token.text}` would close"
        return syntax(message, s.span(), "remove it", edit="", code="unmatched-bracket")
    wanted = CLOSERS[s.open_bracket.text]
    if s.token.text == wanted:
        return None
    label = Label(s.span(s.open_bracket), "opened here")
    message = f"`{s.token.text}` does not close `{s.open_bracket.text}`"
    help_text = f"write `{wanted}`"
    return syntax(message, s.span(), help_text, edit=wanted, labels=(label,), code="unmatched-bracket")


def listing(s: Situation) -> Diagnostic | None:
    """List comprehensions and slices."""
    if s.open_bracket is None:
        return None
    if s.token.text == "for":
        message = "a list says its items one by one"
        return syntax(message, s.span(), "use a `for … in …:` statement", code="foreign-operator")
    if s.token.text == ":" and s.open_bracket.text == "[":
        help_text = "take items by `a[0]`, channels by `split`"
        return syntax("slices are not part of the language", s.span(), help_text, code="foreign-operator")
    return None


def equals(s: Situation) -> Diagnostic | None:
    """`=` where it names nothing."""
    if s.token.text != "=":
        return None
    if s.previous.kind == "OUTPUT":
        help_text = "write `output …`, or `output name = …`"
        return syntax("an output without a name takes no `=`", s.span(), help_text, code="equals-sign")
    if s.previous.text in _ARITHMETIC and s.previous.end == s.token.start:
        sign = s.previous.text
        span = s.span(s.previous).to(s.span())
        message = f"`{sign}=` is not part of the language"
        return syntax(message, span, f"write `name = name {sign} …`", code="foreign-operator")
    if "+" not in s.expected:
        return None
    is_condition = s.first.text in ("if", "elif", "expect") or any(
        token.kind in ("WHERE", "IF") for token in s.line
    )
    if is_condition or s.open_bracket is not None:
        return syntax("`=` names a value", s.span(), "to compare, write `==`", edit="==", code="equals-sign")
    message = "only names stand on the left of `=`"
    return syntax(message, s.span(), "to compare, write `==`", code="equals-sign")


def foreign_sign(s: Situation) -> Diagnostic | None:
    """`=>` and the like: two signs that are one elsewhere."""
    is_second = s.token.start - s.previous.end <= 1
    meant = _FOREIGN.get((s.previous.text, s.token.text)) if is_second else None
    span = s.span(s.previous).to(s.span())
    if meant is None:
        span = Span(s.source, s.token.start, s.token.end + 1)
        meant = _FOREIGN.get((s.token.text, span.text[len(s.token.text) :]))
    if meant is None:
        return None
    return _foreign(f"`{span.text}` is not part of the language", span, f"write `{meant}`", meant)


def foreign_operator(s: Situation) -> Diagnostic | None:
    """`is`, `in`, `? :`, and `//` for a comment."""
    if not s.line and s.token.text in ("/", "//", "*"):
        return _foreign("a comment begins with `#`", s.span(), "write `#`", "#")
    if "+" not in s.expected:
        return None
    if s.token.text == "is":
        return _foreign("`is` is not part of the language", s.span(), "write `==`", "==")
    if s.token.text == "in":
        return _foreign("`in` does not compare", s.span(), "compare with each value, joined by `or`")
    if s.token.text == "?":
        return _foreign("`?` does not choose", s.span(), "write `a if condition else b`")
    return None


def _foreign(message: str, span: Span, help_text: str, edit: str | None = None) -> Diagnostic:
    return syntax(message, span, help_text, edit=edit, code="foreign-operator")


def trailing_point(s: Situation) -> Diagnostic | None:
    """`5.`."""
    if s.previous.text != "." or len(s.line) < 2 or s.line[-2].kind != "NUMBER":
        return None
    message = "a number ends with a digit"
    return syntax(message, s.span(s.previous), "leave the point out", edit="", code="bad-number")


def leading_point(s: Situation) -> Diagnostic | None:
    """`.5`."""
    following = s.source.text[s.token.end : s.token.end + 1]
    if s.token.text != "." or not following.isdecimal():
        return None
    return syntax("a number begins with a digit", s.span(), "write `0.`", edit="0.", code="bad-number")
