"""A bar that counts, on a terminal and only where something takes its time."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

from cnnspec.cli.screen import Screen, err

if TYPE_CHECKING:
    from rich.progress import Progress

_PATIENCE = 0.5
"""Seconds without a word after which people want to see something."""


@contextmanager
def late_bar(doing: str, of: str) -> Generator[LateBar]:
    """A bar such as `checking ━━━━━━ 12/44 files` on the standard error, gone at the end of the block."""
    bar = LateBar(doing, of)
    try:
        yield bar
    finally:
        bar.erase()


class LateBar:
    """Not drawn yet. Erase it before anything else is written."""

    def __init__(self, doing: str, of: str) -> None:
        self._screen = err()
        self._doing, self._of = doing, of
        self._since: float | None = None
        self._drawn: Progress | None = None

    def show(self, done: int, total: int) -> None:
        """Move the bar; draw it if it has been waited for; without a terminal, do nothing."""
        if not self._screen.stream.isatty():
            return
        self._since = self._since or monotonic()
        if self._drawn is None and monotonic() - self._since > _PATIENCE:
            self._drawn = _bar(self._screen, self._of)
            self._drawn.add_task(self._doing, total=total)
            self._drawn.start()
        if self._drawn:
            self._drawn.update(self._drawn.task_ids[0], completed=done, total=total)

    def erase(self) -> None:
        """Take the bar away, and wait anew before the next."""
        self._since = None
        if self._drawn:
            self._drawn.stop()
            self._drawn = None


def _bar(screen: Screen, of: str) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = Console(file=screen.stream, no_color=not screen.coloured, highlight=False)
    columns = TextColumn("{task.description}", style="bold"), BarColumn(), MofNCompleteColumn()
    return Progress(*columns, TextColumn(of), console=console, transient=True, redirect_stdout=False)
