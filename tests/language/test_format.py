"""The formatter: the same tree, the same comments, and nothing left to do the second time."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from language.shapes import read, shape
from language.test_parse_samples import BLOCKS, INCEPTION, LENET, RESNET
from language.test_table import EVERYTHING

from cnnspec.diagnostics import Source
from cnnspec.language.format import format_source
from cnnspec.language.format_layout import WIDTH
from cnnspec.language.parse import parse
from cnnspec.language.tokens import CLOSERS, DEDENT, INDENT, NEWLINE

ROOT = Path(__file__).parents[2]
SPECS = sorted([*ROOT.glob("specs/**/*.cnn"), *ROOT.glob("cnnspec/**/*.cnn")])
SAMPLES = (LENET, RESNET, INCEPTION, BLOCKS, EVERYTHING)


def formatted(text: str) -> str:
    """The text laid out, which is checked to say the same."""
    result = format_source(Source("test.cnn", text))
    assert result.diagnostics == ()
    assert result.text is not None
    assert shape(read(result.text)) == shape(read(text))
    assert sorted(comments(result.text)) == sorted(comments(text))
    return result.text


def comments(text: str) -> list[str]:
    return [comment.text.rstrip() for comment in parse(Source("test.cnn", text)).comments]


def net(*lines: str) -> str:
    return "net x:\n" + "".join(f"    {line}\n" if line else "\n" for line in lines)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.name)
def test_the_specs_mean_the_same_and_stay(path: Path) -> None:
    once = formatted(path.read_text(encoding="utf-8"))
    assert formatted(once) == once


@pytest.mark.parametrize("text", [LENET, RESNET, INCEPTION])
def test_the_samples_are_laid_out_already(text: str) -> None:
    assert formatted(text) == text


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("x=1", "x = 1"),
        ("x  =  - 1+2 -3", "x = -1 + 2 - 3"),
        ("x = 2*a + b * c//d %2 - e**2", "x = 2*a + b * c//d % 2 - e**2"),
        ("x = 4 *a", "x = 4 * a"),
        ("conv( 3,1 , stride = 2 ) ->relu", "conv(3, 1, stride=2) -> relu"),
        ("f (a) [0] . b(- 1)", "f(a)[0].b(-1)"),
        ("x = ( a+b )*c", "x = (a + b)*c"),
        ("x = [ ( 1,2 ),( 3, ) , 3x5,1% ]", "x = [(1, 2), (3,), 3x5, 1%]"),
        ("x = a if not(b) else c or(d)", "x = a if not (b) else c or (d)"),
        ("expect 1<=a!=b within 1%", "expect 1 <= a != b within 1%"),
        ("input i:[3,H=2*n,W]where H>=1,W%2==0", "input i: [3, H = 2*n, W] where H >= 1, W%2 == 0"),
        ("f(? , ? k in 1 .. 7, ? in a..b)", "f(?, ?k in 1..7, ? in a..b)"),
        ("for a,b in(1,2) :relu", "for a, b in (1, 2): relu"),
        ("in*gate", "in*gate"),
        ("x = in [0] + in", "x = in[0] + in"),
        ("output(a)  weight  0.3   #  why", "output (a) weight 0.3  #  why"),
        ("relu as act  ->  tanh", "relu as act -> tanh"),
        ("x = (a -> b) + -c", "x = (a -> b) + -c"),
    ],
)
def test_one_line(line: str, wanted: str) -> None:
    assert formatted(net(line)) == net(wanted)


def test_heads_have_room_around_defaults() -> None:
    assert formatted("block f(a,b=2,t:tensor) :relu\n") == "block f(a, b = 2, t: tensor): relu\n"


def test_indentation_and_empty_lines() -> None:
    text = (
        "\n\nuse std\nn=1\n\n\n\nm=2\nnet x:\n\n  # first\n  repeat 2:\n\n     relu\n\n\n     tanh\n"
        "  # last\nnet y: relu"
    )
    assert formatted(text) == (
        "use std\nn = 1\n\nm = 2\n\nnet x:\n    # first\n    repeat 2:\n        relu\n\n        tanh\n"
        "    # last\n\nnet y: relu\n"
    )


def test_comments_stay_with_what_they_belong_to() -> None:
    text = """\
# file

# of a
block a: relu
# of b
net b:
    if c:
        relu
        # of the body
    # of else
    else:
        tanh
    # of the net
