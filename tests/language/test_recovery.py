"""What is said about mistakes: the code, the smallest wrong token, and nothing that follows from another."""

from __future__ import annotations

import pytest
from language.shapes import marked, mistakes, shape

from cnnspec.diagnostics import Source
from cnnspec.language.parse import parse

NET = "net x:\n    input a: [1, 8, 8]\n"


def say(text: str) -> list[tuple[str, str]]:
    return [(found.code, found.message) for found in mistakes(text)]


def check(text: str, *messages: str) -> None:
    """The marked places are wrong, in this order, for these reasons."""
    plain, places = marked(text)
    found = mistakes(plain)
    assert [item.message for item in found] == list(messages)
    assert [(item.span.start, item.span.end) for item in found if item.span] == places


# Each: the statement(s) of a net with the wrong part marked, and what is said about it.
STATEMENTS = {
    # brackets
    "conv(3 ‹5›) -> relu": "`,` is missing before `5`",
    "conv‹(›3, 5 -> relu": "this `(` is never closed",
    "a = ‹[›1,\nb = 2": "this `[` is never closed",
    "concat‹(›\n    conv(3),\n    relu,\ntanh": "this `(` is never closed",
    "f(a, ‹[›1, 2\ntanh": "this `[` is never closed",
    "repeat ‹(›3:\n    relu": "this `(` is never closed",
    "conv(3, 5)‹)› -> relu": "nothing is open that this `)` would close",
    "‹]›": "nothing is open that this `]` would close",
    "conv(3, 5‹]› -> relu": "`]` does not close `(`",
    "f(‹,›)": "a value is missing between `(` and `,`",
    "f(a,‹,› b)": "a value is missing between `,` and `,`",
    "f(a=‹)›": "a value is missing between `=` and `)`",
    "a = [i ‹for› i in b]": "a list says its items one by one",
    "a = b[1‹:›2]": "slices are not part of the language",
    "h, w = a.height‹,› a.width": "a list stands in brackets",
    "a, b = 1‹,› (2, 3": "a list stands in brackets",
    "a =‹,› 2": "a value is missing between `=` and `,`",
    "conv(8, k=3)‹,› relu": "expected the end of the line, found `,`",
    "for c in 8‹,› 16:\n    conv(c, 3)": "a list stands in brackets",
    # heads and bodies
    "repeat 3‹›\n    relu": "`:` is missing after the head of this `repeat`",
    "if a == 3‹›\n    relu\nelse:\n    tanh": "`:` is missing after the head of this `if`",
    "if a:\n    relu\nelse‹›\n    tanh": "`:` is missing after the head of this `else`",
    "for a in b ‹relu›": "`:` is missing after the head of this `for`",
    "repeat ‹:› relu": "a value is missing between `repeat` and `:`",
    "repeat 3:\n‹relu›": "this line must be indented deeper than the `repeat` above",
    "‹else›:\n    relu": "this `else` has no `if` above it, indented alike",
    "‹elif› a:\n    relu": "this `elif` has no `if` above it, indented alike",
    "if a:\n    relu\n‹else if› b:\n    tanh": "`else if` is one word here",
    "repeat 2: ‹repeat› 3: relu": "this `repeat` needs a line of its own",
    "repeat 2: ‹if› a: relu": "this `if` needs a line of its own",
    # pipelines
    "relu\n‹->› tanh": "a line that begins with `->` goes on with the line above, and stands deeper",
    "relu ‹->›\ntanh": "a layer is missing after `->`",
    "relu ‹->›\n    tanh\nsilu": "a layer is missing after `->`",
    "relu -> ‹->› tanh": "a value is missing between `->` and `->`",
    "conv(3) ‹relu›": "`->` is missing before `relu`",
    "relu ‹tanh›": "`->` is missing before `tanh`",
    "relu ‹=>› tanh": "`=>` is not part of the language",
    "relu ‹- >› tanh": "`- >` is not part of the language",
    "relu ‹>>› tanh": "`>>` is not part of the language",
    "conv ‹3›": "the arguments of `conv` stand in brackets",
    # values
    "a ‹=›": "a value is missing after `=`",
    "a = 2 ‹**›": "a value is missing after `**`",
    "a = b if c‹›": "a choice between values needs its `else`",
    "a = b ‹?› c": "`?` does not choose",
    "a = b ‹is› c": "`is` is not part of the language",
    "if a ‹in› b: relu": "`in` does not compare",
    "a = ‹.›5": "a number begins with a digit",
    "a = 5‹.›": "a number ends with a digit",
    "conv(8, 3 ‹x› 5)": "sizes are written without spaces",
    # `=` and `==`
    "if a ‹=› 3: relu": "`=` names a value",
    "expect params ‹=› 3": "`=` names a value",
    "input b: [C] where C ‹=› 3": "`=` names a value",
    "a.b ‹=› 3": "only names stand on the left of `=`",
    "a ‹+=› 3": "`+=` is not part of the language",
    "a = b ‹<>› c": "`<>` is not part of the language",
    "expect a ‹===› b": "`===` is not part of the language",
    # inputs, outputs, layers, expectations
    "input‹:› [1, 2]": "an input needs a name",
    "input ‹[›1, 2]": "an input needs a name",
    "input b ‹[›1, 2]": "`:` is missing after the input's name",
    "input b ‹=› [1, 2]": "`:` belongs after the input's name, not `=`",
    "output ‹=› relu": "an output without a name takes no `=`",
    "output main ‹linear›(3)": "`=` is missing before `linear`",
    "training ‹aux› = relu": "`training` is followed by `output`",
    "‹where› H >= 8": "`where` stands on the line of its `input`",
    "training output aux = relu ‹0.3›": "`weight` is missing before `0.3`",
    "layer enc ‹conv›(3)": "`=` is missing before `conv`",
    "expect macs == 4G ‹1%›": "`within` is missing before `1%`",
    "expect macs < ‹5 M›": "a unit is written right behind its number",
    "expect memory.infer < ‹64 mib›": "a unit is written right behind its number",
    "expect (params < ‹1.5 K›) and params > 3": "a unit is written right behind its number",
    "expect params == 3 within ‹1 %›": "a unit is written right behind its number",
    "a = ‹5 k›": "a unit is written right behind its number",
    "conv(5 ‹M›)": "`,` is missing before `M`",
    "expect macs < 5 ‹much›": "expected `within`, the end of the line or an operator, found `much`",
    # words
    "‹def› f(a):\n    relu": "`def` is not a word of the language",
    "‹return› a": "`return` is not a word of the language",
    "‹import› torch": "`import` is not a word of the language",
    "‹while› a:\n    relu": "`while` is not a word of the language",
    "‹ouput› relu": "`ouput` does not begin a statement",
    "‹block› f(a):\n    relu": "`block` stands at the left edge, outside nets and blocks",
    "‹use› std": "`use` stands at the left edge, outside nets and blocks",
    "relu as ‹for›": "`for` is a word of the language and cannot be a name",
    "relu as ‹3›": "a name begins with a letter or `_`",
    "relu\n‹\"\"\"Doc.\"\"\"›": "a docstring stands first in its file, net or block",
    "‹//› words": "a comment begins with `#`",
    # nothing special
    "a‹..›b": "expected `,`, `=`, the end of the line or an operator, found `..`",
    "if a ‹b›:\n    relu": "expected `:` or an operator, found `b`",
    "a.‹›": "expected a name, found the end of the line",
}  # fmt: skip


