"""The format `full`: each test shows a finding as a person sees it."""

from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnspec.diagnostics import Diagnostic, Edit, Frame, Help, Label, Source, Span
from cnnspec.diagnostics.legible import cells, legible
from cnnspec.diagnostics.render_full import render_one
from cnnspec.diagnostics.styled import plain_text

RESNET = Source(
    "specs/resnet50.cnn",
    dedent("""\
        block bottleneck(mid, s = 1):
            skip = in
            if s != 1:
                skip = conv(4*mid, 1, stride=s)
            conv(mid, 1) -> conv(mid, 3, stride=s, pad=1)
            it + skip -> relu

        net resnet:
            input image: [3, 224, 224]
            bottleneck(64)
            conv(10, 3) -> rleu
    """),
)


def span(text: str, source: Source = RESNET, occurrence: int = 1) -> Span:
    start = -1
    for _ in range(occurrence):
        start = source.text.index(text, start + 1)
    return Span(source, start, start + len(text))


def shown(diagnostic: Diagnostic, width: int | None = None) -> str:
    return plain_text(render_one(diagnostic, width))


def expected(text: str) -> str:
    return dedent(text).lstrip("\n")


def test_a_finding_points_at_the_smallest_wrong_token() -> None:
    finding = Diagnostic("unknown-layer", "there is no layer `rleu`", span("rleu"))
    assert shown(finding) == expected("""
        error[unknown-layer]: there is no layer `rleu`
           --> specs/resnet50.cnn:11:20
            |
         11 |     conv(10, 3) -> rleu
            |                    ^^^^
    """)


def test_causes_are_labelled_beside_the_place() -> None:
    finding = Diagnostic(
        "shape-mismatch",
        "cannot add [64, 56, 56] and [256, 56, 56]",
        span("it + skip"),
        labels=(Label(span("it"), "[64, 56, 56]"), Label(span("skip", occurrence=3), "[256, 56, 56]")),
        trace=(Frame("bottleneck(mid=64, s=1)", span("bottleneck(64)")),),
        help=Help("project the skip: `skip = conv(256, 1, bias=false) -> bn`"),
    )
    assert shown(finding) == expected("""
        error[shape-mismatch]: cannot add [64, 56, 56] and [256, 56, 56]
          --> specs/resnet50.cnn:6:5
           |
         6 |     it + skip -> relu
           |     --^^^---- [256, 56, 56]
           |     [64, 56, 56]
           = in bottleneck(mid=64, s=1), first used at specs/resnet50.cnn:10:5
           = help: project the skip: `skip = conv(256, 1, bias=false) -> bn`
    """)


def test_separate_operands_are_underlined_separately() -> None:
    finding = Diagnostic(
        "shape-mismatch",
        "cannot add [64, 56, 56] and [256, 56, 56]",
        span("skip", occurrence=3),
        "[256, 56, 56]",
        labels=(Label(span("it +"), "[64, 56, 56]"), Label(span("skip"), "defined here")),
    )
    assert shown(finding) == expected("""
        error[shape-mismatch]: cannot add [64, 56, 56] and [256, 56, 56]
          --> specs/resnet50.cnn:6:10
           |
         2 |     skip = in
           |     ---- defined here
        ...
         6 |     it + skip -> relu
           |     ---- ^^^^ [256, 56, 56]
           |     [64, 56, 56]
    """)


def test_the_suggested_edit_is_shown_as_a_diff() -> None:
    finding = Diagnostic(
        "unknown-layer",
        "there is no layer `rleu`",
        span("rleu"),
        help=Help("did you mean `relu`?", (Edit(span("rleu"), "relu"),), safe=True),
    )
    assert shown(finding) == expected("""
        error[unknown-layer]: there is no layer `rleu`
           --> specs/resnet50.cnn:11:20
            |
         11 |     conv(10, 3) -> rleu
            |                    ^^^^
            = help: did you mean `relu`?
            |
         11 -     conv(10, 3) -> rleu
         11 +     conv(10, 3) -> relu
    """)


def test_an_edit_may_add_and_remove_whole_lines() -> None:
    source = Source("a.cnn", "net a:\n    conv(1, 1)\n    relu\n    relu\n    tanh\n")
    again = span("    relu\n", source, 2)
    finding = Diagnostic("syntax", "odd", again, help=Help("say it once", (Edit(again, ""),)))
    assert shown(finding).endswith("= help: say it once\n   |\n 4 -     relu\n")
    before = Span(source, source.text.index("    tanh"), source.text.index("    tanh"))
    finding = Diagnostic("syntax", "odd", again, help=Help("normalise", (Edit(before, "    bn\n"),)))
    assert shown(finding).endswith("= help: normalise\n   |\n 5 +     bn\n")


