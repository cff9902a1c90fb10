"""Machine code kept between runs, in a folder that nobody else can write.

An entry is named by a digest of everything that decides its content: the kernel, the number type, the processor, the
versions of the compiler and the sources of the emitters. It begins with a digest of its own bytes; an entry that is
cut short or altered is compiled again. Nothing is unpickled. Where the folder cannot be made private, nothing is kept.
"""

from __future__ import annotations

import hashlib
import os
import stat
from functools import cache
from pathlib import Path

from platformdirs import user_cache_path

_MAGIC = b"cnnspec object 1\n"


class CodeCache:
    """Object files by key. `folder` None keeps nothing."""

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
        start = len(_MAGIC) + 32
        code = entry[start:]
        sound = entry[: len(_MAGIC)] == _MAGIC and entry[len(_MAGIC) : start] == hashlib.sha256(code).digest()
        return code if sound else None

    def write(self, key: str, code: bytes) -> None:
        """Keep code under a key. A full or read-only disk is no error: the code is compiled again next time."""
        if self.folder is None:
            return
        scratch = self.folder / f"{key}.{os.getpid()}"
        try:
            scratch.write_bytes(_MAGIC + hashlib.sha256(code).digest() + code)
            scratch.replace(self.folder / key)
        except OSError:
            scratch.unlink(missing_ok=True)


def private_folder(folder: Path) -> Path | None:
    """The folder, made if need be, if it is this user's alone; else None."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.stat(follow_symlinks=False)
    except OSError:
        return None
    if not stat.S_ISDIR(status.st_mode):
        return None
    if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & 0o077):
        return None
    return folder


@cache
def user_cache() -> CodeCache:
    """The cache of the user who runs this process."""
    return CodeCache(private_folder(user_cache_path("cnnspec") / "kernels"))


@cache
def sources_digest() -> str:
    """A digest of the emitters' sources: editing one makes every older entry unreachable."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def key_of(*parts: object) -> str:
    """The name of the entry that these parts decide."""
    return hashlib.sha256("\0".join([*map(repr, parts), sources_digest()]).encode()).hexdigest()
