"""Machine code kept between runs, in a folder that nobody else can write.

An entry begins with a digest of its own bytes: one that is cut short or altered counts as absent, and the
code is compiled again. Where the folder cannot be made private nothing is kept, and a warning says so.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
import warnings
from functools import cache
from pathlib import Path

from platformdirs import user_cache_path

_MAGIC = b"cnnspec object 1\n"
_DIGEST = hashlib.sha256().digest_size


class CodeCache:
    """Code by key. `folder` None keeps nothing."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

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
        try:
            handle, scratch = tempfile.mkstemp(dir=self.folder)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(_MAGIC + hashlib.sha256(code).digest() + code)
                Path(scratch).replace(self.folder / key)
            except OSError:
                Path(scratch).unlink(missing_ok=True)
                raise
        except OSError as error:
            warnings.warn(f"compiled code was not kept: {error}", RuntimeWarning, stacklevel=2)


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
