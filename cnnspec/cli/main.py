"""The entry point: every way in which a command can end passes through `run`."""

from __future__ import annotations

import gc
import os
import sys
import warnings
from collections.abc import Sequence
from typing import NoReturn, TextIO

import click

from cnnspec import __version__
from cnnspec.cli.encodings import NEAREST, register_nearest
from cnnspec.cli.interrupts import interrupts_noted
from cnnspec.cli.lazy import LazyGroup
from cnnspec.cli.outcome import Exit, Interrupted, exit_for, internal, misuse, unwritable
from cnnspec.cli.screen import err
from cnnspec.diagnostics import Diagnostic
from cnnspec.diagnostics.diagnostic import DiagnosticError
from cnnspec.diagnostics.legible import legible
from cnnspec.diagnostics.render_full import render_one
from cnnspec.diagnostics.styled import Style, line

LONGEST_NUMBER = 100_000
"""Digits of a number in JSON: the language bounds every size, and counts are products of a few."""

OBJECTS_BETWEEN_COLLECTIONS = 100_000
"""How many new objects make the garbage collector run (Python's own number is 700)."""

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(
    cls=LazyGroup,
    context_settings=CONTEXT,
    epilog="`cnnspec COMMAND --help` explains a command. Exit codes: 0 clean, 1 findings, 2 trouble.",
)
@click.version_option(__version__, prog_name="cnnspec", message="%(prog)s %(version)s")
def cli() -> None:
    """Write a convolutional network as a short text; check it, read its exact numbers, run it."""


def main() -> NoReturn:
    """Run the command line of this process and leave with its exit code.

    Start-up makes many objects that stay: looking through them for garbage again and again is a twentieth
    of it.
    """
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    warnings.showwarning = _show_warning
    sys.exit(run(sys.argv[1:]))


def _show_warning(message: Warning | str, *where: object) -> None:
    """A warning for people: the line of the program that gives it is nothing to them."""
    del where
    err().write([line(("warning: ", Style.WARNING), legible(str(message)))])


def run(arguments: Sequence[str]) -> int:
    """Run one command line; the exit code."""
    sys.set_int_max_str_digits(LONGEST_NUMBER)
    sys.stdout = _usable(sys.stdout)
    sys.stderr = _usable(sys.stderr)
    try:
        with interrupts_noted() as interrupts:
            return int(_invoke(arguments, interrupts) or Exit.CLEAN)
    except BrokenPipeError:
        _close_quietly()
        return Exit.PIPE_CLOSED
    except (KeyboardInterrupt, click.Abort) as interrupt:
        return _interrupted(interrupt)


def _invoke(arguments: Sequence[str], interrupts: list[int]) -> int | None:
    """Run the command and show what stops it, as a diagnostic; what came of an interrupt is one."""
    try:
        code = cli.main(list(arguments), prog_name="cnnspec", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return Exit.TROUBLE
    except click.ClickException as error:
        return _failed(misuse(error))
    except DiagnosticError as error:
        return _failed(*error.diagnostics)
    except (BrokenPipeError, click.Abort):
        raise
    except Exception as error:  # the one place where the unforeseen ends: in a diagnostic, not a traceback
        if interrupts:
            click.echo(err=True)
            raise KeyboardInterrupt from error
        if isinstance(error, OSError) and error.filename is None:
            _close_quietly()
            return _failed(unwritable(error))
        if os.environ.get("CNNSPEC_DEBUG"):
            raise
        return _failed(internal(error))
    return code


def _interrupted(interrupt: BaseException) -> Exit:
    """One line that says what was kept. The line on which a terminal shows `^C` has been ended."""
    reason = interrupt.__cause__ if isinstance(interrupt, click.Abort) else interrupt
    kept = f": {reason.kept}" if isinstance(reason, Interrupted) else ""
    err().write([line(("interrupted", Style.WARNING), kept)])
    return Exit.INTERRUPTED


def _failed(*diagnostics: Diagnostic) -> Exit:
    screen = err()
    for number, diagnostic in enumerate(diagnostics):
        screen.write([()] if number else [])
        screen.write(render_one(diagnostic, screen.width))
    return exit_for(diagnostics)


def _usable(stream: TextIO | None) -> TextIO:
    """The stream, showing the nearest character where its encoding lacks one; no stream takes all."""
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure:
        register_nearest()
        reconfigure(errors=NEAREST)
    return stream


def _close_quietly() -> None:
    """Nothing more can be written: keep the interpreter from complaining when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