def test_a_span_of_several_lines_is_drawn_as_a_bar() -> None:
    source = Source(
        "inception.cnn",
        "block cell:\n    concat(\n        conv(64, 1),\n        maxpool(3),\n    ) -> relu\n    it\n",
    )
    call = Span(source, source.text.index("concat"), source.text.index(") -> relu") + 1)
    labels = (
        Label(span("conv(64, 1)", source), "[64, 28, 28]"),
        Label(span("maxpool(3)", source), "[192, 9, 9]"),
    )
    finding = Diagnostic("shape-mismatch", "cannot concatenate", call, "these differ", labels)
    assert shown(finding) == expected("""
        error[shape-mismatch]: cannot concatenate
          --> inception.cnn:2:5
           |
         2 | /     concat(
         3 | |         conv(64, 1),
           | |         ----------- [64, 28, 28]
         4 | |         maxpool(3),
           | |         ---------- [192, 9, 9]
         5 | |     ) -> relu
           | |_____^ these differ
    """)


def test_a_bar_may_begin_in_the_middle_of_a_line_and_long_ones_are_shortened() -> None:
    source = Source("a.cnn", "x = [\n" + "".join(f"    {n},\n" for n in range(20)) + "]\n")
    finding = Diagnostic("limit", "too long", Span(source, 4, len(source.text) - 1), "twenty")
    assert shown(finding) == expected("""
        error[limit]: too long
           --> a.cnn:1:5
            |
          1 |   x = [
            |  _____^
          2 | |     0,
        ...   |
         21 | |     19,
         22 | | ]
            | |_^ twenty
    """)


def test_a_cause_in_another_file_is_shown_below() -> None:
    library = Source("blocks.cnn", "block stem(c):\n    conv(c, 7)\n")
    finding = Diagnostic(
        "missing-argument",
        "`stem` needs `c`",
        span("bottleneck(64)"),
        labels=(Label(span("c", library, 2), "declared here"),),
    )
    assert shown(finding) == expected("""
        error[missing-argument]: `stem` needs `c`
           --> specs/resnet50.cnn:10:5
            |
         10 |     bottleneck(64)
            |     ^^^^^^^^^^^^^^
           ::: blocks.cnn:1:12
            |
          1 | block stem(c):
            |            - declared here
    """)


def test_notes_derive_and_wrap_under_their_first_word() -> None:
    finding = Diagnostic(
        "window-too-large",
        "the 7×7 window is larger than the 5×5 map",
        span("conv(10, 3)"),
        notes=("the map is 5×5 because\n  conv1: 224 → 55\n  pool5: 55 → 5", "a second reason"),
    )
    assert shown(finding, 50) == expected("""
        error[window-too-large]: the 7×7 window is larger
                                 than the 5×5 map
           --> specs/resnet50.cnn:11:5
            |
         11 |     conv(10, 3) -> rleu
            |     ^^^^^^^^^^^
            = note: the map is 5×5 because
                      conv1: 224 → 55
                      pool5: 55 → 5
            = note: a second reason
    """)


def test_a_deep_trace_is_shortened_in_the_middle() -> None:
    frames = tuple(Frame(f"level({n})", span("bottleneck(64)")) for n in range(40))
    lines = shown(Diagnostic("limit", "too deep", span("rleu"), trace=frames)).splitlines()[5:]
    assert [line.strip().split(",")[0] for line in lines] == [
        "= in level(0)",
        "= in level(1)",
        "= in level(2)",
        "= … 35 more calls …",
        "= in level(38)",
        "= in level(39)",
    ]


def test_a_finding_without_a_place_is_its_message() -> None:
    assert shown(Diagnostic("usage", "no such option", help=Help("see --help"))) == expected("""
        error[usage]: no such option
           = help: see --help
    """)


def test_a_file_that_could_not_be_read_is_named_without_an_excerpt() -> None:
    finding = Diagnostic("file-unreadable", "no such file", Span(Source("missing.cnn", ""), 0, 0))
    assert shown(finding) == "error[file-unreadable]: no such file\n  --> missing.cnn\n"


@pytest.mark.parametrize(
    ("before", "token", "cells"),
    [
        ("", "x", 0),
        ("\t", "x", 4),
        ("日本", "x", 4),
        ("e\u0301", "x", 1),
        ("a\u200db", "x", 10),
        ("\x1b", "x", 1),
    ],
)
def test_underlines_stand_under_their_token_whatever_comes_before(
    before: str, token: str, cells: int
) -> None:
    source = Source("a.cnn", before + token)
    lines = shown(Diagnostic("syntax", "odd", Span(source, len(before), len(before) + 1))).splitlines()
    assert lines[-1] == "   | " + " " * cells + "^"