@pytest.mark.parametrize(("body", "message"), STATEMENTS.items())
def test_one_mistake_in_a_statement(body: str, message: str) -> None:
    """Exactly that is reported, though more statements follow."""
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    check(NET + lines + "    output linear(3)\n\nnet y:\n    relu\n", message)


@pytest.mark.parametrize(("body", "message"), STATEMENTS.items())
def test_the_same_mistake_is_found_at_the_end_of_the_file(body: str, message: str) -> None:
    lines = "".join(f"    {line}\n" for line in body.split("\n"))
    check(NET + lines.removesuffix("\n"), message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("net x‹›", "`:` is missing after the head of this `net`"),
        ("net x‹:›", "this `net` has no body"),
        ("net x‹:›\n# words\n\nnet y: relu", "this `net` has no body"),
        ("net x:\n    repeat 3‹:›\n\nnet y: relu", "this `repeat` has no body"),
        ("net x:\n    if a‹:›\n    else:\n        relu\n", "this `if` has no body"),
        ("net x:\n    if a:\n        relu\n    else‹:›", "this `else` has no body"),
        ("net x‹(›a, b:\n    relu", "this `(` is never closed"),
        ("net ‹3d›:\n    relu", "a name begins with a letter or `_`"),
        ("net ‹for›:\n    relu", "`for` is a word of the language and cannot be a name"),
        ("net‹:›\n    relu", "expected a name, found `:`"),
        ("‹nett› x:\n    relu", "`nett` does not begin a statement"),
        ("‹class› X(a):\n    relu", "`class` is not a word of the language"),
        ("block f(a: ‹int›):\n    relu", "a parameter is a number, or marked as a `tensor`"),
        ("‹conv›(3)\n", "a layer stands inside a net or a block"),
        ("‹input› a: [3]\n", "`input` stands inside a net or a block"),
        ("‹repeat› 3:\n    relu\n", "`repeat` stands inside a net or a block"),
        ("‹if› a:\n    relu\n", "`if` stands inside a net or a block"),
        ("use ‹resnet›\n", "`use` takes a path in quotes, or `std`"),
        ("‹  ›net x:\n    relu\n", "a file begins at the left edge"),
    ],
)
def test_one_mistake_at_the_left_edge(text: str, message: str) -> None:
    check(text, message)


