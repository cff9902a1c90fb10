"""Where lines go: plain text to a pipe or file, colours by rich to a terminal.

`NO_COLOR` (https://no-color.org) and `TERM=dumb` switch colours off, `FORCE_COLOR` switches them on.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

from cnnspec.diagnostics.legible import legible
from cnnspec.diagnostics.styled import Line, Style, plain_text

NARROWEST = 40

_RICH_STYLES = {
    Style.ERROR: "bold red",
    Style.WARNING: "bold yellow",
    Style.INFO: "bold cyan",
    Style.SUCCESS: "bold green",
    Style.STRONG: "bold",
    Style.QUIET: "dim",
    Style.GUTTER: "blue",
    Style.CAUSE: "cyan",
    Style.ADDED: "green",
    Style.REMOVED: "red",
    Style.HELP: "bold green",
    Style.HEADING: "bold",
    Style.PATH: "cyan",
}


@dataclass(frozen=True, slots=True)
class Screen:
    """A stream, whether it takes colours, and its width in cells (None: it is not a terminal)."""

    stream: TextIO
    coloured: bool
    width: int | None

    def write(self, lines: Iterable[Line]) -> None:
        """Write lines, in colour where the stream takes it."""
        if self.coloured:
            _write_coloured(self, lines)
        else:
            self.stream.write(plain_text(lines))


def out() -> Screen:
    """The standard output: what the command was asked for."""
    return _screen(sys.stdout)


def err() -> Screen:
    """The standard error: what went wrong with the command itself, and progress."""
    return _screen(sys.stderr)


def _screen(stream: TextIO) -> Screen:
    is_terminal = stream.isatty()
    forced = os.environ.get("FORCE_COLOR", "") not in {"", "0"}
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    sized = is_terminal or os.environ.get("COLUMNS", "").isdecimal()
    width = max(NARROWEST, shutil.get_terminal_size().columns) if sized else None
    return Screen(stream, (is_terminal or forced) and not plain, width)


def _write_coloured(screen: Screen, lines: Iterable[Line]) -> None:
    from rich.console import Console
    from rich.text import Text

    text = Text(end="")
    for pieces in lines:
        for piece in pieces:
            text.append(piece.text, _RICH_STYLES.get(piece.style))
        text.append("\n")
    console = Console(file=screen.stream, force_terminal=True, highlight=False, markup=False, emoji=False)
    console.print(text, soft_wrap=True, end="")


@contextmanager
def waiting(what: str) -> Generator[Callable[[str], None]]:
    """Show on a terminal that something takes its time; nothing elsewhere. Yields what changes the text."""
    screen = err()
    if not screen.stream.isatty():
        yield lambda text: None
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(file=screen.stream, no_color=not screen.coloured)
    with console.status(Text(legible(what))) as status:
        yield lambda text: status.update(Text(legible(text)))
