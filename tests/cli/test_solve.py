"""`cnnspec solve` as a command."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

STEM = """
net stem():
    input image: [3, 227, 227]
    conv(96, ?kernel in 5..11, stride=?stride in 1..4, pad=?) as c
    output relu
    expect c.height == 55
    expect params <= 40K
"""

Cnnspec = Callable[..., Any]
Spec = Callable[..., Path]


def test_solutions_are_a_table_the_best_first(cnnspec: Cnnspec, spec: Spec) -> None:
    result = cnnspec("solve", spec(STEM), "--limit", "2")
    assert result.code == 0, result.err
    assert result.out.splitlines() == [
        "6 solutions",
        "  kernel  stride  ? at 4:60  params <= 40K",
        "  ────────────────────────────────────────",
        "      11       4          0         87.4 %",
        "      11       4          1         87.4 %",
        "  … 4 more; --limit shows more of them",
        "sought: ? at 4:60 in 0..15 (no bounds are stated)",
    ]


def test_json_has_every_unknown_and_solution(cnnspec: Cnnspec, spec: Spec) -> None:
    result = cnnspec("solve", spec(STEM), "--format", "json", "--limit", "1")
    record = json.loads(result.out)
    assert [unknown["name"] for unknown in record["unknowns"]] == ["kernel", "stride", "? at 4:60"]
    assert record["count"] >= len(record["solutions"]) == 1
    assert set(record["solutions"][0]["values"]) == {"kernel", "stride", "? at 4:60"}


def test_the_written_spec_is_clean(cnnspec: Cnnspec, spec: Spec) -> None:
    result = cnnspec("solve", spec(STEM), "--write")
    assert "?" not in result.out
    assert cnnspec("check", spec(result.out, "solved.cnn")).code == 0


def test_no_solution_is_a_finding_with_its_reason(cnnspec: Cnnspec, spec: Spec) -> None:
    result = cnnspec("solve", spec(STEM.replace("55", "500")))
    assert result.code == 1
    assert result.out.startswith("no solution\n  nearest: kernel = ")
    assert "expected 500" in result.out


def test_a_spec_without_unknowns_is_refused(cnnspec: Cnnspec) -> None:
    result = cnnspec("solve", "specs/lenet5.cnn")
    assert (result.code, result.out) == (2, "")
    assert "error[nothing-sought]: there is no `?` in `lenet5`" in result.err


def test_check_says_that_unknowns_are_to_be_solved(cnnspec: Cnnspec, spec: Spec) -> None:
    result = cnnspec("check", spec(STEM))
    assert result.code == 1
    assert "`?kernel` stands for a value still to be found" in result.out
    assert "cnnspec solve" in result.out


def test_a_default_is_called_as_its_parameter(cnnspec: Cnnspec, spec: Spec) -> None:
    text = "net n(depth = ? in 1..30):\n    input x: [3, 9]\n    repeat depth:\n        conv(4, 3, pad=1)\n"
    text += "    output relu\n    expect params == 248\n"
    result = cnnspec("solve", spec(text))
    assert result.out.splitlines()[:4][-1].split() == ["5"], result.out
    assert "depth" in result.out
