"""Comments that ignore a finding: they need a code, hold for one line, and are themselves looked at."""

from __future__ import annotations

import pytest
from lint.linting import SETTINGS, at, codes, lint_text, net

from cnnspec.lint.config import Settings
from cnnspec.lint.selection import codes_of


def suppressed(comment: str, line: str = "conv(8, 3) -> bn") -> str:
    return net(f"{line}  {comment}\nrelu")


@pytest.mark.parametrize(
    "comment",
    [
        "# cnnspec: ignore[bias-before-norm]",
        "# cnnspec: ignore[bias-before-norm] trained elsewhere",
        "#cnnspec:ignore[ bias-before-norm ]",
        "# cnnspec: ignore[bias-before-norm] see [1] and # 2",
    ],
)
def test_a_comment_ignores_what_is_found_on_its_line(comment: str) -> None:
    assert lint_text(suppressed(comment)) == []


def test_one_comment_may_ignore_several_rules() -> None:
    line = "conv(8, 4, pad=same) -> bn"
    assert codes(lint_text(net(line))) == ["bias-before-norm", "even-kernel"]
    assert lint_text(suppressed("# cnnspec: ignore[even-kernel, bias-before-norm] as published", line)) == []


def test_a_comment_on_a_line_of_its_own_holds_for_the_next_line() -> None:
    lines = "# cnnspec: ignore[bias-before-norm] trained elsewhere\n# and another comment\n\nconv(8, 3) -> bn"
    assert lint_text(net(lines)) == []
    assert codes(lint_text(net(f"{lines}\nconv(8, 3) -> bn"))) == ["bias-before-norm"]


def test_a_comment_does_not_hold_for_other_lines_or_rules() -> None:
    found = lint_text(net("relu  # cnnspec: ignore[bias-before-norm]\nconv(8, 3) -> bn"))
    assert codes(found) == ["suppression-unused", "bias-before-norm"]
    found = lint_text(suppressed("# cnnspec: ignore[small-map]"))
    assert codes(found) == ["bias-before-norm", "suppression-unused"]


def test_a_text_that_looks_like_a_comment_is_none() -> None:
    text = net('"""# cnnspec: ignore[bias-before-norm]"""\nconv(8, 3) -> bn').replace(
        '    input image: [3, 32, 32]\n    """# cnnspec: ignore[bias-before-norm]"""\n',
        '    """# cnnspec: ignore[bias-before-norm]"""\n    input image: [3, 32, 32]\n',
    )
    assert codes(lint_text(text)) == ["bias-before-norm"]


@pytest.mark.parametrize(
    ("comment", "code", "text"),
    [
        ("# cnnspec: ignore", "suppression-malformed", "# cnnspec: ignore"),
        ("# cnnspec: ignore[]", "suppression-malformed", "# cnnspec: ignore[]"),
        ("# cnnspec: skip", "suppression-malformed", "# cnnspec: skip"),
        ("# cnnspec: ignore[bias-before-bn]", "suppression-unknown", "bias-before-bn"),
        ("# cnnspec: ignore[shape-mismatch]", "suppression-unknown", "shape-mismatch"),
        ("# cnnspec: ignore[even-kernel] reason", "suppression-unused", "even-kernel"),
    ],
)
def test_a_comment_that_does_nothing_is_found(comment: str, code: str, text: str) -> None:
    (found,) = lint_text(net(f"relu  {comment}"))
    assert (found.code, at(found)) == (code, text)


def test_an_unknown_rule_has_its_nearest_as_help() -> None:
    (found,) = lint_text(net("relu  # cnnspec: ignore[evenkernel]"))
    assert found.help is not None
    assert found.help.text == "did you mean `even-kernel`?"


def test_a_rule_that_was_not_looked_for_may_be_ignored() -> None:
    text = net("conv(8, 3, pad=1) -> flatten -> linear(9)  # cnnspec: ignore[large-head] on purpose")
    assert lint_text(text, Settings(codes_of(["warning"]))) == []
    assert lint_text(text, SETTINGS) == []


def test_a_budget_that_is_not_set_may_be_ignored() -> None:
    text = net("conv(8, 3)  # cnnspec: ignore[activation-budget] only while training")
    assert lint_text(text) == []
    assert lint_text(text, Settings(SETTINGS.codes, activation_budget=100)) == []
    assert codes(lint_text(text, Settings(SETTINGS.codes, activation_budget=10**6))) == ["suppression-unused"]


def test_what_is_said_of_comments_can_be_left_out() -> None:
    text = net("relu  # cnnspec: ignore[even-kernel]")
    assert lint_text(text, Settings(codes_of(["warning"]) - {"suppression-unused"})) == []


def test_in_a_block_a_comment_holds_for_every_use() -> None:
    block = "block unit(c):\n    conv(c, 3) -> bn  # cnnspec: ignore[bias-before-norm] as published\n\n"
    assert lint_text(block + net("unit(8) -> unit(16)")) == []


def test_a_file_of_blocks_is_not_blamed_for_comments_that_hold_where_it_is_used() -> None:
    assert lint_text("block unit(c):\n    conv(c, 3) -> bn  # cnnspec: ignore[bias-before-norm] so\n") == []
