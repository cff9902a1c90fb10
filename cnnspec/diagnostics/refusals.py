"""What the operating system refuses, in our words."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def reason(error: OSError) -> str:
    """Why, for the middle of a sentence: `no such file or directory`, `it is a folder`."""
    if isinstance(error, IsADirectoryError):
        return "it is a folder"
    said = error.strerror or str(error)
    return said[:1].lower() + said[1:]


def require_file(path: Path) -> None:
    """Raise OSError unless there is a regular file: opening a named pipe would wait for a writer."""
    mode = os.stat(path).st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError
    if not stat.S_ISREG(mode):
        raise OSError("it is not a regular file")
