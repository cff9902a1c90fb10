"""`cnnspec new`: a spec to begin with, that is right."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cnnspec import pipeline
from cnnspec.diagnostics import Source
from cnnspec.language.format import format_source
from cnnspec.language.shipped import shipped_specs

Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_small_net_to_begin_with(cnnspec: Run) -> None:
    result = cnnspec("new", "tiny")
    assert (result.code, result.out.splitlines()[0], result.err) == (0, "wrote  tiny.cnn  tiny", "")
    text = Path("tiny.cnn").read_text(encoding="utf-8")
    assert format_source(Source("tiny.cnn", text)).text == text
    checked = cnnspec("check", "tiny.cnn", "--select", "warning,info")
    assert checked.out == "ok  tiny.cnn  tiny\n1 file clean\n"


@pytest.mark.parametrize("like", shipped_specs())
def test_a_known_net_under_another_name(cnnspec: Run, like: str) -> None:
    """It needs no other file, and its expectations still hold."""
    assert cnnspec("new", "mine", "--like", like).code == 0
    loaded = pipeline.load("mine.cnn")
    assert loaded.spec is not None
    assert next(iter(loaded.spec.nets)) == "mine"
    assert all(use.path is None for use in loaded.spec.main.file.uses)
    assert [d.code for d in (*loaded.diagnostics, *pipeline.check(loaded.spec))] == []


@pytest.mark.parametrize(
    ("name", "net"),
    [("resnet-18", "resnet_18"), ("3d", "net_3d"), ("for", "net_for"), ("ü", "net"), ("a.b.cnn", "a_b")],
)
def test_any_file_name_gives_a_net_its_name(cnnspec: Run, name: str, net: str) -> None:
    assert cnnspec("new", name).code == 0
    (path,) = Path().glob("*.cnn")
    assert list(pipeline.load(path).spec.nets) == [net]  # type: ignore[union-attr]


@pytest.mark.parametrize("arguments", [["my net"], ["--", "-x"], ["known", "--like", "lenet5"]])
def test_the_next_steps_work_as_they_are_printed(cnnspec: Run, arguments: list[str]) -> None:
    steps = cnnspec("new", *arguments).out.partition("next")[2].splitlines()
    assert steps
    for step in steps:
        program, *words = shlex.split(step)
        assert program == "cnnspec"
        result = cnnspec(*words, *(["--epochs", "1"] if words[0] == "train" else []))
        assert (result.code, result.err) == (0, ""), step


def test_a_name_that_a_shell_would_not_give_back_has_no_next_steps(cnnspec: Run) -> None:
    assert cnnspec("new", "a\nb").out == "wrote  a␊b.cnn  a_b\n"


@pytest.mark.parametrize("name", ["", "folder/", ".", "..", ".cnn", "folder/.cnn"])
def test_a_name_that_names_no_file_is_refused(cnnspec: Run, name: str) -> None:
    Path("folder").mkdir()
    result = cnnspec("new", name)
    assert (result.code, result.out) == (2, "")
    assert f"error[usage]: `{name}` names no file: give the spec a name, such as mynet\n" in result.err
    assert not list(Path().rglob("*.cnn"))


def test_nothing_is_overwritten(cnnspec: Run) -> None:
    Path("tiny.cnn").write_text("mine", encoding="utf-8")
    result = cnnspec("new", "tiny")
    assert result.code == 2
    assert "error[file-unwritable]: cannot write tiny.cnn: it exists already\n" in result.err
    assert Path("tiny.cnn").read_text(encoding="utf-8") == "mine"


def test_a_misspelt_spec_is_recognised(cnnspec: Run) -> None:
    result = cnnspec("new", "mine", "--like", "resnet81")
    assert result.code == 2
    assert "did you mean `resnet18`?" in result.err
    assert not Path("mine.cnn").exists()
