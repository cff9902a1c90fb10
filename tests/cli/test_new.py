"""`cnnspec new`: a spec to begin with, that is right."""

from __future__ import annotations

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
    assert (result.code, result.out, result.err) == (0, "wrote  tiny.cnn  tiny\n", "")
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
