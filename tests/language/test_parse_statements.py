"""Every form of statement."""

from __future__ import annotations

from fractions import Fraction

import pytest
from language.shapes import body, read, shape

RELU = ("relu",)
INPUT = "InputDim"


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("input a: [3]", ("Input", "a", (3,))),
        ("input a: [3, H, W]", ("Input", "a", (3, (INPUT, "H"), (INPUT, "W")))),
        ("input a: [C = 2*n, 8]", ("Input", "a", ((INPUT, "C", ("Binary", "*", 2, "n")), 8))),
        (
            "input a: [3, H] where H % 16 == 0, 8 <= H < 64",
            (
                "Input",
                "a",
                (3, (INPUT, "H")),
                (
                    ("Comparison", ("Binary", "%", "H", 16), (("==", 0),)),
                    ("Comparison", 8, (("<=", "H"), ("<", 64))),
                ),
            ),
        ),
        ("output relu", ("Output", "relu")),
        ("output main = relu", ("Output", "main", "relu")),
        ("output main -> relu", ("Output", ("Pipeline", ("main", "relu")))),
        ("output relu weight 0.3", ("Output", "relu", Fraction(3, 10))),
        ("training output relu", ("Output", "relu", True)),
        ("training output aux = relu weight 0.3", ("Output", "aux", "relu", True, Fraction(3, 10))),
        ("layer enc = conv(64, 3)", ("LayerDefinition", "enc", ("Call", "conv", (64, 3)))),
        ("expect params == 5", ("Expect", ("Comparison", "params", (("==", 5),)))),
        ("expect a == b within 1%", ("Expect", ("Comparison", "a", (("==", "b"),)), Fraction(1, 100))),
        ("expect not a", ("Expect", ("Unary", "not", "a"))),
        ("a = relu", ("Assign", ("a",), "relu")),
        ("a, b = split(2)", ("Assign", ("a", "b"), ("Call", "split", (2,)))),
        ("repeat 3: relu", ("Repeat", 3, RELU)),
        ("for i in range(3): relu", ("For", ("i",), ("Call", "range", (3,)), RELU)),
        ("for a, b in c: relu", ("For", ("a", "b"), "c", RELU)),
        ("if a: relu", ("If", (("a", RELU),))),
        ("relu as act", ("Pipeline", (("Stage", "relu", "act"),))),
    ],
)
def test_one_statement(text: str, tree: object) -> None:
    assert body(text) == (tree,)


def test_branches_on_lines_of_their_own_and_on_one_line() -> None:
    tree = ("If", (("a", RELU), ("b", ("tanh",)), ("c", RELU)), ("gelu",))
    assert body("if a:\n    relu\nelif b:\n    tanh\nelif c:\n    relu\nelse:\n    gelu") == (tree,)
    assert body("if a: relu\nelif b: tanh\nelif c: relu\nelse: gelu") == (tree,)


def test_bodies_nest() -> None:
    text = "repeat 2:\n    for i in x:\n        if a:\n            relu\n    tanh\nsilu"
    inner = ("For", ("i",), "x", (("If", (("a", RELU),)),))
    assert body(text) == (("Repeat", 2, (inner, "tanh")), "silu")


def test_a_definition_on_one_line() -> None:
    (block,) = read("block act: relu\n").definitions
    assert shape(block.body) == RELU


def test_a_body_may_be_a_docstring_alone() -> None:
    (block,) = read('block act:\n    """Nothing."""\n').definitions
    assert (block.doc, block.body) == ("Nothing.", ())


def test_parameters() -> None:
    (block,) = read("block f(a, b = 2*k, skip: tensor,): relu\n").definitions
    assert shape(block.params) == (
        ("Param", "a"),
        ("Param", "b", ("Binary", "*", 2, "k")),
        ("Param", "skip", True),
    )
    assert [param.is_tensor for param in block.params] == [False, False, True]


def test_docstrings_lose_their_indentation() -> None:
    text = 'net x:\n    """First.\n\n        Deeper.\n    Last.\n    """\n    relu\n'
    assert read(text).definitions[0].doc == "First.\n\n    Deeper.\nLast."


def test_a_deeper_line_that_begins_with_an_arrow_goes_on() -> None:
    assert body("conv(3)\n    -> relu\n    # in between\n\n    -> tanh as t\nsilu") == (
        ("Pipeline", (("Call", "conv", (3,)), "relu", ("Stage", "tanh", "t"))),
        "silu",
    )
    assert body("a = conv(3)\n  -> relu") == (
        ("Assign", ("a",), ("Pipeline", (("Call", "conv", (3,)), "relu"))),
    )


def test_lines_end_anywhere_in_brackets() -> None:
    assert body("a = [\n1,\n  2,  # two\n\n]\nf(\n        a,\n)") == (
        ("Assign", ("a",), ("Sequence", (1, 2))),
        ("Call", "f", ("a",)),
    )


@pytest.mark.parametrize(
    "word", ["weight", "within", "where", "tensor", "std", "as", "layer", "training", "use"]
)
def test_words_of_single_statements_are_names_elsewhere(word: str) -> None:
    assert body(f"{word} = 3\nf({word}, {word}={word}) -> {word} as {word}\na = {word}.{word}") == (
        ("Assign", (word,), 3),
        ("Pipeline", (("Call", "f", (word, ("Argument", word, word))), ("Stage", word, word))),
        ("Assign", ("a",), ("Attribute", word, word)),
    )


@pytest.mark.parametrize("word", ["input", "output", "expect", "repeat", "net", "block", "it"])
def test_words_that_begin_statements_are_names_inside_of_them(word: str) -> None:
    assert body(f"a = {word} -> f({word}) as {word}\nb = {word}.shape") == (
        ("Assign", ("a",), ("Pipeline", (word, ("Stage", ("Call", "f", (word,)), word)))),
        ("Assign", ("b",), ("Attribute", word, "shape")),
    )


def test_the_input_of_a_block_is_called_in() -> None:
    assert body("in -> relu\nx = in.channels") == (
        ("Pipeline", ("in", "relu")),
        ("Assign", ("x",), ("Attribute", "in", "channels")),
    )


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(end: str) -> None:
    text = 'net x:\n    """Two\n    lines."""\n\n    relu  # comment\n    repeat 2:\n        tanh\n'
    (net,) = read(text.replace("\n", end)).definitions
    assert shape(net.body) == ("relu", ("Repeat", 2, ("tanh",)))
    assert net.doc == "Two\nlines."


@pytest.mark.parametrize(
    "text", ["", "\n", "\r", " ", "# nothing", "\t\n  \n", "\ufeff", '"""Only words."""']
)
def test_files_without_definitions(text: str) -> None:
    assert read(text).definitions == ()


def test_no_line_end_at_the_end() -> None:
    assert shape(read("net x:\n    repeat 2:\n        relu").definitions[0].body) == (("Repeat", 2, RELU),)


def test_tabs_indent_as_well() -> None:
    assert shape(read("net x:\n\trepeat 2:\n\t\trelu\n\ttanh\n").definitions[0].body) == (
        ("Repeat", 2, RELU),
        "tanh",
    )
