"""`cnnspec show --dense`, `--matrix` and `--flops-as`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cnnspec.analysis.conventions import CONVENTIONS

Run = Callable[..., Any]
Write = Callable[..., Path]
SPECS = Path(__file__).parents[2] / "specs"
LENET = SPECS / "lenet5.cnn"


def test_the_lectures_view(cnnspec: Run) -> None:
    rows = json.loads(cnnspec("show", LENET, "--dense", "--format", "json").out)["layers"]
    assert [(row["path"], row["connections"], row["weights"], row["biases"]) for row in rows] == [
        ("conv1", 4_816_896, 150, 6),
        ("conv2", 1_881_600, 2_400, 16),
    ]
    table = cnnspec("show", LENET, "--dense").out
    assert "4,816,896    2.44 %      150       6  32,113×" in table
    assert "784×" in table


def test_a_net_without_convolutions_says_so(cnnspec: Run, spec: Write) -> None:
    path = spec("net n:\n    input x: [4]\n    output linear(2)\n")
    assert "no layer of this net is a convolution" in cnnspec("show", path, "--dense").out
    result = cnnspec("show", path, "--matrix")
    assert result.code == 2
    assert "name it with `--layer`" in result.err


def test_a_small_matrix_is_drawn_letter_by_letter(cnnspec: Run, spec: Write) -> None:
    path = spec("net n:\n    input x: [1, 3, 3]\n    output conv(1, 2, bias=false)\n")
    assert cnnspec("show", path, "--matrix").out.splitlines() == [
        "conv1  conv 1, 2×2 no bias",
        "a matrix of 4 × 9",
        "16 of 36 entries are not zero (44.4 %)",
        "they are 4 different weights",
        "",
        "ab·cd····",
        "·ab·cd···",
        "···ab·cd·",
        "····ab·cd",
    ]


def test_padding_leaves_letters_out(cnnspec: Run, spec: Write) -> None:
    path = spec("net n:\n    input x: [1, 4]\n    output conv(1, 3, pad=1)\n")
    assert cnnspec("show", path, "--matrix").out.splitlines()[-4:] == ["bc··", "abc·", "·abc", "··ab"]


def test_given_weights_are_drawn_as_numbers(cnnspec: Run, spec: Write) -> None:
    path = spec(
        "net n:\n    input x: [1, 3, 3]\n    output conv(1, 3, weights=sobel_x, frozen, bias=false)\n"
    )
    assert cnnspec("show", path, "--matrix").out.splitlines()[-1] == "-1  0  1 -2  0  2 -1  0  1"


def test_a_large_matrix_is_drawn_in_shades(cnnspec: Run) -> None:
    result = cnnspec("show", LENET, "--layer", "conv1", "--matrix")
    title, size, nonzero, weights, _, *drawing = result.out.splitlines()
    assert title == "conv1  conv 6, 5×5"
    assert size == "a matrix of 4,704 × 1,024"
    assert nonzero == "117,600 of 4,816,896 entries are not zero (2.44 %)"
    assert weights == "they are 150 different weights"
    assert len(drawing) <= 60
    assert set("".join(drawing)) <= set(" ░▒▓█")
    assert "█" in result.out


@pytest.mark.parametrize("tool", CONVENTIONS)
def test_counting_as_another_tool(cnnspec: Run, tool: str) -> None:
    found = json.loads(cnnspec("show", LENET, "--flops-as", tool, "--format", "json").out)
    assert found["total"] == sum(operator["theirs"] for operator in found["operators"])
    table = cnnspec("show", LENET, "--flops-as", tool).out
    assert f"{found['total']:,} {found['label']}" in table
    assert found["version"] in table


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--matrix"], "name it with `--layer`"),
        (["--layer", "conv9", "--matrix"], "`conv9` is no layer of this net; did you mean `conv1`?"),
        (["--layer", "tanh1", "--matrix"], "`tanh1` is no convolution"),
        (["--dense", "--flops-as", "thop"], "are two tables: ask for one"),
        (["--dense", "--format", "csv"], "`--dense` has the format table and json, not csv"),
        (["--matrix", "--layer", "conv1", "--format", "json"], "has the format table, not json"),
        (["--flops-as", "me"], "'me' is not one of"),
    ],
)
def test_mistakes_are_said(cnnspec: Run, arguments: list[str], said: str) -> None:
    result = cnnspec("show", LENET, *arguments)
    assert result.code == 2
    assert said in result.err


def test_a_matrix_needs_sizes_and_is_not_too_large(cnnspec: Run) -> None:
    free = cnnspec("show", SPECS / "vgg16.cnn", "--symbolic", "--layer", "conv1", "--matrix")
    assert "has no size while symbols are free" in free.err
    large = cnnspec("show", SPECS / "vgg16.cnn", "--layer", "conv1", "--matrix")
    assert "at most 5,000,000 are drawn" in large.err
