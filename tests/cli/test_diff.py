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


CHEAP_WHEN_SMALL = """
net map():
    input image: [1, H = 16, W = 16]
    conv(4, 3, pad=1) -> global_avgpool -> flatten
    output linear(10)
"""

CHEAP_WHEN_LARGE = """
net strided():
    input image: [1, H = 16, W = 16]
    conv(64, 3, stride=4, pad=1) -> global_avgpool -> flatten
    output linear(10)
"""


def test_the_crossover_is_where_the_numbers_cross(cnnspec: Any, tmp_path: Path) -> None:
    from cnnspec import api

    paths = [tmp_path / "map.cnn", tmp_path / "strided.cnn"]
    for path, text in zip(paths, (CHEAP_WHEN_SMALL, CHEAP_WHEN_LARGE), strict=True):
        path.write_text(text, encoding="utf-8")
    result = cnnspec("diff", *paths, "--crossover", "macs", "H")
    assert result.code == 0, result.err
    shown = dict.fromkeys(range(1, 60), "")
    for row in result.out.splitlines():
        where, _, what = row.partition("  ")
        low, high = (int(part) if part.strip().isdigit() else None for part in _ends(where))
        for size in shown:
            if (low or 0) <= size <= (high or 10**9):
                shown[size] = what.strip()
    for size, what in shown.items():
        ours, theirs = (api.load(path).net().bind(H=size).analysis.totals.macs for path in paths)
        sign = (
            "both have the same macs"
            if ours == theirs
            else "map has fewer macs"
            if ours < theirs
            else "strided has fewer"
        )
        assert what == sign, size


def _ends(where: str) -> tuple[str, str]:
    if "≥" in where:
        return where.split("≥")[1], ""
    if "=" in where:
        return where.split("=")[1], where.split("=")[1]
    low, _, high = where.split("≤")
    return low, high


def test_a_crossover_of_nothing_is_refused(cnnspec: Any) -> None:
    for arguments, message in ((("mac", "H"), "is no cost"), (("macs", "Q"), "no symbol or parameter `Q`")):
        result = cnnspec("diff", "specs/vgg11.cnn", "specs/vgg13.cnn", "--crossover", *arguments)
        assert (result.code, result.out) == (2, "")
        assert message in result.err


@pytest.mark.parametrize("spare", [["--symbolic"], ["--format", "markdown"]])
def test_a_crossover_refuses_what_it_would_ignore(cnnspec: Any, spare: list[str]) -> None:
    nets = "specs/vgg11.cnn", "specs/vgg13.cnn"
    result = cnnspec("diff", *nets, "--crossover", "macs", "H", "-s", "W=224", *spare)
    assert result.code == 2
    assert f"`{' '.join(spare)}` does not go with `--crossover`" in result.err