def test_a_body_that_is_not_indented_is_one_mistake() -> None:
    check(
        "net x:\n‹input› a: [3]\nconv(3) -> relu\nrepeat 2:\n    conv(3 ‹3›)\noutput relu\n\n"
        "net y:\n    relu ‹tanh›\n",
        "this line must be indented deeper than the `net` above",
        "`,` is missing before `3`",
        "`->` is missing before `tanh`",
    )


def test_all_mistakes_of_a_file_are_found() -> None:
    check(
        """\
use ‹resnet›
net x(classes = 10)‹›
    input a ‹[›3, 8, 8]
    repeat 3‹›
        conv(3 ‹3›) -> relu
    if classes ‹=› 3:
        relu ‹tanh›
    else:
        ‹return› relu
    output linear(classes‹]›
‹relu›
""",
        "`use` takes a path in quotes, or `std`",
        "`:` is missing after the head of this `net`",
        "`:` is missing after the input's name",
        "`:` is missing after the head of this `repeat`",
        "`,` is missing before `3`",
        "`=` names a value",
        "`->` is missing before `tanh`",
        "`return` is not a word of the language",
        "`]` does not close `(`",
        "a layer stands inside a net or a block",
    )


def test_the_sound_parts_of_a_file_are_read() -> None:
    text = "block good: relu\nnet bad:\n    relu\n    conv(3 3)\n    tanh\nnet fine: silu\n"
    file = parse(Source("test.cnn", text)).file
    assert file is not None
    assert [(d.name, d.is_complete) for d in file.definitions] == [
        ("good", True),
        ("bad", False),
        ("fine", True),
    ]
    assert shape(file.definitions[1].body) == ("relu", "tanh")


# --- indentation


def test_a_deeper_line() -> None:
    (found,) = mistakes("net x:\n    relu\n        tanh\n    silu\n")
    assert (found.code, found.span and found.span.line) == ("indentation", 3)
    assert found.help is not None
    assert [edit.replacement for edit in found.help.edits] == ["    "]


def test_a_line_between_two_levels_is_one_mistake() -> None:
    message = "this line is indented less than the body above it, and more than what is around that"
    check("net x:\n    relu\n‹  ›tanh\n  gelu\n    silu\n‹ ›relu\n", message, message)


def test_tabs_and_spaces() -> None:
    message = "tabs and spaces are mixed in the indentation: use one of them"
    check("net x:\n    relu\n‹\t›tanh\n\tsilu\n    relu\n", message)


# --- characters


