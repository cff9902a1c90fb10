"""A bar while kernels are compiled: on a terminal, and only where it takes its time."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

from cnnspec.cli.outcome import Interrupted
from cnnspec.cli.screen import Screen, err

if TYPE_CHECKING:
    from rich.progress import Progress

    from cnnspec.backend.compilation import Compilation, Tally

_PATIENCE = 0.5
"""Seconds of compilation after which people want to see something."""


@contextmanager
def compiling() -> Generator[Tally]:
    """Show how many kernels are ready while the block compiles; the tally has the numbers afterwards.

    Raises Interrupted where Ctrl-C ends it.
    """
    from cnnspec.backend.compilation import watching

    screen = err()
    bar = _Bar(screen) if screen.stream.isatty() else None
    with watching(bar or (lambda state: None)) as tally:
        try:
            yield tally
        except KeyboardInterrupt as interrupt:
            if isinstance(interrupt, Interrupted) or not tally.state.compiled:
                raise
            raise Interrupted(_kept(tally.state)) from interrupt
        finally:
            if bar:
                bar.erase()


def _kept(state: Compilation) -> str:
    from cnnspec.backend.code_cache import user_cache

    kernels = "the kernel" if state.compiled == 1 else f"the {state.compiled:,} kernels"
    return f"{kernels} compiled so far {'are kept' if user_cache().folder else 'are lost: there is no cache'}"


class _Bar:
    """Called with the state of a compilation. Drawn late, and erased when all that is known is ready."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._since: float | None = None
        self._drawn: Progress | None = None

    def __call__(self, state: Compilation) -> None:
        if state.done == state.total:
            self.erase()
            return
        self._since = self._since or monotonic()
        if self._drawn is None and monotonic() - self._since > _PATIENCE:
            self._drawn = _bar(self._screen)
            self._drawn.add_task("compiling", total=state.total)
            self._drawn.start()
        if self._drawn:
            self._drawn.update(self._drawn.task_ids[0], completed=state.done, total=state.total)

    def erase(self) -> None:
        """Take the bar away."""
        self._since = None
        if self._drawn:
            self._drawn.stop()
            self._drawn = None


def _bar(screen: Screen) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = Console(file=screen.stream, no_color=not screen.coloured, highlight=False)
    columns = TextColumn("{task.description}", style="bold"), BarColumn(), MofNCompleteColumn()
    return Progress(*columns, TextColumn("kernels"), console=console, transient=True, redirect_stdout=False)