# of c
block c: relu
# last
"""
    wanted = text.replace("# of b", "\n# of b").replace("# of c", "\n# of c").replace("# last", "\n# last")
    assert formatted(text) == wanted


def test_long_pipelines_are_split_at_their_arrows() -> None:
    stages = [f"conv({place}, 3, stride=1, pad=same)" for place in range(4)]
    joined, split = " -> ".join(stages), "\n        -> ".join(stages)
    assert formatted(net(joined)) == net(split)
    assert formatted(net("x = " + joined)) == net("x = " + split)


def test_arrows_that_begin_lines_stay_there() -> None:
    text = net("conv(3)  # one", "    # in between", "    -> relu -> tanh  # two")
    assert formatted(text) == net("conv(3)  # one", "    # in between", "    -> relu", "    -> tanh  # two")


def test_a_last_comma_keeps_a_bracket_broken() -> None:
    assert formatted(net("f(a, b,)")) == net("f(", "    a,", "    b,", ")")
    assert formatted(net("f(a,", "  b)")) == net("f(a, b)")
    assert formatted(net("x = f(a, [1, 2,]) -> relu")) == net(
        "x = f(", "    a,", "    [", "        1,", "        2,", "    ],", ") -> relu"
    )


def test_long_brackets_are_broken() -> None:
    items = [f"branch_number_{place}" for place in range(8)]
    broken = ["concat(", *(f"    {item}," for item in items), ")"]
    assert formatted(net(f"concat({', '.join(items)})")) == net(*broken)
    group = f"({' + '.join(items)})"
    assert formatted(net(f"x = {group}*2")) == net("x = (", f"    {' + '.join(items)}", ")*2")


def test_rows_of_a_table_stay_rows() -> None:
    text = net("x = [", "    (1, 2), (3, 4),", "    (5, 6), (7, 8),", "]")
    assert formatted(text) == text


def test_comments_in_brackets() -> None:
    text = net("f(  # open", "  a, # one", "# above two", "b", "# behind", ") # close")
    assert formatted(text) == net(
        "f(", "    # open", "    a,  # one", "    # above two", "    b,", "    # behind", ")  # close"
    )


def test_columns_that_are_aligned_stay_aligned() -> None:
    text = net(
        "conv(6, 5)  -> tanh",
        "conv(16, 5) -> relu",
        "a   = 1   # one",
        "bcd = 2   # two",
        "linear(120)  -> tanh",
    )
    assert formatted(text) == net(
        "conv(6, 5)  -> tanh",
        "conv(16, 5) -> relu",
        "a   = 1  # one",
        "bcd = 2  # two",
        "linear(120) -> tanh",
    )


def test_docstrings_are_indented_with_their_body() -> None:
    text = 'net x:\n  """First.\n\n    Deeper.\n  Last.\n  """\n  relu\n'
    assert formatted(text) == 'net x:\n    """First.\n\n      Deeper.\n    Last.\n    """\n    relu\n'
    assert formatted('net x:\n  """ Say "a" """\n') == 'net x:\n    """Say "a" """\n'


def test_line_ends_stay() -> None:
    assert formatted("net x:\r\n  relu\r\n") == "net x:\r\n    relu\r\n"


def test_what_cannot_be_read_is_not_touched() -> None:
    result = format_source(Source("test.cnn", "net x\n    relu\n"))
    assert result.text is None
    assert [found.code for found in result.diagnostics] == ["missing-colon"]


@st.composite
def scattered(draw: st.DrawFn) -> str:
    """A sample with other spaces, line ends where they mean nothing, comments and empty lines."""
    tokens = parse(Source("test.cnn", draw(st.sampled_from(SAMPLES)))).tokens
    step = draw(st.integers(1, 5))
    text, depth, brackets, begins_line = "", 0, 0, True
    for token in tokens:
        if token.kind in (INDENT, DEDENT):
            depth += 1 if token.kind == INDENT else -1
        elif token.kind == NEWLINE:
            text += draw(
                st.sampled_from(["\n", "  # end\n", "\n\n\n", "\n# left\n", "\n\n          # right\n"])
            )
            begins_line = True
        else:
            brackets -= token.text in CLOSERS.values()
            if begins_line:
                text += " " * (depth * step)
            elif brackets or token.text in CLOSERS.values():
                text += draw(st.sampled_from([" ", " ", "  ", "\n", "  # in\n", "\n    # own\n"]))
            elif token.text == "->":
                text += draw(st.sampled_from([" ", "   ", "\n" + " " * (depth * step + 1)]))
            else:
                text += draw(st.sampled_from([" ", "  "]))
            text += token.text
            brackets += token.text in CLOSERS
            begins_line = False
    return text


@settings(max_examples=150)
@given(scattered())
def test_any_layout_is_read_the_same_and_settles_at_once(text: str) -> None:
    once = formatted(text)
    assert formatted(once) == once
    assert all(len(line.split("  #")[0]) <= WIDTH for line in once.split("\n") if '"""' not in line)
