"""What is too much is refused before the work is done, in well under a second, and the limit is named."""

from __future__ import annotations

import time

import pytest
from language.shapes import mistakes, read

from cnnspec.language import limits

MANY = 100_000
SECONDS = 1.0

TOO_MUCH = {
    "brackets": ("(" * MANY + "1" + ")" * MANY, "more than 100 brackets within each other"),
    "lists": ("[" * MANY + "]" * MANY, "more than 100 brackets within each other"),
    "calls within calls": ("f(" * MANY + ")" * MANY, "more than 100 brackets within each other"),
    "calls of calls": ("f" + "()" * MANY, "an expression that nests more than 100 levels deep"),
    "attributes": (".".join(["a"] * MANY), "an expression that nests more than 100 levels deep"),
    "indices": ("a" + "[0]" * MANY, "an expression that nests more than 100 levels deep"),
    "a sum": ("+".join(["a"] * MANY), "an expression that nests more than 100 levels deep"),
    "conditions": (" and ".join(["a"] * MANY), "an expression that nests more than 100 levels deep"),
    "a few signs": ("-" * 1000 + "1", "an expression that nests more than 100 levels deep"),
    "a few powers": ("**".join(["a"] * 1000), "an expression that nests more than 100 levels deep"),
    "a few choices": ("a if b else " * 1000 + "c", "an expression that nests more than 100 levels deep"),
    "signs": ("-" * MANY + "1", "a statement of more than 20,000 words, numbers and signs"),
    "negations": ("not " * MANY + "a", "a statement of more than 20,000 words, numbers and signs"),
    "powers": ("**".join(["a"] * MANY), "a statement of more than 20,000 words, numbers and signs"),
    "a pipeline": ("->".join(["a"] * MANY), "a statement of more than 20,000 words, numbers and signs"),
    "comparisons": ("<".join(["a"] * MANY), "a statement of more than 20,000 words, numbers and signs"),
    "a list": ("[" + "1," * MANY + "]", "a statement of more than 20,000 words, numbers and signs"),
    "arguments": ("f(" + "a," * MANY + ")", "a statement of more than 20,000 words, numbers and signs"),
    "digits": ("1" * MANY, "a number may have at most 4,000 digits"),
    "decimals": ("0." + "1" * MANY, "a number may have at most 4,000 digits"),
    "an exponent": ("1e999999999", "a number may have at most 4,000 digits"),
    "an exponent of many digits": ("1e" + "9" * MANY, "a number may have at most 4,000 digits"),
    "a negative exponent": ("1e-999999999", "a number may have at most 4,000 digits"),
}


@pytest.fixture(autouse=True)
def _loaded() -> None:
    read("x = 1\n")


@pytest.mark.parametrize(("expression", "message"), TOO_MUCH.values(), ids=TOO_MUCH.keys())
def test_an_expression_that_is_too_much(expression: str, message: str) -> None:
    """It is one mistake, and what follows it is read."""
    text = f"net x:\n    a = {expression}\n    relu relu\n"
    start = time.process_time()
    first, second = mistakes(text)
    assert time.process_time() - start < SECONDS
    assert (first.code, first.message) == ("limit", message)
    assert first.span is not None
    assert first.span.line == 2
    assert (second.code, second.span and second.span.line) == ("missing-arrow", 3)


def test_brackets_that_stay_open() -> None:
    start = time.process_time()
    (found,) = mistakes("a = " + "(" * MANY)
    assert time.process_time() - start < SECONDS
    assert (found.code, found.message) == ("limit", "more than 100 brackets within each other")


def test_bodies_within_bodies() -> None:
    text = "net x:\n" + "".join(" " * depth + "if a:\n" for depth in range(1, 1200))
    start = time.process_time()
    (found,) = mistakes(text)
    assert time.process_time() - start < SECONDS
    assert (found.code, found.message) == ("limit", "more than 32 bodies within each other")
    assert found.span is not None
    assert found.span.line == limits.MAX_INDENTATION + 2


def test_just_within_the_limits() -> None:
    nested = "(" * limits.MAX_NESTING + "1" + ")" * limits.MAX_NESTING
    added = " + ".join(["a"] * limits.MAX_NESTING)
    digits = "9" * limits.MAX_DIGITS
    listed = "[" + "1," * (limits.MAX_STATEMENT // 2 - 3) + "]"
    deep = "".join(" " * depth + "if a:\n" for depth in range(1, limits.MAX_INDENTATION))
    deep += " " * limits.MAX_INDENTATION + "relu\n"
    read(f"a = {nested}\nb = {added}\nc = {digits}\nd = {listed}\nnet x:\n{deep}")


def test_no_more_mistakes_are_reported_than_one_can_read() -> None:
    found = mistakes("net x:\n" + "    conv(3 3)\n" * 10_000)
    assert len(found) == limits.MAX_SYNTAX_ERRORS + 1
    assert (found[-1].code, found[-1].message) == (
        "limit",
        "more than 100 mistakes: the rest of the file was not read",
    )


SIZE = limits.MAX_SOURCE_BYTES - 100
STRANGE = {
    "NUL": "\0" * SIZE,
    "line ends": "\n" * SIZE,
    "spaces": " " * SIZE,
    "no-break spaces": "\u00a0" * SIZE,
    "a comment": "#" * SIZE,
    "a word": "a" * SIZE,
    "a word that ends badly": "a" * SIZE + "é",
    "quotes": '"' * SIZE,
    "a string": 'x = "' + "a" * SIZE + '"',
    "an open string": 'x = "' + "a" * SIZE,
    "an open docstring": '"""' + 'a"' * (SIZE // 2),
    "an open bracket": "net x:\n    f(\n" + "\n" * SIZE,
    "open brackets": "net x:\n" + "    a = [1,\n" * (SIZE // 12),
    "a bracket that is never closed": "net x:\n    a = [\n" + "    f(1),\n" * (SIZE // 10),
    "signs of no language": "@$;{" * (SIZE // 4),
    "lines of nonsense": ")(;\n" * (SIZE // 4),
    "levels that do not fit": "net x:\n" + "        a\n    b\n" * (SIZE // 16),
}


@pytest.mark.parametrize("text", STRANGE.values(), ids=STRANGE.keys())
def test_strange_texts_of_full_size_take_no_longer_than_sound_ones(text: str) -> None:
    start = time.process_time()
    mistakes(text)
    assert time.process_time() - start < 4 * SECONDS
