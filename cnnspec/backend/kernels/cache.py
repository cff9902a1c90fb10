"""Machine code on disk, so that a kernel is compiled once a machine and not once a process.

Numba's own cache will not do: loading an entry unpickles it, so a folder that others can write to runs their
code; a truncated file breaks every later run; a change in a function that is compiled into its callers goes
unnoticed; and two processes that compile two signatures at once can leave the machine code of one under
the name of the other. Here an entry is one file, named by a digest of all it depends on, written atomically,
with its checksum in front, in a folder of ours alone. Whatever is wrong with it, the kernel is compiled anew.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import stat
import sys
import tempfile
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite
import numba
import platformdirs
from numba.core import caching, compiler, serialize

_caching: Any = caching
_compiler: Any = compiler
_serialize: Any = serialize

_DIGEST_BYTES = hashlib.sha256().digest_size


class KernelCache(_caching._Cache):
    """The cache of one function, in place of numba's: one file a signature."""

    def __init__(self, function: Callable[..., object], options: str) -> None:
        self._name = f"{function.__module__}.{function.__qualname__}"
        self._options = options
        self._enabled = True

    @property
    def cache_path(self) -> str | None:
        """The folder, where there is one."""
        folder = cache_folder()
        return str(folder) if folder else None

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled function for a signature, or None."""
        path = self._path(sig, target_context.codegen())
        payload = _read(path) if path else None
        if payload is None:
            return None
        target_context.refresh()
        return _compiler.CompileResult._rebuild(target_context, *payload)

    def save_overload(self, sig: Any, cres: Any) -> None:
        """Keep a compiled function, unless addresses of this process are baked into it."""
        path = self._path(sig, cres.codegen)
        if path and not cres.library.has_dynamic_globals:
            _write(path, _serialize.dumps(cres._reduce()))

    def enable(self) -> None:
        """Use the disk again."""
        self._enabled = True

    def disable(self) -> None:
        """Neither read nor write."""
        self._enabled = False

    def flush(self) -> None:
        """Nothing is held in memory."""

    def _path(self, sig: Any, codegen: Any) -> Path | None:
        folder = cache_folder() if self._enabled else None
        if folder is None:
            return None
        depends_on = (self._name, str(sig), codegen.magic_tuple(), self._options, _versions(), _sources())
        return folder / (hashlib.sha256(repr(depends_on).encode()).hexdigest() + ".kernel")


@cache
def cache_folder() -> Path | None:
    """The private folder of compiled kernels, made if need be; None where there can be none.

    It is below `NUMBA_CACHE_DIR` where that is set, otherwise in the user's cache folder.
    """
    root = os.environ.get("NUMBA_CACHE_DIR")
    folder = Path(root) / "cnnspec-kernels" if root else platformdirs.user_cache_path("cnnspec") / "kernels"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if is_private(folder):
            return folder
        reason = "others may write to it"
    except OSError as error:
        reason = error.strerror or str(error)
    warnings.warn(
        f"kernels are compiled anew: {folder} cannot hold them ({reason})", RuntimeWarning, stacklevel=2
    )
    return None


def is_private(folder: Path) -> bool:
    """Whether a folder is ours alone, and its parent does not let others put another in its place."""
    if not hasattr(os, "getuid"):
        return True
    own, parent = folder.lstat(), folder.parent.stat()
    ours = stat.S_ISDIR(own.st_mode) and own.st_uid == os.getuid() and not own.st_mode & 0o077
    return ours and (not parent.st_mode & 0o022 or bool(parent.st_mode & stat.S_ISVTX))


def _read(path: Path) -> Any:
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, payload = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    if hashlib.sha256(payload).digest() != digest:
        return None
    # Ours alone, and whole: what we wrote ourselves.
    return pickle.loads(payload)  # noqa: S301


def _write(path: Path, payload: bytes) -> None:
    """Atomically, so that no reader meets half a file. A full disk costs a later compilation, no more."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(payload).digest() + payload)
        Path(name).replace(path)
    except OSError as error:
        warnings.warn(f"a compiled kernel was not kept: {error}", RuntimeWarning, stacklevel=2)


@cache
def _versions() -> tuple[str, ...]:
    return (sys.version, numba.__version__, llvmlite.__version__)


@cache
def _sources() -> str:
    """A digest of this package: functions are compiled into their callers across files."""
    digest, package = hashlib.sha256(), Path(__file__).parent
    for path in sorted(package.rglob("*.py")):
        digest.update(path.relative_to(package).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
