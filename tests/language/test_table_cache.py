"""The stored table: used only if it is whole, of this grammar, and nobody else's work; never in the way."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cnnspec.language import table_cache
from cnnspec.language.grammar import grammar_text, load_table
from cnnspec.language.table import Table

GRAMMAR = "a grammar"


@pytest.fixture(name="folder")
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(table_cache, "cache_folder", lambda: tmp_path / "cache" / "grammar")
    return tmp_path / "cache" / "grammar"


@pytest.fixture(name="file")
def _file(folder: Path) -> Path:
    """A stored table."""
    table_cache.store(GRAMMAR, load_table())
    (file,) = folder.iterdir()
    return file


def test_what_was_stored_is_loaded(file: Path) -> None:
    assert table_cache.load(GRAMMAR) == load_table()
    assert table_cache.load(GRAMMAR + " ") is None
    assert file.read_bytes()[:1] != b"\x80", "a pickle"


@pytest.mark.skipif(os.name == "nt", reason="modes are of POSIX")
def test_it_is_private(file: Path) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def half(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def another_byte(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[-5000] ^= 1
    file.write_bytes(data)


def nothing(file: Path) -> None:
    file.write_bytes(b"")


def noise(file: Path) -> None:
    file.write_bytes(bytes(range(256)) * 100)


def folder_instead(file: Path) -> None:
    file.unlink()
    file.mkdir()


def link_instead(file: Path) -> None:
    elsewhere = file.parent.parent / "elsewhere"
    file.rename(elsewhere)
    file.symlink_to(elsewhere)


def file_for_all(file: Path) -> None:
    file.chmod(0o666)


def folder_for_all(file: Path) -> None:
    file.parent.chmod(0o777)


@pytest.mark.skipif(os.name == "nt", reason="modes and links are of POSIX")
@pytest.mark.parametrize(
    "spoil",
    [half, another_byte, nothing, noise, folder_instead, link_instead, file_for_all, folder_for_all],
)
def test_what_cannot_be_trusted_is_not_used(file: Path, spoil: Callable[[Path], None]) -> None:
    spoil(file)
    assert table_cache.load(GRAMMAR) is None


@pytest.mark.parametrize("spoil", [half, another_byte, nothing, noise])
def test_what_is_damaged_is_mended(file: Path, spoil: Callable[[Path], None]) -> None:
    spoil(file)
    table_cache.store(GRAMMAR, load_table())
    assert table_cache.load(GRAMMAR) == load_table()
    assert list(file.parent.iterdir()) == [file]


def test_where_it_cannot_be_written_nothing_happens(folder: Path) -> None:
    folder.parent.write_text("a file where the folder would be")
    table_cache.store(GRAMMAR, load_table())
    assert table_cache.load(GRAMMAR) is None


@pytest.mark.skipif(os.name == "nt", reason="modes are of POSIX")
def test_nothing_is_written_where_others_may_write(folder: Path) -> None:
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    table_cache.store(GRAMMAR, load_table())
    assert list(folder.iterdir()) == []


PROGRAM = """
import sys
from cnnspec.diagnostics import Source
from cnnspec.language.parse import parse
assert parse(Source("x", "net x: relu")).diagnostics == ()
print(sorted({"lark", "pickle"} & set(sys.modules)))
"""


def test_a_stored_table_needs_no_lark_and_no_pickle(tmp_path: Path) -> None:
    """The first run works the table out, the second finds it."""
    environment = {
        **os.environ,
        "XDG_CACHE_HOME": str(tmp_path),
        "LOCALAPPDATA": str(tmp_path),
        "HOME": str(tmp_path),
    }
    loaded = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    ]
    assert "lark" in loaded[0]
    assert loaded[1] == "[]\n"


def test_without_a_home_everything_still_works() -> None:
    environment = {**os.environ, "XDG_CACHE_HOME": "/dev/null/nowhere", "HOME": "/dev/null"}
    subprocess.run([sys.executable, "-c", PROGRAM], env=environment, check=True, capture_output=True)


def test_the_table_in_use_is_that_of_the_grammar() -> None:
    assert isinstance(load_table(), Table)
    assert {terminal.name for terminal in load_table().terminals} >= {"NAME", "NUMBER", "_NEWLINE"}
    assert "file:" in grammar_text()
