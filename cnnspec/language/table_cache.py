"""The grammar's table, kept in the user's cache folder so that most runs need not work it out.

The file is JSON: reading it runs nothing. It is believed only if it and its folder belong to the user and
nobody else can write them, and if it is whole and made from this very grammar; otherwise, and where it cannot
be written, the table is worked out anew and nothing is said.
"""

from __future__ import annotations

import json
import os
import stat
import zlib
from collections.abc import Callable
from pathlib import Path

from cnnspec.language.table import Table, from_json, to_json

FORMAT = 1
"""To be raised when the meaning of the stored data changes."""
_LARGEST = 1 << 23
_CAREFULLY = ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY")  # not every system has all
_READ_ONLY = os.O_RDONLY | sum(getattr(os, flag, 0) for flag in _CAREFULLY)
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def cache_folder() -> Path:
    """Where tables are kept."""
    from platformdirs import user_cache_path  # noqa: PLC0415 - not needed once the table is in memory

    return user_cache_path("cnnspec", appauthor=False) / "grammar"


def load(grammar: str) -> Table | None:
    """The stored table of a grammar, if there is one to be trusted."""
    try:
        checksum, _, payload = _read(_path(grammar)).partition(b"\n")
        if int(checksum, 16) != zlib.crc32(payload):
            return None
        data = json.loads(payload)
        return from_json(data["table"]) if (data["format"], data["grammar"]) == (FORMAT, grammar) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def store(grammar: str, table: Table) -> None:
    """Keep a table, if that is possible; a reader sees the old file or the new one, never a part."""
    data = {"format": FORMAT, "grammar": grammar, "table": to_json(table)}
    payload = json.dumps(data, separators=(",", ":")).encode()
    path = _path(grammar)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_private(os.lstat(path.parent), stat.S_ISDIR):
            return
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with open(descriptor, "wb") as file:
                file.write(b"%08x\n" % zlib.crc32(payload) + payload)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except OSError:
        return


def _path(grammar: str) -> Path:
    return cache_folder() / f"table-{zlib.crc32(grammar.encode()):08x}.json"


def _read(path: Path) -> bytes:
    """The bytes of a private file in a private folder. Raises OSError where it is not."""
    with open(os.open(path, _READ_ONLY), "rb") as file:
        is_private = _is_private(os.fstat(file.fileno()), stat.S_ISREG)
        if not (is_private and _is_private(os.lstat(path.parent), stat.S_ISDIR)):
            raise PermissionError(f"{path} can be written by others")
        return file.read(_LARGEST)


def _is_private(status: os.stat_result, is_kind: Callable[[int], bool]) -> bool:
    """Whether only the user could have written this. Windows keeps cache folders private itself."""
    if os.name == "nt":
        return is_kind(status.st_mode)
    return is_kind(status.st_mode) and status.st_uid == os.getuid() and not status.st_mode & _OTHERS_WRITE
