"""Files appear whole or not at all: write beside the target, force to disk, rename."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from cnnspec.diagnostics import Diagnostic, DiagnosticError, Help
from cnnspec.diagnostics.refusals import reason


@contextmanager
def replacing(target: str | Path) -> Generator[Path]:
    """Yield a fresh file beside `target`; when the block ends well it takes the target's place at once.

    When it does not, the target stays as it was and the fresh file is removed. Raises DiagnosticError
    (file-unwritable) for a missing folder, a full disk, or a target that is not an ordinary file.
    """
    path = _ordinary(Path(target))
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)
        os.close(descriptor)
    except OSError as error:
        raise _unwritable(path, error) from error
    fresh = Path(name)
    try:
        yield fresh
        _commit(fresh, path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        with suppress(FileNotFoundError):
            fresh.unlink()


def check_writable(target: str | Path) -> None:
    """Raise now what `replacing` would raise after long work; the target is left alone."""
    with suppress(_NothingToWriteError), replacing(target):
        raise _NothingToWriteError


class _NothingToWriteError(Exception):
    """Leaves `replacing` without a new file."""


def _ordinary(target: Path) -> Path:
    """Where the bytes are to go: through a symbolic link, never onto a folder or a device."""
    path = Path(os.path.realpath(target))
    if path.exists() and not path.is_file():
        message = f"cannot write {str(target)!r}: it exists and is not an ordinary file"
        raise DiagnosticError(Diagnostic("file-unwritable", message))
    return path


def _commit(fresh: Path, path: Path) -> None:
    fresh.chmod(_mode(path))
    _sync(fresh)
    fresh.replace(path)
    if os.name == "posix":  # elsewhere a folder cannot be opened, and a rename is not lost
        _sync(path.parent)


def _mode(path: Path) -> int:
    """The permissions the file has, or those that a new file gets."""
    if path.exists():
        return path.stat().st_mode & 0o777
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unwritable(path: Path, error: OSError) -> DiagnosticError:
    message = f"cannot write {str(path)!r}: {reason(error)}"
    way_out = None
    if not path.parent.is_dir():
        way_out = Help(f"make the folder first: {path.parent}")
    return DiagnosticError(Diagnostic("file-unwritable", message, help=way_out))
