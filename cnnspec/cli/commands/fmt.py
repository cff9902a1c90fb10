"""`cnnspec fmt`: lay specs out in the one way."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from cnnspec.cli.completing import spec_paths
from cnnspec.cli.outcome import Exit

if TYPE_CHECKING:
    from cnnspec.diagnostics import Diagnostic, Source


@click.command(
    short_help="Lay specs out in the one way.",
    epilog="""\b
Examples:
  cnnspec fmt specs/
  cnnspec fmt net.cnn --diff
  cnnspec fmt specs/ --check
  cat net.cnn | cnnspec fmt -

\b
Exit codes: 0 done; 1 with --check or --diff: a file would change;
2 a file cannot be read.""",
)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", shell_complete=spec_paths)
@click.option("--check", is_flag=True, help="Write nothing; say which files would change.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing about what was done.")
@click.option(
    "--stdin-filename",
    default="<stdin>",
    metavar="NAME",
    help="The name of the file that - stands for, in messages.",
)
def command(*, paths: tuple[str, ...], check: bool, diff: bool, quiet: bool, stdin_filename: str) -> int:
    """Lay specs out: indentation, spaces, brackets over several lines. Nothing that is said changes.

    PATH is a spec file, a folder (every .cnn file in it and below), or - for the standard input, which is
    written to the standard output. A file with mistakes in its syntax is left as it is.
    """
    from cnnspec.cli.screen import err
    from cnnspec.cli.spec_files import spec_files
    from cnnspec.diagnostics.styled import line

    tally = _Tally(is_trial=check or diff)
    for path in spec_files(paths):
        source = _source(path, stdin_filename)
        laid_out = source and _laid_out(source)
        if source is None or laid_out is None:
            tally.left_alone += 1
            continue
        tally.count(is_changed=laid_out != source.text)
        if diff:
            _show_difference(source, laid_out)
        elif not check:
            _write(path, source, laid_out)
        elif laid_out != source.text and not quiet:
            err().write([line(f"would change {source.name}")])
    if not quiet:
        err().write([line(tally.summary)])
    return tally.exit


@dataclass
class _Tally:
    """How many files there were of each sort; in a trial nothing is written."""

    is_trial: bool
    changed: int = 0
    as_before: int = 0
    left_alone: int = 0

    def count(self, *, is_changed: bool) -> None:
        self.changed += is_changed
        self.as_before += not is_changed

    @property
    def summary(self) -> str:
        """`1 file changed · 3 files laid out already`."""
        from cnnspec.diagnostics.findings import counted

        parts = (
            (self.changed, "would change" if self.is_trial else "changed"),
            (self.as_before, "laid out already"),
            (self.left_alone, "left alone"),
        )
        return " · ".join(f"{counted(number, 'file')} {what}" for number, what in parts if number)

    @property
    def exit(self) -> Exit:
        """As the formatters of other languages have it."""
        if self.left_alone:
            return Exit.TROUBLE
        return Exit.FINDINGS if self.changed and self.is_trial else Exit.CLEAN


def _source(path: str, stdin_name: str) -> Source | None:
    """The text of a file or of the standard input; None, and the reason shown, where there is none."""
    from cnnspec.cli.spec_files import STDIN
    from cnnspec.diagnostics import DiagnosticError
    from cnnspec.language.limits import MAX_SOURCE_BYTES
    from cnnspec.language.reading import decode, read

    try:
        if path == STDIN:
            return decode(sys.stdin.buffer.read(MAX_SOURCE_BYTES + 1), stdin_name)
        return read(path)
    except DiagnosticError as error:
        _show(error.diagnostics)
        return None


def _laid_out(source: Source) -> str | None:
    """The text as it should be; None, and the mistakes shown, where it cannot be read."""
    from cnnspec.language.format import format_source

    result = format_source(source)
    _show(result.diagnostics)
    return result.text


def _show(diagnostics: tuple[Diagnostic, ...]) -> None:
    from cnnspec.cli.screen import err
    from cnnspec.diagnostics.render_full import render_one

    screen = err()
    for diagnostic in diagnostics:
        screen.write([*render_one(diagnostic, screen.width), ()])


def _write(path: str, source: Source, laid_out: str) -> None:
    """To the file, where it changes; the standard input goes to the standard output either way."""
    from cnnspec.backend.atomic import replacing
    from cnnspec.cli.spec_files import STDIN

    if path == STDIN:
        sys.stdout.buffer.write(laid_out.encode())
        sys.stdout.buffer.flush()
    elif laid_out != source.text:
        with replacing(path) as fresh:
            fresh.write_bytes(laid_out.encode())


def _show_difference(source: Source, laid_out: str) -> None:
    """In colour on a terminal; elsewhere to the letter, so that `patch` and `git apply` take it."""
    from cnnspec.cli.screen import out
    from cnnspec.diagnostics.legible import legible
    from cnnspec.diagnostics.styled import Style, line
    from cnnspec.diagnostics.text_diff import unified

    screen = out()
    changes = unified(source, laid_out)
    if not screen.coloured:
        screen.stream.write("".join(changes))
        return
    styles = {"+": Style.ADDED, "-": Style.REMOVED, "@": Style.GUTTER}
    for text in changes:
        style = Style.STRONG if text.startswith(("--- ", "+++ ")) else styles.get(text[0], Style.PLAIN)
        screen.write([line((legible(text.rstrip("\r\n")), style))])
