"""Slips in words: those of other languages, misspelt ones, and ones in the wrong place."""

from __future__ import annotations

from cnnspec.diagnostics import Diagnostic
from cnnspec.diagnostics.suggest import nearest
from cnnspec.language.mistakes import HEADS, Situation, missing, shortened, syntax

_STATEMENTS = (*sorted(HEADS), "input", "output", "expect", "training", "layer", "use")
_ONLY_IN_BODIES = frozenset({"input", "output", "repeat", "for", "if", "layer", "training"})
INSIDE = "stands inside a net or a block"
"""What is said of a statement at the left edge."""
_BLOCK = "a part to be used again is a `block name(parameters):`"
_NET = "a network is a `net name:`"
_USE = 'another file is brought in by `use "blocks/resnet.cnn"`'
_REPEAT = "repetition is `repeat n:` or `for x in […]:`"
_ASSIGN = "write `name = value`"
_FOREIGN = {
    "def": _BLOCK,
    "fn": _BLOCK,
    "func": _BLOCK,
    "function": _BLOCK,
    "class": f"{_NET}, {_BLOCK}",
    "model": _NET,
    "network": _NET,
    "import": _USE,
    "from": _USE,
    "include": _USE,
    "return": "the last line of a block is its value; a net says `output …`",
    "while": _REPEAT,
    "loop": _REPEAT,
    "elseif": "write `elif`",
    "elsif": "write `elif`",
    "let": _ASSIGN,
    "var": _ASSIGN,
    "const": _ASSIGN,
    "assert": "what must hold is said by `expect …`",
}


def foreign_word(s: Situation) -> Diagnostic | None:
    """A statement of another language."""
    if len(s.line) != 1 or s.first.kind != "NAME" or s.first.text not in _FOREIGN:
        return None
    if not s.begins_value and s.token.text != ":":
        return None
    message = f"`{s.first.text}` is not a word of the language"
    return syntax(message, s.span(s.first), _FOREIGN[s.first.text], code="foreign-word")


def definition_in_body(s: Situation) -> Diagnostic | None:
    """A net, block or `use` that is indented."""
    if len(s.line) != 1 or s.first.text not in ("net", "block", "use") or not s.begins_value:
        return None
    if s.span(s.first).column == 1:
        return None
    message = f"`{s.first.text}` stands at the left edge, outside nets and blocks"
    return syntax(message, s.span(s.first), code="misplaced-statement")


def misspelt_word(s: Situation) -> Diagnostic | None:
    """`ouput linear(10)`."""
    if len(s.line) != 1 or s.first.kind != "NAME" or not (s.begins_value or s.token.text == ":"):
        return None
    if s.token.text in ("(", "[", "-"):
        return None
    meant = nearest(s.first.text, _STATEMENTS)
    if meant is None or meant == s.first.text:
        return None
    message = f"`{s.first.text}` does not begin a statement"
    return syntax(message, s.span(s.first), f"did you mean `{meant}`?", edit=meant, code="misspelt-word")


def outside_of_bodies(s: Situation) -> Diagnostic | None:
    """Layers and statements at the left edge."""
    is_single_name = s.expected == frozenset({"=", ","})
    if len(s.line) > 1 or not (is_single_name or "net" in s.expected):
        return None
    if s.first.text in _ONLY_IN_BODIES:
        what = f"`{s.first.text}`"
    elif is_single_name:
        what = "a layer"
    else:
        return None
    way_out = "indent it below a `net name:`"
    return syntax(f"{what} {INSIDE}", s.span(s.first), way_out, code="misplaced-statement")


def use_without_quotes(s: Situation) -> Diagnostic | None:
    """`use resnet`."""
    if s.previous.kind != "USE" or s.token.kind != "NAME":
        return None
    return syntax(
        "`use` takes a path in quotes, or `std`", s.span(), f'write `use "{shortened(s.token.text)}.cnn"`'
    )


def training_alone(s: Situation) -> Diagnostic | None:
    """`training aux = …`."""
    if len(s.line) != 1 or s.previous.kind != "TRAINING" or not s.begins_value:
        return None
    return missing(s, "output", "`training` is followed by `output`")


def where_alone(s: Situation) -> Diagnostic | None:
    """`where H >= 8` on a line of its own."""
    if len(s.line) != 1 or s.previous.text != "where" or not s.begins_value:
        return None
    help_text = "write it behind the sizes: `input image: [3, H, W] where H >= 8`"
    return syntax("`where` stands on the line of its `input`", s.span(s.previous), help_text)


def input_without_name(s: Situation) -> Diagnostic | None:
    """`input: [3, 32, 32]`."""
    if s.previous.kind != "INPUT" or s.token.text not in ("[", ":", "="):
        return None
    help_text = "write `input image: [channels, height, width]`"
    return syntax("an input needs a name", s.span(), help_text, code="bad-name")


def typed_parameter(s: Situation) -> Diagnostic | None:
    """`block f(x: int)`."""
    if s.expected != frozenset({"tensor"}):
        return None
    message = "a parameter is a number, or marked as a `tensor`"
    return syntax(message, s.span(), "leave the mark out for a number")


def reserved_word(s: Situation) -> Diagnostic | None:
    """`net for:`."""
    if "NAME" not in s.expected or s.token.kind == "NAME" or not s.token.text.isidentifier() or not s.line:
        return None
    message = f"`{s.token.text}` is a word of the language and cannot be a name"
    return syntax(message, s.span(), code="bad-name")


def digit_first(s: Situation) -> Diagnostic | None:
    """`net 3d:`."""
    if "NAME" not in s.expected or "NUMBER" in s.expected or s.token.kind not in ("NUMBER", "SIZES"):
        return None
    return syntax("a name begins with a letter or `_`", s.span(), code="bad-name")
