"""Fixes: what they change, what they leave alone, and that they can be made again without any effect."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lint.linting import SETTINGS, checked, codes, errors, net

from cnnspec import pipeline
from cnnspec.diagnostics import Diagnostic, Source
from cnnspec.language.spec import load_source
from cnnspec.lint.fixing import MOST_ROUNDS, Fixed, fix


def check(text: str) -> tuple[Source, tuple[Diagnostic, ...]]:
    source = Source("example.cnn", text)
    loaded = load_source(source, Path.cwd())
    found = loaded.diagnostics + (pipeline.check(loaded.spec, SETTINGS) if loaded.spec else ())
    return source, found


def fixed(text: str, *, unsafe: bool = False) -> Fixed:
    return fix(text, check, unsafe=unsafe)


SAFE = [
    ("conv(8, 3) -> bn", "conv(8, 3, bias=false) -> bn"),
    ("conv(8, 3, bias) -> bn  # first", "conv(8, 3, bias=false) -> bn  # first"),
    ("conv(8, 3, bias=true, pad=1) -> bn", "conv(8, 3, bias=false, pad=1) -> bn"),
    ("conv(8, (3)) -> bn", "conv(8, (3), bias=false) -> bn"),
    ("conv(\n    8,  # channels\n    3,\n) -> bn", "conv(\n    8,  # channels\n    3, bias=false,\n) -> bn"),
    ("conv(8, 3) -> relu -> relu -> relu", "conv(8, 3) -> relu"),
    ("conv(8, 3) -> relu  ->\trelu  # why", "conv(8, 3) -> relu  # why"),
    ("relu  # cnnspec: ignore[even-kernel] so", "relu"),
    ("# cnnspec: ignore[even-kernel] so\nrelu", "relu"),
    ("unused = 3\nrelu", "relu"),
    ("layer enc = conv(8, 3)\nrelu", "relu"),
]


@pytest.mark.parametrize(("before", "after"), SAFE)
def test_a_safe_fix_changes_only_what_is_found(before: str, after: str) -> None:
    done = fixed(net(before))
    assert done.text == net(after)
    assert done.made
    assert not done.refused


@pytest.mark.parametrize(("before", "after"), SAFE)
def test_after_a_fix_nothing_is_left_to_fix(before: str, after: str) -> None:
    once = fixed(net(before))
    again = fixed(once.text)
    assert (again.text, again.made) == (once.text, ())
    assert not {found.code for found in once.made} & set(codes(checked(once.text)))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("conv(8, 3) -> flatten -> linear(99)", "conv(8, 3) -> global_avgpool -> flatten -> linear(99)"),
        ("pad(1) -> conv(8, 3, pad=1)", "pad(1) -> conv(8, 3, pad=0)"),
        ("conv(8, 3) -> tanh -> sigmoid", "conv(8, 3) -> tanh"),
        ("x = conv(8, 3)\nrelu", "relu"),
    ],
)
def test_what_changes_the_net_is_done_only_when_asked(before: str, after: str) -> None:
    assert fixed(net(before)).text == net(before)
    assert fixed(net(before), unsafe=True).text == net(after)


def test_file_level_fixes_leave_the_rest() -> None:
    text = "# about\nuse std\ngrowth = 3  # kept\nother = 4\n\n" + net("relu")
    assert fixed(text).text == "# about\ngrowth = 3  # kept\n\n" + net("relu")


def test_a_fix_that_would_break_an_expectation_is_not_safe() -> None:
    text = net("conv(8, 3) -> bn -> relu -> relu\nexpect params == 240")
    done = fixed(text)
    assert done.text == text.replace("relu -> relu", "relu")
    ((finding, broken),) = done.refused
    assert (finding.code, broken.code) == ("bias-before-norm", "expect-failed")
    assert "bias=false" in fixed(text, unsafe=True).text


def test_an_argument_that_depends_on_others_is_left_alone() -> None:
    text = "block unit(c, b = true):\n    conv(c, 3, bias=b) -> bn\n\n" + net("unit(8)")
    assert codes(checked(text)) == ["bias-before-norm"]
    assert fixed(text).text == text
    for argument in ("bias=bias", "bias"):
        text = f"block unit(c, bias = true):\n    conv(c, 3, {argument}) -> bn\n\n" + net("unit(8)")
        assert codes(checked(text)) == ["bias-before-norm"]
        assert fixed(text).text == text


def test_a_file_with_mistakes_is_left_alone() -> None:
    text = net("conv(8, 3) -> bn\nrleu")
    assert fixed(text).text == text


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_line_ends_stay_as_they_are(end: str) -> None:
    text = ("# ünïcode\n" + net("conv(8, 3) -> bn\nunused = 3\nrelu -> relu")).replace("\n", end)
    after = ("# ünïcode\n" + net("conv(8, 3, bias=false) -> bn\nrelu")).replace("\n", end)
    assert fixed(text).text == after


def test_no_two_rules_undo_each_other() -> None:
    """A check that always wants the same edit ends."""
    source, found = check(net("conv(8, 3) -> bn"))
    done = fix(source.text, lambda text: (source, found))
    assert len(done.made) <= MOST_ROUNDS


LAYERS = st.sampled_from(
    [
        "conv(4, 3, pad=1)",
        "conv(4, 3, bias)",
        "depthwise(3, pad=1,)",
        "conv(4, 4, pad=same)",
        "pad(1)",
        "bn",
        "relu",
        "relu6",
        "tanh",
        "dropout",
        "maxpool(2, ceil)",
        "softmax",
        "instancenorm",
    ]
)
LINES = st.lists(
    st.tuples(st.sampled_from(["", "x = ", "y = image -> "]), st.lists(LAYERS, min_size=1, max_size=5)),
    min_size=1,
    max_size=5,
)


@given(LINES, st.booleans())
def test_a_fixed_net_is_still_a_net_and_stays_fixed(lines: list[tuple[str, list[str]]], unsafe: bool) -> None:
    text = net("\n".join(start + " -> ".join(stages) for start, stages in [*lines, ("", ["relu"])]))
    before = checked(text)
    done = fixed(text, unsafe=unsafe)
    assert errors(checked(done.text)) == errors(before)
    assert fixed(done.text, unsafe=unsafe).text == done.text