@pytest.mark.parametrize(
    ("statement", "message", "instead"),
    [
        ("relu ‹→› tanh", "`→` (rightwards arrow, U+2192) is not `->`", "->"),
        ("a = 3 ‹−› 1", "`−` (minus sign, U+2212) is not `-`", "-"),
        ("conv(8, 3‹×›5)", "`×` (multiplication sign, U+00D7) is not `x`", "x"),
        ("a = b ‹×› c", "`×` (multiplication sign, U+00D7) is not `*`", "*"),
        ("expect a ‹≤› 3", "`≤` (less-than or equal to, U+2264) is not `<=`", "<="),
        ("expect a ‹≠› 3", "`≠` (not equal to, U+2260) is not `!=`", "!="),
        ("conv‹（›8)", "`（` (fullwidth left parenthesis, U+FF08) is not `(`", "("),
        ("conv(8, pad=‹'same'›)", "`'` does not quote a text", '"same"'),
        (
            "conv(8, pad=‹“same”›)",
            "`“` (left double quotation mark, U+201C) does not quote a text",
            '"same"',
        ),
        ("a = ‹٣٤›", "`٣٤`: numbers are written with the digits 0 to 9", "34"),
        ("if a ‹&&› b: relu", "`&&` is not `and`", "and"),
        ("if a‹||›b: relu", "`||` is not `or`", " or "),
        ("if ‹!›a: relu", "`!` is not `not`", "not "),
        ("a = b ‹^› 2", "`^` is not `**`", "**"),
        ("relu‹\u00a0›-> tanh", "no-break space (U+00A0) is not a space of the language", " "),
        ("‹\f›relu", "form feed (U+000C) is not a space of the language", ""),
        ("relu‹\u200b›", "zero width space (U+200B) is not a space of the language", ""),
    ],
)
def test_characters_that_stand_for_others(statement: str, message: str, instead: str) -> None:
    """The edit puts it right, and reading goes on as if it had been."""
    plain, (place,) = marked(NET + f"    {statement}\n    tanh\n")
    found, *rest = mistakes(plain)
    assert (found.code, found.message) == ("bad-character", message)
    assert found.span is not None
    assert (found.span.start, found.span.end) == place
    assert found.help is not None
    assert [edit.replacement for edit in found.help.edits] == [instead]
    assert rest == []


def test_indentation_with_wide_spaces() -> None:
    """They count as the spaces they look like."""
    message = "no-break space (U+00A0) is not a space of the language"
    check("net x:\n‹\u00a0\u00a0›relu\n  tanh\n  repeat 2:\n  ‹\u00a0›silu\n", message, message)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("‹größe› = 3", "`größe`: names are written with the letters a to z, digits and `_`"),
        ("relu‹;› tanh", "`;` is not part of the language"),
        ("f‹{›3}", "`{` is not part of the language"),
        ("a = b ‹|› c", "`|` is not part of the language"),
        ("‹\0\0›", "NUL (U+0000) is not part of the language"),
        ('a = ‹"›words # ) (', 'this `"` is not closed on its line'),
        ("a = ‹'›words", "`'` does not quote a text"),
        ("a ‹\\›", "`\\` is not part of the language"),
    ],
)
def test_characters_that_stand_for_nothing(statement: str, message: str) -> None:
    check(NET + f"    {statement}\n    tanh\n", message)


def test_a_docstring_that_is_never_closed() -> None:
    check('net x:\n    ‹"""›Words.\n    relu relu\n)(\n', 'this `"""` is never closed')


# --- numbers


@pytest.mark.parametrize(
    ("number", "message", "help_text"),
    [
        ("8kb", "`kb` is not a unit of numbers", "write `8KB`"),
        ("8Mb", "`Mb` is not a unit of numbers", "write `8MB`"),
        ("3g", "`g` is not a unit of numbers", "write `3G`"),
        ("2.5mib", "`mib` is not a unit of numbers", "write `2.5MiB`"),
        ("3xk", "sizes are numbers joined by `x`", "with names, write `(3, k)`"),
        ("3px", "`px` is not a unit of numbers", "units are K M G T, KB MB GB TB, KiB MiB GiB TiB and %"),
        ("1__0", "`_` may only stand between two digits of a number", None),
        ("1_", "`_` may only stand between two digits of a number", None),
        ("1_.5", "`_` may only stand between two digits of a number", None),
    ],
)
def test_numbers(number: str, message: str, help_text: str | None) -> None:
    plain, (place,) = marked(f"a = [1, ‹{number}›, 2]\n")
    (found,) = mistakes(plain)
    code = "unknown-unit" if "not a unit" in message else "bad-number"
    assert (found.code, found.message) == (code, message)
    assert (found.help and found.help.text) == help_text
    assert found.span is not None
    assert (found.span.start, found.span.end) == place


# --- edits


@pytest.mark.parametrize("body", STATEMENTS)
def test_edits_are_well_placed(body: str) -> None:
    """Carrying out the edits of a mistake takes that mistake away."""
    lines = "".join(f"    {line}\n" for line in marked(body)[0].split("\n"))
    text = NET + lines + "    output linear(3)\n"
    (found,) = mistakes(text)
    if found.help is None or not found.help.edits:
        return
    for edit in found.help.edits:
        text = text[: edit.span.start] + edit.replacement + text[edit.span.end :]
    assert say(text) == []
