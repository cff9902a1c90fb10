"""A bar while kernels are compiled: on a terminal, and only where it takes its time."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from cnnspec.cli.late_bar import LateBar, late_bar
from cnnspec.cli.outcome import Interrupted

if TYPE_CHECKING:
    from cnnspec.backend.compilation import Compilation, Tally


@contextmanager
def compiling() -> Generator[Tally]:
    """Show how many kernels are ready while the block compiles; the tally has the numbers afterwards.

    Raises Interrupted where Ctrl-C ends it.
    """
    from cnnspec.backend.compilation import watching

    with late_bar("compiling", "kernels") as bar, watching(partial(_show, bar)) as tally:
        try:
            yield tally
        except KeyboardInterrupt as interrupt:
            if isinstance(interrupt, Interrupted) or not tally.state.compiled:
                raise
            raise Interrupted(_kept(tally.state)) from interrupt


def _show(bar: LateBar, state: Compilation) -> None:
    if state.done == state.total:
        bar.erase()  # all that is known is ready
    else:
        bar.show(state.done, state.total)


def _kept(state: Compilation) -> str:
    from cnnspec.backend.code_cache import user_cache

    kernels = "the kernel" if state.compiled == 1 else f"the {state.compiled:,} kernels"
    return f"{kernels} compiled so far {'are kept' if user_cache().folder else 'are lost: there is no cache'}"
