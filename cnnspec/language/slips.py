"""Common slips: what people write when they mean something that the language says in another way.

Each function looks at one situation and either knows what happened or gives None; `diagnose` asks them in
order and falls back on what was found and expected.
"""

from __future__ import annotations

from collections.abc import Callable

from cnnspec.diagnostics import Diagnostic, Edit, Help, Label, Span
from cnnspec.diagnostics.suggest import nearest
from cnnspec.language.mistakes import HEADS, Situation, describe, syntax, unexpected
from cnnspec.language.table import END
from cnnspec.language.tokens import CLOSERS, DEDENT, INDENT, NEWLINE, Token

_STATEMENTS = (*HEADS, "input", "output", "expect", "training", "layer", "use")
_ONLY_IN_BODIES = frozenset({"input", "output", "repeat", "for", "if", "layer", "training"})
_FOREIGN = {
    "def": "a part to be used again is a `block name(parameters):`",
    "fn": "a part to be used again is a `block name(parameters):`",
    "func": "a part to be used again is a `block name(parameters):`",
    "function": "a part to be used again is a `block name(parameters):`",
    "class": "a network is a `net name:`, a part of one a `block name:`",
    "model": "a network is a `net name:`",
    "network": "a network is a `net name:`",
    "import": 'another file is brought in by `use "blocks/resnet.cnn"`',
    "from": 'another file is brought in by `use "blocks/resnet.cnn"`',
    "include": 'another file is brought in by `use "blocks/resnet.cnn"`',
    "return": "the last line of a block is its value; a net says `output …`",
    "while": "repetition is `repeat n:` or `for x in […]:`",
    "loop": "repetition is `repeat n:` or `for x in […]:`",
    "elseif": "write `elif`",
    "elsif": "write `elif`",
    "let": "write `name = value`",
    "var": "write `name = value`",
    "const": "write `name = value`",
    "assert": "what must hold is said by `expect …`",
}
_FOREIGN_SIGNS = {
    ("=", ">"): "->",
    ("-", ">"): "->",
    (">", ">"): "->",
    ("|", ">"): "->",
    ("<", ">"): "!=",
    ("=", "<"): "<=",
    ("==", "="): "==",
    ("=", "="): "==",
}


def diagnose(situation: Situation) -> Diagnostic:
    """What is wrong."""
    return next(filter(None, (slip(situation) for slip in _SLIPS)), None) or unexpected(situation)


def never_closed(situation: Situation, bracket: Token) -> Diagnostic:
    """A bracket that is still open where its statement must have ended."""
    closer = CLOSERS[bracket.text]
    return syntax(f"this `{bracket.text}` is never closed", situation.span(bracket), f"close it with `{closer}`")


# --- lines and bodies


def _deeper_line(s: Situation) -> Diagnostic | None:
    if s.token.kind != INDENT:
        return None
    message = "this line is indented deeper than the line above, which does not begin a body"
    above = s.source.line_text(s.span(s.line_before[0]).line) if s.line_before else ""
    indentation = above[: len(above) - len(above.lstrip())]
    return syntax(message, s.span(), "indent it like the line above", indentation, code="indentation")


def _missing_body(s: Situation) -> Diagnostic | None:
    if not s.is_body_missing or not s.line_before:
        return None
    head, colon = s.line_before[0], s.line_before[-1]
    if s.token.kind in (DEDENT, END) or s.token.text in ("net", "block", "elif", "else"):
        message = f"this `{head.text}` has no body"
        return syntax(message, s.span(colon), "its body is the indented lines below it", code="indentation")
    label = Label(s.span(head), "which begins a body")
    message = f"this line must be indented deeper than the `{head.text}` above"
    return syntax(message, s.span(), "indent the body", "    " + s.token.text, label, code="indentation")


def _arrow_first(s: Situation) -> Diagnostic | None:
    if s.line or s.token.text != "->":
        return None
    message = "a line that begins with `->` goes on with the line above, and is indented deeper than that"
    return syntax(message, s.span(), "indent this line, or begin it with `it`", "    ->")


def _arrow_last(s: Situation) -> Diagnostic | None:
    if s.previous.text != "->" or s.token.kind != NEWLINE:
        return None
    help_text = "to go on in the next line, begin that with `->` and indent it deeper"
    return syntax("a layer is missing after `->`", s.span(s.previous), help_text)


def _missing_colon(s: Situation) -> Diagnostic | None:
    if ":" not in s.expected or not (s.is_head or s.first.text == "input"):
        return None
    if s.is_head and s.token.kind != NEWLINE and _rest_of_line(s).endswith(":"):
        return None
    after = "the input's name" if s.first.text == "input" else f"the head of this `{s.first.text}`"
    if s.token.text == "=":
        return syntax(f"`:` belongs after {after}, not `=`", s.span(), "write `:`", ":")
    is_end = s.token.kind == NEWLINE
    span = s.between() if is_end else s.span()
    message = f"`:` is missing after {after}"
    return Diagnostic("syntax", message, span, help=Help("add `:`", (Edit(s.between(), ":"),)))


