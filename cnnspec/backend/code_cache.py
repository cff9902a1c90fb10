"""Machine code kept between runs, in a folder that nobody else can write.

An entry begins with a digest of its own bytes: one that is cut short or altered counts as absent, and the
code is compiled again. Where the folder cannot be made private nothing is kept, and a warning says so.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
import warnings
from functools import cache
from pathlib import Path

from platformdirs import user_cache_path

_MAGIC = b"cnnspec object 1\n"
_DIGEST = hashlib.sha256().digest_size
_SCRATCH = "cnnspec-"
_OURS = re.compile(rf"[0-9a-f]{{{2 * _DIGEST}}}|{_SCRATCH}.*")
"""Entries, whose keys are digests, and what a process that was ended left half written."""
_LARGEST = 1 << 29
"""Bytes that the folder may take before the entries that were longest unused are removed."""
_LEFT = 0.75
"""The share of it that stays then."""


class CodeCache:
    """Code by key, a SHA-256 digest in hexadecimal digits. `folder` None keeps nothing."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self._trimmed = False

    @property
    def entries(self) -> list[Path]:
        """The files that we wrote here, by their names: `NUMBA_CACHE_DIR` may hold what others keep."""
        try:
            found = list(self.folder.iterdir()) if self.folder else []
        except OSError:
            return []
        ours = [path for path in found if _OURS.fullmatch(path.name)]
        return [path for path in ours if path.is_file() and not path.is_symlink()]

    @property
    def size(self) -> int:
        """Bytes of all entries."""
        return sum(found.st_size for found in map(_status, self.entries) if found)

    def clear(self) -> int:
        """Remove all entries; how many they were. What runs keeps its code, which is in memory."""
        return sum(map(_removed, self.entries))

    def trim(self, largest: int) -> None:
        """Where the entries take more than `largest` bytes, remove those that were longest unused."""
        found = [(path, status) for path in self.entries if (status := _status(path))]
        size = sum(status.st_size for _, status in found)
        if size <= largest:
            return
        for path, status in sorted(found, key=lambda entry: max(entry[1].st_atime, entry[1].st_mtime)):
            if size <= _LEFT * largest:
                return
            size -= status.st_size * _removed(path)

    def read(self, key: str) -> bytes | None:
        """The code kept under a key, or None where there is none that can be trusted."""
        if self.folder is None:
            return None
        try:
            entry = (self.folder / key).read_bytes()
        except OSError:
            return None
        head, code = entry[: len(_MAGIC) + _DIGEST], entry[len(_MAGIC) + _DIGEST :]
        return code if head == _MAGIC + hashlib.sha256(code).digest() else None

    def write(self, key: str, code: bytes) -> None:
        """Keep code under a key, atomically. Where the disk is full or read-only it is compiled again."""
        if self.folder is None:
            return
        if not self._trimmed:
            self._trimmed = True
            self.trim(_LARGEST)
        try:
            handle, scratch = tempfile.mkstemp(prefix=_SCRATCH, dir=self.folder)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(_MAGIC + hashlib.sha256(code).digest() + code)
                Path(scratch).replace(self.folder / key)
            except OSError:
                Path(scratch).unlink(missing_ok=True)
                raise
        except OSError as error:
            warnings.warn(f"compiled code was not kept: {error}", RuntimeWarning, stacklevel=2)


def _status(path: Path) -> os.stat_result | None:
    """What the system says of a file; None where another process has removed it."""
    try:
        return path.stat()
    except OSError:
        return None


def _removed(path: Path) -> bool:
    try:
        path.unlink()
    except OSError:
        return False
    return True


@cache
def user_cache() -> CodeCache:
    """The cache of the user who runs this process, or the one below `NUMBA_CACHE_DIR` where that is set."""
    root = os.environ.get("NUMBA_CACHE_DIR")
    return CodeCache(private_folder((Path(root) if root else user_cache_path("cnnspec")) / "kernels"))


def private_folder(folder: Path) -> Path | None:
    """The folder, made if need be, if it is this user's alone; else None, with a warning."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        problem = None if _is_private(folder) else "others can write to it"
    except OSError as error:
        problem = error.strerror or str(error)
    if problem is None:
        return folder
    warnings.warn(f"compiled code is not kept in {folder}: {problem}", RuntimeWarning, stacklevel=2)
    return None


def _is_private(folder: Path) -> bool:
    """Whether a folder is ours, closed to others, and cannot be exchanged by who can write beside it."""
    if not hasattr(os, "getuid"):
        return True
    own, parent = folder.lstat(), folder.parent.stat()
    ours = stat.S_ISDIR(own.st_mode) and own.st_uid == os.getuid() and not own.st_mode & 0o077
    exchangeable = parent.st_mode & 0o022 and not parent.st_mode & stat.S_ISVTX
    return ours and not exchangeable
