"""`cnnspec fmt`: what it writes, what it says, and how it ends."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

UGLY = "net a:\n  input x:[3,8,8]\n  conv( 8,3 )->relu # two\n"
NEAT = "net a:\n    input x: [3, 8, 8]\n    conv(8, 3) -> relu  # two\n"
BROKEN = "net a\n    relu\n"
SPECS = Path(__file__).parents[2] / "specs"

Run = Callable[..., Any]
Write = Callable[..., Path]


def test_the_zoo_is_laid_out(cnnspec: Run) -> None:
    result = cnnspec("fmt", SPECS, "--check")
    assert (result.code, result.out) == (0, "")


def test_a_file_is_rewritten_once(cnnspec: Run, spec: Write) -> None:
    path = spec(UGLY)
    path.chmod(0o640)
    first, again = cnnspec("fmt", path), cnnspec("fmt", path)
    assert (first.code, first.out, first.err) == (0, "", "1 file changed\n")
    assert (again.code, again.out, again.err) == (0, "", "1 file laid out already\n")
    assert path.read_text(encoding="utf-8") == NEAT
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_file_that_is_neat_is_not_touched(cnnspec: Run, spec: Write) -> None:
    path = spec(NEAT)
    os.utime(path, (1, 1))
    assert cnnspec("fmt", path).code == 0
    assert path.stat().st_mtime == 1


def test_check_says_what_would_change_and_writes_nothing(cnnspec: Run, spec: Write) -> None:
    path, other = spec(UGLY, "a.cnn"), spec(NEAT, "b.cnn")
    result = cnnspec("fmt", path.parent, "--check")
    assert (result.code, result.out) == (1, "")
    assert result.err == f"would change {path}\n1 file would change · 1 file laid out already\n"
    assert (path.read_text(encoding="utf-8"), other.read_text(encoding="utf-8")) == (UGLY, NEAT)


@pytest.mark.skipif(shutil.which("patch") is None, reason="needs patch")
@pytest.mark.parametrize("text", [UGLY, UGLY.rstrip("\n"), UGLY + "\n\n"])
def test_a_diff_can_be_applied(cnnspec: Run, spec: Write, text: str) -> None:
    path = spec(text)
    result = cnnspec("fmt", path, "--diff", "--quiet")
    assert (result.code, result.err, path.read_text(encoding="utf-8")) == (1, "", text)
    applied = subprocess.run(["patch", path], input=result.out.encode(), capture_output=True, check=False)
    assert applied.returncode == 0, applied.stderr
    assert path.read_text(encoding="utf-8") == NEAT


def test_the_standard_input_goes_to_the_standard_output(cnnspec: Run) -> None:
    result = cnnspec("fmt", "-", "-q", stdin=UGLY.encode())
    assert (result.code, result.out, result.err) == (0, NEAT, "")


def test_what_cannot_be_read_is_left_alone_and_the_rest_is_done(cnnspec: Run, spec: Write) -> None:
    broken, ugly = spec(BROKEN, "a.cnn"), spec(UGLY, "b.cnn")
    result = cnnspec("fmt", broken.parent)
    assert result.code == 2
    assert "error[missing-colon]" in result.err
    assert result.err.endswith("1 file changed · 1 file left alone\n")
    assert (broken.read_text(encoding="utf-8"), ugly.read_text(encoding="utf-8")) == (BROKEN, NEAT)


def test_a_file_that_does_not_exist_is_trouble(cnnspec: Run, tmp_path: Path) -> None:
    result = cnnspec("fmt", tmp_path / "none.cnn")
    assert result.code == 2
    assert "error[file-unreadable]" in result.err


def test_a_link_stays_a_link(cnnspec: Run, spec: Write) -> None:
    path = spec(UGLY)
    link = path.with_name("link.cnn")
    link.symlink_to(path)
    assert cnnspec("fmt", link).code == 0
    assert link.is_symlink()
    assert path.read_text(encoding="utf-8") == NEAT


def test_line_ends_stay(cnnspec: Run, tmp_path: Path) -> None:
    path = tmp_path / "net.cnn"
    path.write_bytes(UGLY.replace("\n", "\r\n").encode())
    assert cnnspec("fmt", path).code == 0
    assert path.read_bytes() == NEAT.replace("\n", "\r\n").encode()
