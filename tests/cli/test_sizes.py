"""`cnnspec sizes` as a command."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

LADDER = """
net ladder():
    input image: [1, H = 64, W = 64]
    skip = conv(2, 3, pad=1)
    below = skip -> maxpool(4) -> upsample(4)
    output concat(skip, below)
"""

Cnnspec = Callable[..., Any]
Spec = Callable[..., Path]


@pytest.fixture
def ladder(tmp_path: Path) -> str:
    path = tmp_path / "ladder.cnn"
    path.write_text(LADDER, encoding="utf-8")
    return str(path)


def test_each_bound_has_its_witness(cnnspec: Cnnspec, ladder: str) -> None:
    result = cnnspec("sizes", ladder)
    assert result.code == 0, result.err
    assert "H ≡ 0 (mod 4)   4, 8, 12, 16, 20, 24 …" in result.out
    assert "concat1 at" in result.out


def test_a_size_that_is_not_legal_fails_with_the_way_out(cnnspec: Cnnspec, ladder: str) -> None:
    result = cnnspec("sizes", ladder, "--at", "H=30")
    assert result.code == 1
    assert "H = 30 is not legal: pad 2 to 32, or crop 2 to 28" in result.out


def test_json_has_the_sets_as_data(cnnspec: Cnnspec, ladder: str) -> None:
    result = cnnspec("sizes", ladder, "--format", "json", "--at", "W=8")
    record = json.loads(result.out)
    assert record["symbols"]["H"]["period"] == 4
    assert record["symbols"]["H"]["residues"] == [{"residue": 0, "least": 4, "greatest": None}]
    assert record["legal"] is True
    assert result.code == 0


@pytest.mark.parametrize("option", ["Q=3", "H=0", "H=1/2", "H"])
def test_what_is_no_size_is_refused(cnnspec: Cnnspec, ladder: str, option: str) -> None:
    result = cnnspec("sizes", ladder, "--at", option)
    assert (result.code, result.out) == (2, "")
    assert "error[usage]" in result.err


def test_what_ties_symbols_together_is_said_once(cnnspec: Cnnspec, spec: Spec) -> None:
    text = """
net turned():
    input image: [1, H = 8, W = 8]
    across = permute((0, 2, 1))
    it + across as first
    concat(it, across)
    output conv(1, 3)
"""
    lines = cnnspec("sizes", spec(text)).out.splitlines()
    assert sum(line in ("H = W", "W = H") for line in lines) == 1
    assert sum("ties the symbols together" in line for line in lines) == 2


SQUARE = """
net square():
    input image: [1, H = 32, W = 32] where H == W, W >= 20
    output conv(2, 5)
"""


def test_a_tie_narrows_both_symbols_and_is_named(cnnspec: Cnnspec, spec: Spec) -> None:
    lines = cnnspec("sizes", spec(SQUARE)).out.splitlines()
    assert "H ≥ 20   20, 21, 22, 23, 24, 25 …" in lines
    assert "    needs H = W" in lines


def test_sizes_that_are_legal_one_by_one_need_not_be_together(cnnspec: Cnnspec, spec: Spec) -> None:
    result = cnnspec("sizes", spec(SQUARE), "--at", "H=20", "--at", "W=24")
    assert result.code == 1
    assert "  H = W does not hold" in result.out.splitlines()
    assert cnnspec("sizes", spec(SQUARE), "--at", "H=24", "--at", "W=24").code == 0


def test_what_has_no_short_description_is_not_passed_off_as_exact(cnnspec: Cnnspec, spec: Spec) -> None:
    text = "net n():\n    input image: [1, H = 4, W = 6]\n    flatten\n    output linear(3)\n"
    path = spec(text)
    lines = cnnspec("sizes", path, "--keep-weights").out.splitlines()
    assert lines.count("  not all of these: below is what ties it to other symbols") == 2
    assert "  H = 4 with W = 6" in lines
    record = json.loads(cnnspec("sizes", path, "--keep-weights", "--format", "json").out)
    assert [record["symbols"][name]["exact"] for name in "HW"] == [False, False]
