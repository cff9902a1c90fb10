"""`cnnspec check`: choosing, leaving out and fixing what lint finds."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]

BIASED = """\
net small:
    input image: [1, 8, 8]
    conv(2, 3) -> bn -> relu  # the first
    flatten -> linear(10)
"""
MENDED = BIASED.replace("conv(2, 3)", "conv(2, 3, bias=false)")

Run = Callable[..., Any]
Write = Callable[..., Path]


def codes(result: Any) -> list[str]:
    return [found["code"] for found in json.loads(result.out)["diagnostics"]]


def test_warnings_are_found_and_fail(cnnspec: Run, spec: Write) -> None:
    result = cnnspec("check", spec(BIASED))
    assert result.code == 1
    assert result.out.startswith("warning[bias-before-norm]: ")
    assert result.out.endswith("1 warning in 1 file\n")


def test_notes_are_shown_when_asked_for_and_do_not_fail(cnnspec: Run, spec: Write) -> None:
    path = spec(MENDED)
    assert "large-head" not in cnnspec("check", path).out
    result = cnnspec("check", path, "--select", "info", "--format", "concise")
    assert result.code == 0
    assert "info[large-head]" in result.out


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ([], ["bias-before-norm"]),
        (["--select", "all"], ["bias-before-norm", "large-head"]),
        (["--select", "warning,info"], ["bias-before-norm", "large-head"]),
        (["--select", "large-head", "--select", "even-kernel"], ["large-head"]),
        (["--select", "all", "--ignore", "info"], ["bias-before-norm"]),
        (["--ignore", "bias-before-norm"], []),
        (["--no-lint"], []),
    ],
)
def test_rules_are_chosen_and_left_out(
    cnnspec: Run, spec: Write, options: list[str], found: list[str]
) -> None:
    assert codes(cnnspec("check", spec(BIASED), "--format", "json", *options)) == found


@pytest.mark.parametrize("option", ["--select", "--ignore"])
def test_a_rule_that_does_not_exist_is_a_mistake_of_the_command(
    cnnspec: Run, spec: Write, option: str
) -> None:
    result = cnnspec("check", spec(BIASED), option, "bias-before-nrom")
    assert result.code == 2
    assert f"{option}: there is no rule `bias-before-nrom`" in result.err
    assert "did you mean `bias-before-norm`?" in result.err


def test_mistakes_come_first(cnnspec: Run, spec: Write) -> None:
    """A net that is not understood is not linted; one that breaks an expectation is."""
    assert codes(cnnspec("check", spec(BIASED + "    rleu\n"), "--format", "json")) == ["unknown-layer"]
    expecting = spec(BIASED + "    expect params == 1\n")
    assert codes(cnnspec("check", expecting, "--format", "json")) == ["bias-before-norm", "expect-failed"]


# --- pyproject.toml -----------------------------------------------------------------------------------------


def test_the_project_of_a_spec_configures_it(cnnspec: Run, spec: Write) -> None:
    path = spec(BIASED)
    spec('[tool.cnnspec]\nignore = ["bias-before-norm"]\n', "pyproject.toml")
    assert cnnspec("check", path).code == 0
    assert cnnspec("check", "-", "--stdin-filename", path, stdin=BIASED.encode()).code == 0
    assert cnnspec("check", "-", stdin=BIASED.encode()).code == 1


def test_a_budget_is_held(cnnspec: Run, spec: Write) -> None:
    path = spec(MENDED)
    spec('[tool.cnnspec]\nactivation-budget = "256"\n', "pyproject.toml")
    result = cnnspec("check", path, "--format", "concise")
    assert result.code == 1
    assert "[2, 6, 6] takes 288 bytes, more than the 256 allowed" in result.out


def test_a_wrong_configuration_is_one_finding_for_all_files(cnnspec: Run, spec: Write) -> None:
    paths = spec(MENDED, "a.cnn"), spec(MENDED, "b.cnn")
    file = spec("[tool.cnnspec]\nselects = []\n", "pyproject.toml")
    result = cnnspec("check", *paths, "--format", "concise")
    assert result.code == 1
    assert result.out.startswith(f"{file}:2:1: error[bad-config]")
    assert len(result.out.splitlines()) == 1


# --- fixing -------------------------------------------------------------------------------------------------


def test_a_fix_is_made_and_said(cnnspec: Run, spec: Write) -> None:
    path = spec(BIASED)
    result = cnnspec("check", path, "--fix")
    assert result.code == 0
    assert path.read_text(encoding="utf-8") == MENDED
    assert result.err.splitlines() == [
        f"fixed  {path}:3:5  bias-before-norm",
        "  3 -     conv(2, 3) -> bn -> relu  # the first",
        "  3 +     conv(2, 3, bias=false) -> bn -> relu  # the first",
    ]
    assert result.out == f"ok  {path}  small\n1 file clean\n"


def test_a_second_fix_does_not_touch_the_file(cnnspec: Run, spec: Write) -> None:
    path = spec(BIASED)
    cnnspec("check", path, "--fix")
    before = path.stat()
    assert cnnspec("check", path, "--fix").err == ""
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_unsafe_fixes_are_made_when_asked_for(cnnspec: Run, spec: Write) -> None:
    for options in (["--unsafe-fixes"], ["--unsafe-fixes", "--fix"]):
        path = spec(BIASED)
        cnnspec("check", path, "--select", "all", *options)
        assert path.read_text(encoding="utf-8") == MENDED.replace("flatten", "global_avgpool -> flatten")


def test_what_is_not_chosen_is_not_fixed(cnnspec: Run, spec: Write) -> None:
    path = spec(BIASED)
    for options in (["--no-lint"], ["--ignore", "bias-before-norm"]):
        assert cnnspec("check", path, "--fix", *options).err == ""
    assert path.read_text(encoding="utf-8") == BIASED


def test_a_fix_that_would_break_an_expectation_is_not_made(cnnspec: Run, spec: Write) -> None:
    text = BIASED + "    expect params == 754\n"
    path = spec(text)
    result = cnnspec("check", path, "--fix")
    assert result.code == 1
    assert path.read_text(encoding="utf-8") == text
    assert result.err.startswith(f"not fixed  {path}:3:5  bias-before-norm\n  it would cause expect-failed: ")


def test_the_bytes_around_a_fix_stay(cnnspec: Run, spec: Write) -> None:
    path = spec(BIASED)
    path.write_bytes(b"\xef\xbb\xbf" + BIASED.replace("\n", "\r\n").encode())
    path.chmod(0o640)
    cnnspec("check", path, "--fix")
    assert path.read_bytes() == b"\xef\xbb\xbf" + MENDED.replace("\n", "\r\n").encode()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert os.listdir(path.parent) == [path.name]


def test_only_files_that_are_named_are_changed(cnnspec: Run, spec: Write) -> None:
    library = spec("block unit:\n    conv(2, 3) -> bn -> relu\n", "unit.cnn")
    text = 'use "unit.cnn"\n\nnet a:\n    input image: [1, 8, 8]\n    unit\n'
    path = spec(text)
    result = cnnspec("check", path, "--fix", "--format", "concise")
    assert result.code == 1
    assert "unit.cnn:2:5: warning[bias-before-norm]" in result.out
    assert library.read_text(encoding="utf-8") == "block unit:\n    conv(2, 3) -> bn -> relu\n"
    assert path.read_text(encoding="utf-8") == text


def test_the_standard_input_cannot_be_fixed(cnnspec: Run) -> None:
    result = cnnspec("check", "-", "--fix", stdin=BIASED.encode())
    assert result.code == 2
    assert "fixes are written to files" in result.err


def test_a_file_that_is_missing_is_trouble_with_fixes_too(cnnspec: Run, spec: Write, tmp_path: Path) -> None:
    path = spec(BIASED)
    assert cnnspec("check", tmp_path / "gone.cnn", path, "--fix").code == 2
    assert path.read_text(encoding="utf-8") == MENDED


def test_the_pre_commit_hook_runs_what_exists(cnnspec: Run, spec: Write) -> None:
    hooks = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    for entry in re.findall(r"^  entry: (.*)$", hooks, re.MULTILINE):
        program, *arguments = entry.split()
        assert program == "cnnspec"
        assert cnnspec(*arguments, spec(MENDED)).code == 0


def check_in(folder: Path, path: Path) -> subprocess.CompletedProcess[str]:
    """Check a file from a folder, named as it is seen from there."""
    command = [sys.executable, "-m", "cnnspec", "check", "--quiet", os.path.relpath(path, folder)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("folder", [".", "models", "models/old", "elsewhere"])
def test_hooks_and_settings_hold_from_any_folder(tmp_path: Path, folder: str) -> None:
    """As pre-commit and editors call it: with paths from where they stand, and settings of the project's."""
    project = tmp_path / "project"
    for name in ("models/old", "elsewhere"):
        (project / name).mkdir(parents=True)
    (project / "pyproject.toml").write_text(
        "[tool.cnnspec]\nactivation-budget = 1\n"
        '[tool.cnnspec.per-file-ignores]\n"models/old/*.cnn" = ["activation-budget"]\n'
    )
    for name in ("models/new.cnn", "models/old/net.cnn"):
        (project / name).write_text(MENDED)
    names = ("models/new.cnn", "models/old/net.cnn")
    found = {name: check_in(project / folder, project / name) for name in names}
    assert {name: result.returncode for name, result in found.items()} == {
        "models/new.cnn": 1,
        "models/old/net.cnn": 0,
    }
    assert "activation-budget" in found["models/new.cnn"].stdout
    assert found["models/old/net.cnn"].stdout == ""
