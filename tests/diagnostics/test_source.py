"""Where a source is said to be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cnnspec.diagnostics import Source, Span
from cnnspec.diagnostics.source import shortest


def test_a_path_is_said_from_the_current_folder_where_that_is_shorter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "nets" / "a.cnn")
    monkeypatch.chdir(tmp_path)
    assert str(Span(Source(path, "net n:"), 4, 5)) == f"{Path('nets', 'a.cnn')}:1:5"
    monkeypatch.chdir(os.path.abspath(os.sep))
    assert len(shortest(path)) < len(path)


def test_a_path_as_it_was_given_and_one_far_away_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = tmp_path / "a" / "b" / "c" / "d" / "e"
    far.mkdir(parents=True)
    monkeypatch.chdir(far)
    assert shortest("../x.cnn") == "../x.cnn"
    assert shortest(f"{os.sep}x.cnn") == f"{os.sep}x.cnn"