def _rest_of_line(s: Situation) -> str:
    line = s.source.line_text(s.span().line)
    return line[s.span().column - 1 :].split("#")[0].rstrip()


def _else_alone(s: Situation) -> Diagnostic | None:
    if s.line or s.token.text not in ("else", "elif"):
        return None
    return syntax(f"this `{s.token.text}` has no `if` above it, indented alike", s.span())


def _else_if(s: Situation) -> Diagnostic | None:
    if s.token.text != "if" or s.previous.text != "else" or len(s.line) != 1:
        return None
    return syntax("`else if` is one word here", s.span(s.previous).to(s.span()), "write `elif`", "elif")


def _docstring_elsewhere(s: Situation) -> Diagnostic | None:
    if s.token.kind != "DOC":
        return None
    return syntax("a docstring stands first in its file, net or block", s.span(), "comments begin with `#`")


# --- brackets


def _wrong_closer(s: Situation) -> Diagnostic | None:
    if s.token.text not in CLOSERS.values():
        return None
    if s.open_bracket is None:
        return syntax(f"nothing is open that this `{s.token.text}` would close", s.span(), "remove it", "")
    wanted = CLOSERS[s.open_bracket.text]
    if s.token.text == wanted:
        return None
    label = Label(s.span(s.open_bracket), "opened here")
    message = f"`{s.token.text}` does not close `{s.open_bracket.text}`"
    return syntax(message, s.span(), f"write `{wanted}`", wanted, label)


def _missing_comma(s: Situation) -> Diagnostic | None:
    if s.open_bracket is None or "," not in s.expected or not s.begins_value:
        return None
    help_ = Help("add `,`", (Edit(s.between(), ","),))
    return Diagnostic("syntax", f"`,` is missing before {describe(s.token)}", s.span(), help=help_)


def _listing(s: Situation) -> Diagnostic | None:
    if s.open_bracket is None:
        return None
    if s.token.text == "for":
        return syntax("a list says its items one by one", s.span(), "use a `for … in …:` statement")
    if s.token.text == ":" and s.open_bracket.text == "[":
        return syntax("slices are not part of the language", s.span(), "take items by `a[0]`, channels by `split`")
    return None


# --- words of other languages, and misspelt ones


def _foreign_word(s: Situation) -> Diagnostic | None:
    if len(s.line) != 1 or s.first.kind != "NAME" or s.first.text not in _FOREIGN:
        return None
    if not s.begins_value and s.token.text != ":":
        return None
    return syntax(f"`{s.first.text}` is not a word of the language", s.span(s.first), _FOREIGN[s.first.text])


def _wrong_place(s: Situation) -> Diagnostic | None:
    """Statements at the left edge that belong in a body, and definitions in a body."""
    if len(s.line) > 1:
        return None
    word = s.first.text
    is_outermost = "net" in s.expected or s.expected == {"=", ","}
    if is_outermost and word in _ONLY_IN_BODIES:
        return syntax(f"`{word}` stands inside a net or a block", s.span(s.first), "indent it below a `net name:`")
    if s.expected == {"=", ","}:
        return syntax("layers stand inside a net or a block", s.span(s.first), "indent them below a `net name:`")
    if s.line and s.begins_value and word in ("net", "block", "use"):
        return syntax(f"`{word}` stands at the left edge, outside nets and blocks", s.span(s.first))
    return None


def _misspelt_word(s: Situation) -> Diagnostic | None:
    if len(s.line) != 1 or s.first.kind != "NAME" or not (s.begins_value or s.token.text == ":"):
        return None
    if s.token.text in ("(", "[", "-"):
        return None
    meant = nearest(s.first.text, _STATEMENTS)
    if meant is None:
        return None
    message = f"`{s.first.text}` does not begin a statement"
    return syntax(message, s.span(s.first), f"did you mean `{meant}`?", meant)


def _use_without_quotes(s: Situation) -> Diagnostic | None:
    if s.previous.kind != "USE" or s.token.kind != "NAME":
        return None
    return syntax("`use` takes a path in quotes, or `std`", s.span(), f'write `use "{s.token.text}.cnn"`')


def _training_alone(s: Situation) -> Diagnostic | None:
    if len(s.line) != 1 or s.previous.kind != "TRAINING" or not s.begins_value:
        return None
    help_ = Help("add `output`", (Edit(s.between(), " output"),))
    return Diagnostic("syntax", "`training` is followed by `output`", s.span(), help=help_)


def _typed_parameter(s: Situation) -> Diagnostic | None:
    if s.expected != {"tensor"}:
        return None
    message = "a parameter is a number, or marked as a `tensor`"
    return syntax(message, s.span(), "leave the mark out for a number")


# --- signs


