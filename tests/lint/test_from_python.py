"""Lint from Python."""

from __future__ import annotations

import pytest
from lint.linting import codes, net

import cnnspec

TEXT = net("conv(8, 3, pad=1) -> bn -> relu -> flatten\noutput linear(10)")


def test_a_spec_is_linted_by_the_rules_that_are_asked_for() -> None:
    spec = cnnspec.loads(TEXT)
    assert codes([*spec.lint()]) == ["bias-before-norm"]
    assert codes([*spec.lint("info", "even-kernel")]) == ["large-head"]
    assert spec.check() == ()


def test_a_rule_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no rule `large-haed`"):
        cnnspec.loads(TEXT).lint("large-haed")
