"""What commands that draw share: a picture needs matplotlib, and a file that can be written."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from importlib import import_module

from cnnspec.diagnostics import Diagnostic, DiagnosticError, Help
from cnnspec.diagnostics.refusals import reason


@contextmanager
def drawing(path: str, without: str) -> Generator[None]:
    """Say as a diagnostic what keeps the block from drawing; `without` is what there is without matplotlib.

    Raises DiagnosticError (usage, file-unwritable).
    """
    try:
        yield
    except ImportError:
        way_out = Help(f"`pip install 'cnnspec[plot]'` brings it; without it, there are {without}")
        raise DiagnosticError(Diagnostic("usage", "a picture needs matplotlib", help=way_out)) from None
    except OSError as problem:
        message = f"cannot write {path}: {reason(problem)}"
        raise DiagnosticError(Diagnostic("file-unwritable", message)) from problem


def check_drawing(path: str, without: str) -> None:
    """Raise now what drawing would raise after long work."""
    from cnnspec.backend.atomic import check_writable

    with drawing(path, without):
        import_module("matplotlib.figure")
    check_writable(path)