def _equals(s: Situation) -> Diagnostic | None:
    if s.token.text != "=":
        return None
    if s.first.text in ("output", "training") and s.previous.text == "output":
        return syntax("an output takes no `=` without a name", s.span(), "write `output …` or `output name = …`")
    if s.first.text == "input":
        return syntax("an input needs a name", s.span(), "write `input image: [channels, height, width]`")
    if s.previous.text in ("+", "-", "*", "/", "//", "%", "**") and s.previous.end == s.token.start:
        sign = s.previous.text
        span = s.span(s.previous).to(s.span())
        return syntax(f"`{sign}=` is not part of the language", span, f"write `name = name {sign} …`")
    is_condition = s.first.text in ("if", "elif", "expect") or any(token.kind == "WHERE" for token in s.line)
    if is_condition or s.open_bracket is not None or "if" in [token.text for token in s.line]:
        return syntax("`=` names a value", s.span(), "to compare, write `==`", "==")
    if "+" in s.expected:
        return syntax("only names stand on the left of `=`", s.span(), "to compare, write `==`")
    return None


def _foreign_sign(s: Situation) -> Diagnostic | None:
    meant = _FOREIGN_SIGNS.get((s.previous.text, s.token.text))
    if meant is None or s.token.start - s.previous.end > 1:
        return None
    span = s.span(s.previous).to(s.span())
    return syntax(f"`{span.text}` is not part of the language", span, f"write `{meant}`", meant)


def _foreign_operator(s: Situation) -> Diagnostic | None:
    if "+" not in s.expected:
        is_comment = not s.line and s.token.text in ("/", "//", "*")
        return syntax("a comment begins with `#`", s.span(), "write `#`", "#") if is_comment else None
    if s.token.text == "is":
        return syntax("`is` is not part of the language", s.span(), "write `==`", "==")
    if s.token.text == "in":
        return syntax("`in` does not compare", s.span(), "compare with each value, joined by `or`")
    if s.token.text == "?":
        return syntax("`?` does not choose", s.span(), "write `a if condition else b`")
    return None


def _leading_point(s: Situation) -> Diagnostic | None:
    following = s.source.text[s.token.end : s.token.end + 1]
    if s.token.text != "." or not following.isdigit():
        return None
    return syntax("a number begins with a digit", s.span(), "write `0.`", "0.")


# --- values side by side, and values missing


def _apart(s: Situation) -> Diagnostic | None:
    """Sizes with blanks: `3 x 5`."""
    if s.previous.kind != "NUMBER" or s.token.kind != "NAME" or not s.token.text.startswith("x"):
        return None
    return syntax("sizes are written without blanks", s.span(), "write `3x5`, or `(3, k)` with a name")


def _missing_word(s: Situation) -> Diagnostic | None:
    if s.token.kind != "NUMBER" or s.open_bracket is not None:
        return None
    for word in ("within", "weight"):
        if word in s.expected and s.first.text in ("expect", "output", "training"):
            help_ = Help(f"add `{word}`", (Edit(s.between(), f" {word}"),))
            message = f"`{word}` is missing before {describe(s.token)}"
            return Diagnostic("syntax", message, s.span(), help=help_)
    return None


def _bare_arguments(s: Situation) -> Diagnostic | None:
    if s.previous.kind != "NAME" or s.token.kind not in ("NUMBER", "SIZES") or "(" not in s.expected:
        return None
    message = f"the arguments of `{s.previous.text}` stand in brackets"
    return syntax(message, s.span(), f"write `{s.previous.text}({s.token.text}, …)`")


def _missing_arrow(s: Situation) -> Diagnostic | None:
    is_word = s.token.kind == "NAME" and s.previous.text in (")", "]") or s.previous.kind == "NAME"
    if not is_word or "->" not in s.expected or not s.begins_value or s.open_bracket is not None:
        return None
    help_ = Help("add `->`", (Edit(s.between(), " ->"),))
    return Diagnostic("syntax", f"`->` is missing before {describe(s.token)}", s.span(), help=help_)


def _missing_else(s: Situation) -> Diagnostic | None:
    if "else" not in s.expected or not s.line:
        return None
    message = "a choice between values needs its `else`"
    span = s.between() if s.token.kind in (NEWLINE, END) else s.span()
    return syntax(message, span, "write `a if condition else b`")


def _missing_value(s: Situation) -> Diagnostic | None:
    if "NUMBER" not in s.expected or not s.line or s.begins_value:
        return None
    is_end = s.token.kind in (NEWLINE, END)
    where = f"after `{s.previous.text}`" if is_end else f"between `{s.previous.text}` and {describe(s.token)}"
    span = Span(s.source, s.previous.start, s.previous.end) if is_end else s.span()
    return syntax(f"a value is missing {where}", span)


_SLIPS: tuple[Callable[[Situation], Diagnostic | None], ...] = (
    _deeper_line,
    _missing_body,
    _arrow_first,
    _arrow_last,
    _else_if,
    _foreign_word,
    _wrong_place,
    _misspelt_word,
    _missing_colon,
    _else_alone,
    _docstring_elsewhere,
    _wrong_closer,
    _listing,
    _use_without_quotes,
    _training_alone,
    _typed_parameter,
    _foreign_sign,
    _equals,
    _foreign_operator,
    _leading_point,
    _apart,
    _missing_word,
    _missing_comma,
    _bare_arguments,
    _missing_arrow,
    _missing_else,
    _missing_value,
)
