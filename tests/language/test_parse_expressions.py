"""Numbers, precedence, and every form of expression."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from language.shapes import expression

NUMBERS = {
    "0": 0,
    "007": 7,
    "61_706": 61706,
    "0.5": Fraction(1, 2),
    "2.50": Fraction(5, 2),
    "1.0": 1,
    "1e3": 1000,
    "1E+3": 1000,
    "1e-3": Fraction(1, 1000),
    "2.5e2": 250,
    "4.09G": 4_090_000_000,
    "3K": 3000,
    "1.5M": 1_500_000,
    "2T": 2 * 10**12,
    "8KiB": 8192,
    "0.5MiB": 524_288,
    "2GiB": 2**31,
    "1TiB": 2**40,
    "1%": Fraction(1, 100),
    "100%": 1,
    "0.1%": Fraction(1, 1000),
    "1e3K": 10**6,
}


@pytest.mark.parametrize(("text", "value"), NUMBERS.items())
def test_numbers_are_exact(text: str, value: int | Fraction) -> None:
    assert expression(text) == value
    assert type(expression(text)) is (int if value == int(value) else Fraction)


@given(st.integers(0, 10**30), st.integers(0, 20))
def test_decimals_are_exact(digits: int, places: int) -> None:
    padded = str(digits).rjust(places + 1, "0")
    text = f"{padded[: len(padded) - places]}.{padded[len(padded) - places :]}" if places else padded
    assert expression(text) == Fraction(digits, 10**places)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("10%3", ("Binary", "%", 10, 3)),
        ("10 % 3", ("Binary", "%", 10, 3)),
        ("10%(3)", ("Binary", "%", 10, 3)),
        ("10%-3", ("Binary", "%", 10, ("Unary", "-", 3))),
        ("a%3", ("Binary", "%", "a", 3)),
        ("10% + 3", ("Binary", "+", Fraction(1, 10), 3)),
        ("(10%)", Fraction(1, 10)),
    ],
)
def test_percent_and_remainder(text: str, tree: object) -> None:
    assert expression(text) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        # loosest first: pipeline, choice, or, and, not, comparison, sum, product, sign, power, postfix
        ("a -> b if c else d -> e", ("Pipeline", ("a", ("Conditional", "b", "c", "d"), "e"))),
        ("a + b -> c", ("Pipeline", (("Binary", "+", "a", "b"), "c"))),
        ("a if b or c else d", ("Conditional", "a", ("Binary", "or", "b", "c"), "d")),
        ("a if b else c if d else e", ("Conditional", "a", "b", ("Conditional", "c", "d", "e"))),
        ("a or b and c", ("Binary", "or", "a", ("Binary", "and", "b", "c"))),
        ("not a and b", ("Binary", "and", ("Unary", "not", "a"), "b")),
        ("not not a", ("Unary", "not", ("Unary", "not", "a"))),
        ("not a == b", ("Unary", "not", ("Comparison", "a", (("==", "b"),)))),
        ("a + 1 < b * 2", ("Comparison", ("Binary", "+", "a", 1), (("<", ("Binary", "*", "b", 2)),))),
        ("a <= b < c != d", ("Comparison", "a", (("<=", "b"), ("<", "c"), ("!=", "d")))),
        ("a - b - c", ("Binary", "-", ("Binary", "-", "a", "b"), "c")),
        ("a + b * c", ("Binary", "+", "a", ("Binary", "*", "b", "c"))),
        ("a / b // c % d", ("Binary", "%", ("Binary", "//", ("Binary", "/", "a", "b"), "c"), "d")),
        ("-a * b", ("Binary", "*", ("Unary", "-", "a"), "b")),
        ("-a ** b", ("Unary", "-", ("Binary", "**", "a", "b"))),
        ("a ** -b", ("Binary", "**", "a", ("Unary", "-", "b"))),
        ("a ** b ** c", ("Binary", "**", "a", ("Binary", "**", "b", "c"))),
        ("a.b ** 2", ("Binary", "**", ("Attribute", "a", "b"), 2)),
        ("(a -> b) + c", ("Binary", "+", ("Pipeline", ("a", "b")), "c")),
        ("((a))", "a"),
    ],
)
def test_precedence(text: str, tree: object) -> None:
    assert expression(text) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("f", "f"),
        ("f()", ("Call", "f")),
        ("f(a, b = 2, c,)", ("Call", "f", ("a", ("Argument", "b", 2), "c"))),
        ("f(a -> b as c -> d)", ("Call", "f", (("Pipeline", ("a", ("Stage", "b", "c"), "d")),))),
        ("f(x = a -> b)", ("Call", "f", (("Argument", "x", ("Pipeline", ("a", "b"))),))),
        ("f(1)(2)", ("Call", ("Call", "f", (1,)), (2,))),
        ("a.b.c(1)[0]", ("Index", ("Call", ("Attribute", ("Attribute", "a", "b"), "c"), (1,)), 0)),
        ("a[-1]", ("Index", "a", ("Unary", "-", 1))),
        ("[]", ("Sequence",)),
        ("[1]", ("Sequence", (1,))),
        ("[1, (2, 3), ]", ("Sequence", (1, ("Sequence", (2, 3))))),
        ("()", ("Sequence",)),
        ("(1,)", ("Sequence", (1,))),
        ("(1, 2)", ("Sequence", (1, 2))),
        ("3x5", ("Sequence", (3, 5))),
        ("1x3x5", ("Sequence", (1, 3, 5))),
        ('"a # b"', ("String", "a # b")),
        ('""', ("String", "")),
        ("?", ("Hole",)),
        ("?k", ("Hole", "k")),
        ("?k in 1..7", ("Hole", "k", 1, 7)),
        ("? in a..(b + 1)", ("Hole", "a", ("Binary", "+", "b", 1))),
        ("f(?, ?k)", ("Call", "f", (("Hole",), ("Hole", "k")))),
        ("concat(a, x -> f(3, 1) as red -> relu)", (
            "Call",
            "concat",
            ("a", ("Pipeline", ("x", ("Stage", ("Call", "f", (3, 1)), "red"), "relu"))),
        )),
        ("macs(H=320, W=320)", ("Call", "macs", (("Argument", "H", 320), ("Argument", "W", 320)))),
    ],
)  # fmt: skip
def test_forms(text: str, tree: object) -> None:
    assert expression(text) == tree


LEVELS = (("or",), ("and",), ("==",), ("+", "-"), ("*", "/", "//", "%"), ("**",))


@st.composite
def operations(draw: st.DrawFn, depth: int = 4) -> tuple[str, object, int]:
    """A random operation: its text with no more brackets than needed, its tree, and how tight it binds."""
    if depth == 0 or draw(st.booleans()):
        name = draw(st.sampled_from(["a", "b", "x1"]))
        return name, name, len(LEVELS)
    level = draw(st.integers(0, len(LEVELS) - 1))
    operator = draw(st.sampled_from(LEVELS[level]))
    is_to_the_right = operator == "**"
    left, left_tree, left_level = draw(operations(depth - 1))
    right, right_tree, right_level = draw(operations(depth - 1))
    if left_level < level or (left_level == level and operator in ("==", "**")):
        left = f"({left})"
    if right_level < level or (right_level == level and not is_to_the_right):
        right = f"({right})"
    tree = (
        ("Comparison", left_tree, (("==", right_tree),))
        if operator == "=="
        else ("Binary", operator, left_tree, right_tree)
    )
    return f"{left} {operator} {right}", tree, level


@given(operations())
def test_brackets_are_needed_only_against_precedence(operation: tuple[str, object, int]) -> None:
    text, tree, _ = operation
    assert expression(text) == tree
