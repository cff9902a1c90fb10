"""How far compilation is, for those who wait: kernels are compiled when they are first needed."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Compilation:
    """Of `total` kernels that are known to be needed, `done` are ready: `compiled` by LLVM, others kept."""

    total: int = 0
    done: int = 0
    compiled: int = 0


Watch = Callable[[Compilation], None]


class Tally:
    """The latest state, and who is told of it."""

    def __init__(self, watch: Watch) -> None:
        self.state = Compilation()
        self._watch = watch

    def change(self, *, total: int = 0, done: int = 0, compiled: int = 0) -> None:
        """Add to the numbers."""
        now = self.state
        self.state = replace(
            now, total=now.total + total, done=now.done + done, compiled=now.compiled + compiled
        )
        self._watch(self.state)


_TALLY: ContextVar[Tally | None] = ContextVar("_TALLY", default=None)


@contextmanager
def watching(watch: Watch = lambda state: None) -> Generator[Tally]:
    """Tell `watch` of every kernel that this thread finds to be needed, and gets ready, in the block.

    What `watch` raises, KeyboardInterrupt for one, ends the compilation; what is ready stays so.
    """
    token = _TALLY.set(tally := Tally(watch))
    try:
        yield tally
    finally:
        _TALLY.reset(token)


def expect(kernels: int) -> None:
    """So many more kernels are needed."""
    if kernels and (tally := _TALLY.get()):
        tally.change(total=kernels)


def ready(*, compiled: bool) -> None:
    """One of them is ready."""
    if tally := _TALLY.get():
        tally.change(done=1, compiled=int(compiled))
