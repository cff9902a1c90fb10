"""Slips in the layout: lines, bodies and their heads."""

from __future__ import annotations

from cnnspec.diagnostics import Diagnostic, Label
from cnnspec.language.mistakes import HEADS, Situation, missing, syntax
from cnnspec.language.table import END
from cnnspec.language.tokens import DEDENT, INDENT, NEWLINE


def deeper_line(s: Situation) -> Diagnostic | None:
    """A line is indented below one that opens no body."""
    if s.token.kind != INDENT:
        return None
    if not s.line_before:
        return syntax(
            "a file begins at the left edge", s.span(), "indent nothing here", edit="", code="indentation"
        )
    message = "this line is indented deeper than the line above, which does not begin a body"
    above = s.source.line_text(s.span(s.line_before[0]).line)
    indentation = above[: len(above) - len(above.lstrip())]
    return syntax(message, s.span(), "indent it like the line above", edit=indentation, code="indentation")


def missing_body(s: Situation) -> Diagnostic | None:
    """The line after a head is not indented."""
    if not s.is_body_missing or not s.line_before:
        return None
    head, colon = s.line_before[0], s.line_before[-1]
    if s.token.kind in (DEDENT, END) or s.token.text in ("net", "block", "elif", "else"):
        message = f"this `{head.text}` has no body"
        return syntax(message, s.span(colon), "its body is the indented lines below it", code="missing-body")
    message = f"this line must be indented deeper than the `{head.text}` above"
    label = Label(s.span(head), "its body begins below")
    edit = "    " + s.token.text
    return syntax(message, s.span(), "indent the body", edit=edit, labels=(label,), code="missing-body")


def arrow_first(s: Situation) -> Diagnostic | None:
    """`-> relu` begins a line that is not deeper than the one it goes on with."""
    if s.line or s.token.text != "->":
        return None
    message = "a line that begins with `->` goes on with the line above, and stands deeper"
    return syntax(
        message, s.span(), "indent this line, or begin it with `it`", edit="    ->", code="indentation"
    )


def arrow_last(s: Situation) -> Diagnostic | None:
    """A line ends with `->`."""
    if s.previous.text != "->" or s.token.kind != NEWLINE:
        return None
    help_text = "to go on in the next line, begin that with `->` and indent it deeper"
    return syntax("a layer is missing after `->`", s.span(s.previous), help_text, code="missing-value")


def else_if(s: Situation) -> Diagnostic | None:
    """`else if` for `elif`."""
    if s.token.text != "if" or s.previous.text != "else" or len(s.line) != 1:
        return None
    both = s.span(s.previous).to(s.span())
    return syntax("`else if` is one word here", both, "write `elif`", edit="elif", code="foreign-word")


def else_alone(s: Situation) -> Diagnostic | None:
    """`else` where no `if` came before."""
    if s.line or s.token.text not in ("else", "elif"):
        return None
    return syntax(
        f"this `{s.token.text}` has no `if` above it, indented alike", s.span(), code="misplaced-statement"
    )


def body_in_body(s: Situation) -> Diagnostic | None:
    """`repeat 2: repeat 3: …` on one line."""
    head = s.token if s.previous.text == ":" else s.previous
    colon = s.line[-2:-1] if head is s.previous else s.line[-1:]
    if head.text not in HEADS or not colon or colon[0].text != ":" or s.open_bracket is not None:
        return None
    message = f"this `{head.text}` needs a line of its own"
    return syntax(message, s.span(head), "begin a new line, indented deeper", code="misplaced-statement")


def missing_colon(s: Situation) -> Diagnostic | None:
    """A head, or an input's name, without its `:`."""
    if ":" not in s.expected or not (s.is_head or s.first.text == "input"):
        return None
    if s.is_head and s.token.kind != NEWLINE and ":" in s.rest_of_line:
        return None
    after = "the input's name" if s.first.text == "input" else f"the head of this `{s.first.text}`"
    if s.token.text == "=":
        return syntax(
            f"`:` belongs after {after}, not `=`", s.span(), "write `:`", edit=":", code="missing-colon"
        )
    return missing(s, ":", f"`:` is missing after {after}", code="missing-colon")


def docstring_elsewhere(s: Situation) -> Diagnostic | None:
    """A docstring that does not stand first."""
    if s.token.kind != "DOC":
        return None
    message = "a docstring stands first in its file, net or block"
    return syntax(message, s.span(), "comments begin with `#`", code="misplaced-statement")
