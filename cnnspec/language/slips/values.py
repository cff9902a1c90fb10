"""Slips between values: two side by side with nothing to join them, or one missing."""

from __future__ import annotations

from cnnspec.diagnostics import Diagnostic, Edit, Help, Span
from cnnspec.language.mistakes import Situation, describe, missing, shortened, syntax
from cnnspec.language.numbers import spelt_as_unit
from cnnspec.language.table import END
from cnnspec.language.tokens import CLOSERS, NEWLINE
from cnnspec.layers import LAYERS


def sizes_apart(s: Situation) -> Diagnostic | None:
    """`3 x 5`."""
    if s.previous.kind != "NUMBER" or s.token.kind != "NAME" or not s.token.text.startswith("x"):
        return None
    help_text = "write `3x5`, or `(3, k)` with a name"
    return syntax("sizes are written without spaces", s.span(), help_text, code="bad-number")


def unit_apart(s: Situation) -> Diagnostic | None:
    """`expect macs < 5 M`, `within 1 %` (where the `%` has nothing to divide by)."""
    if len(s.line) < 2 or (s.first.kind != "EXPECT" and s.open_bracket is not None):
        return None
    *_, number, unit = s.line if s.previous.text == "%" else (*s.line, s.token)
    known = spelt_as_unit(unit.text)
    is_apart = number.kind == "NUMBER" and number.text[-1].isdigit() and number.end < unit.start
    if not is_apart or known is None:
        return None
    written = number.text + known
    message = "a unit is written right behind its number"
    place = Span(s.source, number.start, unit.end)
    return syntax(message, place, f"write `{written}`", edit=written, code="bad-number")


def missing_word(s: Situation) -> Diagnostic | None:
    """`expect macs == 4G 1%`, and a loss weight without `weight`."""
    if s.token.kind != "NUMBER" or s.open_bracket is not None:
        return None
    for word in ("within", "weight"):
        if word in s.expected and s.first.kind in ("EXPECT", "OUTPUT", "TRAINING"):
            return missing(s, word, f"`{word}` is missing before {describe(s.token)}")
    return None


def bare_list(s: Situation) -> Diagnostic | None:
    """`h, w = x.height, x.width`, `for c in 8, 16:`."""
    if s.token.text != "," or s.open_bracket is not None:
        return None
    begin = next((k for k, token in enumerate(s.line) if token.text in ("=", "in")), len(s.line))
    targets = s.line[s.first.text == "for" : begin]
    is_naming = all(token.kind == "NAME" or token.text == "," for token in targets)
    if not targets or not is_naming or begin + 1 >= len(s.line):
        return None
    rest = s.rest_of_line.removesuffix(":").rstrip()
    written = Span(s.source, s.line[begin + 1].start, s.token.start + len(rest))
    is_complete = all(rest.count(opener) == rest.count(closer) for closer, opener in CLOSERS.items())
    edits = (Edit(written, f"({written.text})"),) if is_complete else ()
    way_out = Help("put brackets around it", edits)
    return Diagnostic("syntax", "a list stands in brackets", s.span(), help=way_out)


def missing_comma(s: Situation) -> Diagnostic | None:
    """`conv(3 5)`."""
    if s.open_bracket is None or "," not in s.expected or not s.begins_value:
        return None
    return missing(s, ",", f"`,` is missing before {describe(s.token)}", code="missing-comma")


def missing_equals(s: Situation) -> Diagnostic | None:
    """`output main linear(10)`, `layer enc conv(3)`."""
    if "=" not in s.expected or len(s.line) < 2 or not s.begins_value or s.previous.kind != "NAME":
        return None
    if s.first.kind not in ("OUTPUT", "LAYER", "TRAINING") or s.open_bracket is not None:
        return None
    if s.previous.text in LAYERS:
        return missing_arrow(s)
    message = f"`=` is missing before {describe(s.token)}"
    return missing(s, "=", message, "add `=` behind a name, `->` between layers", code="equals-sign")


def bare_arguments(s: Situation) -> Diagnostic | None:
    """`conv 3`."""
    if s.previous.kind != "NAME" or s.token.kind not in ("NUMBER", "SIZES") or "(" not in s.expected:
        return None
    name, first = shortened(s.previous.text), shortened(s.token.text)
    message = f"the arguments of `{name}` stand in brackets"
    return syntax(message, s.span(), f"write `{name}({first}, …)`", code="missing-brackets")


def missing_arrow(s: Situation) -> Diagnostic | None:
    """`conv(3) relu`."""
    ends_value = s.previous.kind == "NAME" or (s.previous.text in (")", "]", "in") and s.token.kind == "NAME")
    if not ends_value or "->" not in s.expected or not s.begins_value or s.open_bracket is not None:
        return None
    return missing(s, "->", f"`->` is missing before {describe(s.token)}", code="missing-arrow")


def missing_else(s: Situation) -> Diagnostic | None:
    """`x = a if b`."""
    if "else" not in s.expected or not s.line:
        return None
    message = "a choice between values needs its `else`"
    return syntax(message, s.place, "write `a if condition else b`", code="missing-value")


def missing_value(s: Situation) -> Diagnostic | None:
    """`x =`, `f(, 3)`."""
    if "NUMBER" not in s.expected or not s.line or s.begins_value:
        return None
    before = describe(s.previous)
    if s.token.kind in (NEWLINE, END):
        return syntax(f"a value is missing after {before}", s.span(s.previous), code="missing-value")
    message = f"a value is missing between {before} and {describe(s.token)}"
    return syntax(message, s.span(), code="missing-value")
