"""The bar that counts: drawn on a terminal where it is waited for, and gone before anything is written."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from cnnspec import pipeline
from cnnspec.cli import late_bar
from cnnspec.cli.main import run

Write = Callable[..., Path]
Call = Callable[..., tuple[int, str]]
GOOD = "net n:\n    input x: [1, 8, 8]\n    output conv(2, 3)\n"
ONE_BIAS_TOO_MANY = "net n:\n    input x: [1, 8, 8]\n    conv(2, 3, bias=true) -> bn -> relu\n"
SHOWN, HIDDEN = "\x1b[?25h", "\x1b[?25l"
"""The cursor."""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def on_terminal(monkeypatch: pytest.MonkeyPatch) -> Call:
    """Call a command whose streams are a terminal; nothing is waited for. Its code, and what was drawn."""
    monkeypatch.setattr(late_bar, "_PATIENCE", -1.0)
    for name, value in (("TERM", "xterm"), ("COLUMNS", "80"), ("NO_COLOR", "1")):
        monkeypatch.setenv(name, value)

    def call(*arguments: str | Path) -> tuple[int, str]:
        both = Terminal()
        monkeypatch.setattr("sys.stdout", both)
        monkeypatch.setattr("sys.stderr", both)
        return run([str(argument) for argument in arguments]), both.getvalue()

    return call


def lines(drawn: str) -> list[str]:
    """What is left on the terminal: every bar was erased, and the cursor is there again."""
    assert drawn.count(HIDDEN) == drawn.count(SHOWN) > 0
    left = re.sub(
        rf"{re.escape(HIDDEN)}.*?{re.escape(SHOWN)}\r?(\x1b\[1A\x1b\[2K)?", "", drawn, flags=re.DOTALL
    )
    assert "\x1b" not in left
    return left.splitlines()


def test_a_check_of_a_folder_counts_its_files(spec: Write, tmp_path: Path, on_terminal: Call) -> None:
    paths = [spec(GOOD, f"n{number}.cnn") for number in range(3)]
    code, drawn = on_terminal("check", tmp_path, "--no-lint")
    for number in range(3):
        assert f"{number}/3 files" in drawn
    assert (code, lines(drawn)) == (0, [*(f"ok  {path}  n" for path in paths), "3 files clean"])


def test_fixing_counts_too(spec: Write, on_terminal: Call) -> None:
    code, drawn = on_terminal("check", spec(ONE_BIAS_TOO_MANY), "--fix", "--quiet")
    assert (code, "fixing" in drawn) == (0, True)
    assert lines(drawn)[0].startswith("fixed  ")


def test_what_ends_a_check_takes_its_bar_away(
    spec: Write, on_terminal: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(path: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "load", interrupted)
    code, drawn = on_terminal("check", spec(GOOD))
    assert (code, lines(drawn)[-1]) == (130, "interrupted")


def test_what_is_quick_has_no_bar(spec: Write, on_terminal: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late_bar, "_PATIENCE", 1e9)
    assert on_terminal("check", spec(GOOD), "--quiet") == (0, "")
