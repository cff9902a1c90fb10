"""Files to sources. Whatever is wrong with a file becomes a diagnostic."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from cnnspec.diagnostics import Diagnostic, Help, Source, Span
from cnnspec.diagnostics.diagnostic import DiagnosticError
from cnnspec.diagnostics.refusals import reason
from cnnspec.language.limits import MAX_SOURCE_BYTES

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_BYTE_ORDER_MARK = "\ufeff"


def read(path: str | Path, *, name: str | None = None) -> Source:
    """Read a source file, shown under `name` (by default its path as given).

    Raises DiagnosticError where it cannot be read, is too large or is not text.
    """
    shown = str(path) if name is None else name
    try:
        data = _bytes_of(path)
    except OSError as error:
        raise _unreadable(shown, reason(error)) from error
    except ValueError as error:
        raise _unreadable(shown, "this is not a path") from error
    return decode(data, shown)


def _bytes_of(path: str | Path) -> bytes:
    """The bytes of a regular file, at most one more than the limit. Never waits, as for a named pipe.

    Raises OSError, or ValueError for a path with a NUL in it.
    """
    with open(path, "rb", opener=_open_at_once) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError("it is not a regular file")
        return file.read(MAX_SOURCE_BYTES + 1)


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def decode(data: bytes, name: str) -> Source:
    """The source that some bytes are. Raises DiagnosticError where they are too many or not UTF-8 text."""
    if len(data) > MAX_SOURCE_BYTES:
        raise DiagnosticError(
            Diagnostic("limit", f"{name} is larger than a source may be ({MAX_SOURCE_BYTES:,} bytes)")
        )
    if data.startswith(_UTF16_MARKS):
        raise DiagnosticError(
            Diagnostic("not-text", f"{name} is UTF-16 text", help=Help("save the file as UTF-8"))
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DiagnosticError(_not_utf8(data, error.start, name)) from error
    source = Source(name, text.removeprefix(_BYTE_ORDER_MARK))
    if (offset := source.text.find("\0")) >= 0:
        message = "a NUL character: this is not a text file"
        raise DiagnosticError(Diagnostic("not-text", message, Span(source, offset, offset + 1)))
    return source


def _not_utf8(data: bytes, offset: int, name: str) -> Diagnostic:
    """Points at the first byte that is not UTF-8; the source shows such bytes as U+FFFD."""
    before = data[:offset].decode("utf-8").removeprefix(_BYTE_ORDER_MARK)
    source = Source(name, data.decode("utf-8", errors="replace").removeprefix(_BYTE_ORDER_MARK))
    return Diagnostic(
        "not-text",
        f"byte 0x{data[offset]:02X} is not UTF-8 text",
        Span(source, len(before), len(before) + 1),
        help=Help("save the file as UTF-8"),
    )


def _unreadable(shown: str, reason: str) -> DiagnosticError:
    return DiagnosticError(Diagnostic("file-unreadable", f"cannot read {shown}: {reason}"))
