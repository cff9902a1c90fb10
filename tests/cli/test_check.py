"""`cnnspec check`: what it says and how it ends."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs/schema/diagnostics.schema.json").read_text(encoding="utf-8"))

GOOD = """\
net small:
    input image: [1, 8, 8]
    conv(2, 3) -> relu
    output flatten -> linear(10)
    expect params == 20 + 730
"""
BAD = GOOD.replace("relu", "rleu")

Run = Callable[..., Any]
Write = Callable[..., Path]


def test_a_clean_file_gets_one_line(cnnspec: Run, spec: Write) -> None:
    path = spec(GOOD)
    result = cnnspec("check", path)
    assert (result.code, result.err) == (0, "")
    assert result.out == f"ok  {path}  small\n1 file clean\n"


def test_a_finding_is_shown_in_full_and_fails(cnnspec: Run, spec: Write) -> None:
    path = spec(BAD)
    result = cnnspec("check", path)
    assert result.code == 1
    assert result.out.startswith("error[unknown-layer]: ")
    assert f"  --> {path}:3:19\n" in result.out
    assert " 3 |     conv(2, 3) -> rleu\n   |                   ^^^^" in result.out
    assert result.out.endswith("\n\n1 error in 1 file\n")


def test_a_contract_that_does_not_hold_fails(cnnspec: Run, spec: Write) -> None:
    result = cnnspec("check", spec(GOOD.replace("730", "731")), "--format", "concise")
    assert result.code == 1
    assert ":5:" in result.out
    assert "error[expect-failed]" in result.out


def test_every_file_of_a_folder_is_checked_once(cnnspec: Run, spec: Write) -> None:
    folder = spec(GOOD, "specs/b.cnn").parent
    spec(BAD, "specs/a.cnn")
    spec(GOOD, "specs/deep/er/c.cnn")
    spec("not a spec", "specs/notes.txt")
    spec(BAD, "specs/.hidden/d.cnn")
    result = cnnspec("check", folder, folder / "b.cnn", "--format", "json")
    document = json.loads(result.out)
    jsonschema.validate(document, SCHEMA)
    assert result.code == 1
    assert document["summary"]["files"] == 3
    assert document["summary"]["files_with_findings"] == 1
    assert [d["code"] for d in document["diagnostics"]] == ["unknown-layer"]


def test_a_file_has_one_name_whether_something_was_found_in_it_or_not(
    cnnspec: Run, spec: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec("net good:\n    input x: [1, 8, 8]\n    conv(2, 3)\n", "good.cnn")
    spec("net bad:\n    input x: [1, 8, 8]\n    conv(2, 30)\n", "bad.cnn")
    spec("", "empty.cnn")
    monkeypatch.chdir(tmp_path)
    found = json.loads(cnnspec("check", ".", "./good.cnn", "--format", "json").out)
    assert [finding["place"]["file"] for finding in found["diagnostics"]] == ["bad.cnn", "empty.cnn"]
    assert (found["summary"]["files"], found["summary"]["files_with_findings"]) == (3, 2)
    assert cnnspec("check", "./good.cnn").out.startswith("ok  good.cnn  good\n")


def test_an_empty_path_is_said_to_be(cnnspec: Run) -> None:
    for command in ("check", "show", "fmt"):
        result = cnnspec(command, "")
        assert (result.code, result.out) == (2, "")
        assert result.err.startswith("error[usage]: the path of a spec is empty\n")


def test_quiet_says_nothing_about_what_is_clean(cnnspec: Run, spec: Write) -> None:
    assert cnnspec("check", spec(GOOD), "--quiet").out == ""
    assert "ok" not in cnnspec("check", spec(GOOD, "b.cnn"), spec(BAD, "a.cnn"), "-q").out


@pytest.mark.parametrize("format_name", ["full", "concise", "json"])
def test_all_formats_fail_alike(cnnspec: Run, spec: Write, format_name: str) -> None:
    assert cnnspec("check", spec(BAD), "--format", format_name).code == 1
    assert cnnspec("check", spec(GOOD), "--format", format_name).code == 0


def test_concise_is_a_line_a_finding_and_nothing_else(cnnspec: Run, spec: Write) -> None:
    result = cnnspec("check", spec(BAD), spec(GOOD, "good.cnn"), "--format", "concise")
    assert len(result.out.splitlines()) == 1


def test_the_standard_input_is_named(cnnspec: Run) -> None:
    arguments = "check", "-", "--stdin-filename", "edited.cnn", "--format", "concise"
    result = cnnspec(*arguments, stdin=BAD.encode())
    assert result.code == 1
    assert result.out.startswith("edited.cnn:3:19: error[unknown-layer]")
    assert cnnspec("check", "-", stdin=GOOD.encode()).out.startswith("ok  <stdin>  small\n")


def test_use_in_the_standard_input_starts_from_the_folder_of_its_name(cnnspec: Run, spec: Write) -> None:
    library = spec("block act:\n    relu\n", "lib/act.cnn")
    text = 'use "act.cnn"\n' + GOOD.replace("relu", "act")
    name = str(library.with_name("main.cnn"))
    assert cnnspec("check", "-", "--stdin-filename", name, stdin=text.encode()).code == 0


def test_a_file_is_not_clean_where_what_it_uses_is_not(cnnspec: Run, spec: Write) -> None:
    spec("block act:\n    rleu\n", "act.cnn")
    path = spec('use "act.cnn"\n' + GOOD.replace("relu", "act"))
    result = cnnspec("check", path)
    assert result.code == 1
    assert "act.cnn:2:5\n" in result.out
    assert result.out.endswith("1 error in 1 file\n")
    assert "ok" not in result.out


def test_a_missing_file_is_trouble_and_the_others_are_checked(
    cnnspec: Run, spec: Write, tmp_path: Path
) -> None:
    result = cnnspec("check", tmp_path / "gone.cnn", spec(BAD), "--format", "concise")
    assert result.code == 2
    assert "error[file-unreadable]" in result.out
    assert "error[unknown-layer]" in result.out


def test_a_file_without_permission_is_trouble(cnnspec: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*arguments: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refused)
    result = cnnspec("check", "secret.cnn")
    assert result.code == 2
    assert result.out.splitlines() == [
        "error[file-unreadable]: cannot read secret.cnn: permission denied",
        "  --> secret.cnn",
        "",
        "1 error in 1 file",
    ]


def test_a_folder_without_specs_is_a_mistake_of_the_command(cnnspec: Run, tmp_path: Path) -> None:
    result = cnnspec("check", tmp_path)
    assert result.code == 2
    assert result.err.startswith("error[usage]: there is no .cnn file in ")


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"net a\x00b", b"\xc3\x28"])
def test_bytes_that_are_no_text_are_a_finding(cnnspec: Run, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.cnn"
    path.write_bytes(data)
    result = cnnspec("check", path)
    assert result.code == 1
    assert "error[not-text]" in result.out


def test_names_in_a_file_name_cannot_move_the_cursor(cnnspec: Run, spec: Write) -> None:
    path = spec(BAD, "a\x1b[2J[red]b.cnn")
    for format_name in ("full", "concise", "json"):
        assert "\x1b" not in cnnspec("check", path, "--format", format_name).out


def test_every_spec_of_the_project_is_clean(cnnspec: Run) -> None:
    result = cnnspec("check", ROOT / "specs", "--quiet")
    assert (result.code, result.out) == (0, "")
