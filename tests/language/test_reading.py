"""Files to sources: what is wrong with a file is said, at the right place."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from cnnspec.diagnostics import Diagnostic, Source
from cnnspec.diagnostics.diagnostic import DiagnosticError
from cnnspec.language.limits import MAX_SOURCE_BYTES
from cnnspec.language.reading import decode, read


def refused(data: bytes) -> Diagnostic:
    with pytest.raises(DiagnosticError) as raised:
        decode(data, "x.cnn")
    (found,) = raised.value.diagnostics
    return found


def unreadable(path: str | Path) -> str:
    with pytest.raises(DiagnosticError) as raised:
        read(path, name="x.cnn")
    (found,) = raised.value.diagnostics
    assert found.code == "file-unreadable"
    return found.message


def test_a_file_is_its_text(tmp_path: Path) -> None:
    path = tmp_path / "a.cnn"
    path.write_bytes("net größe:\r\n\trelu\r".encode())
    source = read(path)
    assert (source.name, source.text) == (str(path), "net größe:\r\n\trelu\r")
    assert read(path, name="shown").name == "shown"


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "a.cnn"
    path.touch()
    assert read(path).text == ""


def test_a_byte_order_mark_is_no_text() -> None:
    source = decode(b"\xef\xbb\xbfnet", "x.cnn")
    assert (source.text, source.position(0)) == ("net", (1, 1))


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    assert unreadable(tmp_path / "none.cnn") == "cannot read x.cnn: no such file or directory"
    assert unreadable(tmp_path) == "cannot read x.cnn: it is a folder"
    assert unreadable("a\0b") == "cannot read x.cnn: this is not a path"
    assert unreadable(tmp_path / ("a" * 5000)).startswith("cannot read x.cnn: ")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are of POSIX")
def test_pipes_and_devices_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    start = time.perf_counter()
    assert unreadable(tmp_path / "pipe") == "cannot read x.cnn: it is not a regular file"
    assert unreadable("/dev/zero") == "cannot read x.cnn: it is not a regular file"
    assert time.perf_counter() - start < 1


def test_the_size_is_limited_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large.cnn"
    with path.open("wb") as file:
        file.truncate(1 << 40)  # a terabyte of nothing
    with pytest.raises(DiagnosticError) as raised:
        read(path, name="x.cnn")
    (found,) = raised.value.diagnostics
    assert found.code == "limit"
    assert found.message == "x.cnn is larger than a source may be (1,048,576 bytes)"


def test_the_largest_file() -> None:
    assert len(decode(b"#" * MAX_SOURCE_BYTES, "x.cnn").text) == MAX_SOURCE_BYTES
    assert refused(b"#" * (MAX_SOURCE_BYTES + 1)).code == "limit"


@pytest.mark.parametrize(
    "data", [b"net\r\n  gr\xf6\xdfe", b"\xef\xbb\xbfnet\r\n  gr\xf6", b"net\n\xc3\xa9 g\xe2\x82"]
)
def test_the_first_byte_that_is_not_utf_8(data: bytes) -> None:
    found = refused(data)
    assert found.code == "not-text"
    assert found.span is not None
    line, column = (2, 5) if b"gr" in data else (2, 4)
    assert (found.span.line, found.span.column) == (line, column)
    assert found.span.text == "\ufffd"
    assert found.message == f"byte 0x{0xF6 if line == 2 and column == 5 else 0xE2:02X} is not UTF-8 text"


def test_utf_16_is_named() -> None:
    assert refused("net x: relu".encode("utf-16")).message == "x.cnn is UTF-16 text"


def test_nul_is_not_text() -> None:
    found = refused(b"net x:\n  re\0lu")
    assert found.code == "not-text"
    assert found.span is not None
    assert (found.span.line, found.span.column, found.span.text) == (2, 5, "\0")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_positions_do_not_depend_on_line_ends(end: str) -> None:
    source = Source("x.cnn", f"a{end}é{end}{end}b")
    assert source.position(source.text.index("é")) == (2, 1)
    assert source.position(source.text.index("b")) == (4, 1)
    assert source.line_text(2) == "é"