def test_wide_tokens_get_wide_underlines() -> None:
    source = Source("a.cnn", 'x = "日本"')
    lines = shown(Diagnostic("syntax", "odd", Span(source, 4, 8))).splitlines()
    assert lines[-1] == "   |     ^^^^^^"


def test_nothing_from_a_spec_or_file_name_reaches_the_terminal_as_control() -> None:
    source = Source("\x1b[2Ja.cnn", "conv(\x1b]0;pwned\x07, \u202eevil\x9b)\n")
    finding = Diagnostic(
        "syntax",
        "bad \x1b[31mname\x1b[0m\r",
        Span(source, 5, 6),
        "here\x08",
        notes=("n\x1b",),
        help=Help("h\x7f", (Edit(Span(source, 5, 6), "\x1b[31m"),)),
        trace=(Frame("call\x1b", Span(source, 0, 1)),),
    )
    text = shown(finding)
    assert not {character for character in text if not character.isprintable()} - {"\n"}
    assert "␛[31mname␛[0m␍" in text
    assert "<U+202E>evil<U+009B>" in text


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_line_end_counts(line_end: str) -> None:
    source = Source("a.cnn", line_end.join(["net a:", "    rleu", "    tanh"]))
    assert shown(Diagnostic("syntax", "odd", span("rleu", source))).splitlines()[1:] == [
        "  --> a.cnn:2:5",
        "   |",
        " 2 |     rleu",
        "   |     ^^^^",
    ]


def test_a_place_at_the_end_of_the_file_can_be_pointed_at() -> None:
    source = Source("a.cnn", "net a:\n")
    assert shown(Diagnostic("syntax", "more", Span(source, 7, 7))).splitlines()[1:] == [
        "  --> a.cnn:2:1",
        "   |",
        " 2 |",
        "   | ^",
    ]


def test_a_long_line_is_cut_around_the_place() -> None:
    source = Source("a.cnn", "x = [" + "1, " * 50_000 + "oops, " + "2, " * 50_000 + "]")
    lines = shown(
        Diagnostic("unknown-name", "nothing is called `oops`", span("oops", source), "here"), 60
    ).splitlines()
    assert all(len(line) <= 60 for line in lines)
    assert lines[3].startswith(" 1 | …")
    assert lines[3].endswith("…")
    column = lines[3].index("oops")
    assert lines[4][column:] == "^^^^ here"


def test_labels_that_do_not_fit_behind_their_underline_hang_below_it() -> None:
    finding = Diagnostic("syntax", "odd", span("rleu"), "a label that says rather more than fits behind it")
    assert shown(finding, 50).splitlines()[3:] == [
        " 11 |     conv(10, 3) -> rleu",
        "    |                    ^^^^",
        "    |                    a label that says rather",
        "    |                    more than fits behind it",
    ]


TEXTS = st.text(alphabet="a( \t\n\r日\u0301\x1b\u202e", max_size=60)


@st.composite
def findings(draw: st.DrawFn) -> Diagnostic:
    """A finding with places anywhere in two sources, across lines and over each other."""
    sources = [Source(name, draw(TEXTS)) for name in ("a.cnn", "b.cnn")]

    def somewhere() -> Span:
        source = draw(st.sampled_from(sources))
        ends = draw(st.tuples(*[st.integers(0, len(source.text))] * 2))
        return Span(source, min(ends), max(ends))

    labels = tuple(Label(somewhere(), draw(TEXTS)) for _ in range(draw(st.integers(0, 4))))
    edits = tuple(Edit(somewhere(), draw(TEXTS)) for _ in range(draw(st.integers(0, 2))))
    return Diagnostic(
        "syntax", draw(TEXTS), somewhere(), draw(TEXTS), labels, (draw(TEXTS),), Help(draw(TEXTS), edits)
    )


@given(findings(), st.one_of(st.none(), st.integers(40, 120)))
def test_whatever_is_found_can_be_shown(finding: Diagnostic, width: int | None) -> None:
    for line in shown(finding, width).split("\n"):
        assert line.isprintable()


@given(TEXTS, st.data())
def test_every_single_line_span_is_underlined_from_its_first_cell_to_its_last(
    text: str, data: st.DataObject
) -> None:
    line = "".join(text.split()) + "x"
    start = data.draw(st.integers(0, len(line) - 1))
    end = data.draw(st.integers(start + 1, len(line)))
    source, under = shown(Diagnostic("syntax", "odd", Span(Source("a.cnn", line), start, end))).splitlines()[
        -2:
    ]
    first, width = cells(legible(line[:start])), cells(legible(line[start:end]))
    assert source == " 1 | " + legible(line)
    assert under == "   | " + " " * first + "^" * max(1, width)
