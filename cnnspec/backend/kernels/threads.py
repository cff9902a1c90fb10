"""Divide the tasks of a kernel among threads.

A task computes its outputs alone and in a fixed order, so the bytes do not depend on how tasks are divided.
The threads are OpenMP's, in which fast kernels run too: others would wait for a processor while these, after
their share, still look out for more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate, ParamSpec

from cnnspec.backend.kernels import parallel

Arguments = ParamSpec("Arguments")

WORTH_A_THREAD = 100_000
"""Elementary operations that take about as long as handing them to another thread."""


def launch(
    kernel: Callable[Concatenate[int, int, Arguments], None],
    tasks: int,
    work: int,
    threads: int,
    /,
    *arguments: Arguments.args,
    **named: Arguments.kwargs,
) -> None:
    """Run `kernel(begin, end, *arguments)` over all tasks, `work` operations together, on so many threads."""
    parts = max(1, min(threads, parallel.most_threads(), tasks, work // WORTH_A_THREAD))

    def run(part: int) -> None:
        kernel(tasks * part // parts, tasks * (part + 1) // parts, *arguments, **named)

    if parts == 1:
        run(0)
    else:
        parallel.call_in_parallel(run, parts)
