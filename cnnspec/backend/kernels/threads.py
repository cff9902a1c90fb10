"""Divide the tasks of a kernel among threads.

A task computes its outputs alone and in a fixed order, so the bytes do not depend on how tasks are divided.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import pairwise
from typing import Concatenate, ParamSpec

Arguments = ParamSpec("Arguments")

WORTH_A_THREAD = 100_000
"""Elementary operations that take about as long as handing them to another thread."""


class _Pool:
    """The threads of this process, started when first needed; a forked child has none and starts its own."""

    executor: ThreadPoolExecutor | None = None

    @classmethod
    def get(cls) -> ThreadPoolExecutor:
        if cls.executor is None:
            cls.executor = ThreadPoolExecutor(os.cpu_count() or 1, "cnnspec-kernel")
        return cls.executor

    @classmethod
    def forget(cls) -> None:
        cls.executor = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_Pool.forget)


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
    parts = max(1, min(threads, tasks, work // WORTH_A_THREAD))
    if parts == 1:
        kernel(0, tasks, *arguments, **named)
        return
    bounds = [tasks * part // parts for part in range(parts + 1)]
    others = [
        _Pool.get().submit(kernel, begin, end, *arguments, **named) for begin, end in pairwise(bounds[1:])
    ]
    try:
        kernel(bounds[0], bounds[1], *arguments, **named)
    finally:
        wait(others)
    for other in others:
        other.result()
