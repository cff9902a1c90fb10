"""How a command ends: its exit code, and the words for every way in which it can fail."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Sequence
from enum import IntEnum

import click

from cnnspec.diagnostics import Diagnostic, Help
from cnnspec.diagnostics.findings import fail
from cnnspec.diagnostics.refusals import reason

_ABOUT_CONTENT = frozenset({"limit", "not-text", "no-net"})
"""Findings about what a spec says that may come without a place in it."""


class Exit(IntEnum):
    """The exit codes. The last two are 128 + the number of the signal, as shells count."""

    CLEAN = 0
    FINDINGS = 1
    TROUBLE = 2
    INTERRUPTED = 130
    PIPE_CLOSED = 141


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, with a line for the user: what was kept."""

    def __init__(self, kept: str) -> None:
        super().__init__(kept)
        self.kept = kept


def exit_for(diagnostics: Sequence[Diagnostic]) -> Exit:
    """The exit code for what was found; what is not about a spec has kept the command from its work."""
    if not all(map(_is_about_a_spec, diagnostics)):
        return Exit.TROUBLE
    return Exit.FINDINGS if fail(diagnostics) else Exit.CLEAN


def _is_about_a_spec(diagnostic: Diagnostic) -> bool:
    has_place = diagnostic.span is not None and bool(diagnostic.span.source.text)
    return has_place or diagnostic.code in _ABOUT_CONTENT


def usage(message: str, advice: str | None = None) -> Diagnostic:
    """The command line itself is wrong."""
    return Diagnostic("usage", message, help=Help(advice) if advice else None)


def misuse(error: click.ClickException) -> Diagnostic:
    """What click found wrong with the command line, as a diagnostic."""
    if isinstance(error, click.NoSuchOption) and error.possibilities:
        likely = " or ".join(f"`{name}`" for name in sorted(error.possibilities))
        return usage(f"no such option '{error.option_name}'", f"did you mean {likely}?")
    message = " ".join(error.format_message().split()).rstrip(".")
    context = error.ctx if isinstance(error, click.UsageError) else None
    command = context.command_path if context else "cnnspec"
    return usage(message[:1].lower() + message[1:], f"`{command} --help` shows how it is used")


def unwritable(error: OSError) -> Diagnostic:
    """The output cannot be written."""
    return Diagnostic("file-unwritable", f"cannot write the output: {reason(error)}")


def internal(error: Exception) -> Diagnostic:
    """A mistake of the program, with what a report needs."""
    from cnnspec import __version__

    place = error.__traceback__
    while place and place.tb_next:
        place = place.tb_next
    where = f" at {os.path.basename(place.tb_frame.f_code.co_filename)}:{place.tb_lineno}" if place else ""
    return Diagnostic(
        "internal",
        f"{type(error).__name__}: {error}",
        notes=(
            f"cnnspec {__version__}, Python {platform.python_version()}, {sys.platform}{where}",
            "this is a mistake in cnnspec, not in your spec",
        ),
        help=Help(
            "please report it, with the command and the spec; `CNNSPEC_DEBUG=1` shows where it happened"
        ),
    )
