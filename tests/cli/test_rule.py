"""`cnnspec rule`: the page of a code, and the list of all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cnnspec.diagnostics.codes import CODES, FAMILIES

Run = Callable[..., Any]


def test_a_code_is_explained_with_examples_and_what_is_said_of_the_bad_one(cnnspec: Run) -> None:
    result = cnnspec("rule", "missing-comma")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("missing-comma: a `,` is missing between two values\n\n")
    assert "\n  │     conv(16 3) -> relu\n" in result.out
    assert "\nerror[missing-comma]: `,` is missing before `3`\n" in result.out
    assert result.out.endswith("\n  │     conv(16, 3) -> relu\n")


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_explained(cnnspec: Run, code: str) -> None:
    assert cnnspec("rule", code).out.startswith(f"{code}: {CODES[code].title}\n")


def test_prose_is_wrapped_to_the_terminal(cnnspec: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    lines = cnnspec("rule", "not-flattened").out.splitlines()
    assert max(map(len, lines)) <= 60


def test_all_codes_are_listed_by_family(cnnspec: Run) -> None:
    lines = cnnspec("rule").out.splitlines()
    assert [line for line in lines if line and not line.startswith(" ")] == list(FAMILIES)
    assert [line.split()[0] for line in lines if line.startswith("  ")] == list(CODES)


def test_a_misspelt_code_is_recognised(cnnspec: Run) -> None:
    result = cnnspec("rule", "shape-mismach")
    assert result.code == 2
    assert "there is no code `shape-mismach`" in result.err
    assert "did you mean `shape-mismatch`?" in result.err


def test_what_is_no_code_is_refused(cnnspec: Run) -> None:
    result = cnnspec("rule", "../codes")
    assert result.code == 2
    assert "`cnnspec rule` lists all codes" in result.err
