"""`cnnspec diff` as a command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

NET = "net n():\n    input x: [1, H = 8, W = 8]\n    conv({channels}, 3) -> relu\n    output conv(2, 1)\n"


@pytest.fixture
def specs(tmp_path: Path) -> list[str]:
    paths = [tmp_path / f"{channels}.cnn" for channels in (4, 6)]
    for path, channels in zip(paths, (4, 6), strict=True):
        path.write_text(NET.format(channels=channels), encoding="utf-8")
    return [str(path) for path in paths]


def test_the_same_net_ends_with_zero(cnnspec: Callable[..., Any], specs: list[str]) -> None:
    result = cnnspec("diff", specs[0], specs[0])
    assert (result.code, result.out) == (0, "  4 layers are the same\n")


def test_a_change_is_shown_with_its_costs_and_ends_with_one(
    cnnspec: Callable[..., Any], specs: list[str]
) -> None:
    result = cnnspec("diff", *specs)
    assert result.code == 1
    assert "~ conv1: conv(4, 3) → conv(6, 3)" in result.out
    assert "params 40 → 60  (+20, +50 %)" in result.out
    assert "parameters   50 → 74  (+24, +48 %)" in result.out


def test_markdown_is_a_table_and_a_list(cnnspec: Callable[..., Any], specs: list[str]) -> None:
    result = cnnspec("diff", *specs, "--format", "markdown")
    assert "| parameters | 50 | 74 | +24, +48 % |" in result.out
    assert "- changed `conv1: conv(4, 3) → conv(6, 3)`" in result.out


def test_symbolic_changes_are_formulas(cnnspec: Callable[..., Any], specs: list[str]) -> None:
    result = cnnspec("diff", *specs, "--symbolic")
    assert "·(H − 2)·(W − 2)" in result.out


def test_three_nets_are_too_many(cnnspec: Callable[..., Any], specs: list[str]) -> None:
    result = cnnspec("diff", *specs, "--net", "a", "--net", "b", "--net", "c")
    assert result.code == 2
