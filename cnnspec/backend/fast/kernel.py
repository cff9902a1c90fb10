"""A kernel is a value: a frozen dataclass with every size in it, from which its code is emitted.

Two layers of the same shape class describe equal kernels and share one piece of machine code. A kernel is a
number of independent tasks; each thread runs an unbroken share of them, so that what a task computes never
depends on how many threads there are, and the result is the same bit for bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol, runtime_checkable

from cnnspec.backend.fast.simd.emitter import Emitter
from cnnspec.backend.fast.simd.values import Word


@runtime_checkable
class Kernel(Protocol):
    """What the program knows of a kernel. The docstring of each says what its buffers are, in order."""

    buffers: ClassVar[int]

    @property
    def tasks(self) -> int:
        """How many independent tasks there are."""
        ...

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """Write the code of one task, `buffers` being their byte addresses."""
        ...


ARGUMENTS = 3
"""Of a compiled kernel: the address of its buffers' addresses, the thread's number, the number of threads."""


def share(kernel: Kernel, e: Emitter, arguments: Sequence[Word]) -> None:
    """Write a whole kernel: the addresses of its buffers are read, then the thread's share of tasks runs."""
    table, thread, threads = arguments
    buffers = [e.load_word(table, index) for index in range(kernel.buffers)]
    first = thread * kernel.tasks // threads
    last = (thread + 1) * kernel.tasks // threads
    with e.loop(first, last) as task:
        kernel.emit(e, buffers, task)
