# pyright: basic, reportAttributeAccessIssue=false, reportPrivateImportUsage=false
# numba ships no types: this file is the whole of what the fast backend asks of it at run time.
"""The parallel region: Numba's threads, each of which runs its share of a loop.

Loops that Numba compiles enter such a region by a function of its runtime, whose address it gives to LLVM. We
call it as they do, so that Numba, which starts the threads, has nothing to compile.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from functools import cache
from threading import Lock, get_ident
from typing import Any

import llvmlite.binding as llvm
import numba

LOOP_ARGUMENTS = 4
"""Of the function that runs a share: where the share's number lies, two that are not used, and the record."""

_Loop = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * LOOP_ARGUMENTS)
_SIZE = ctypes.c_size_t * 1
_FIRST, _STRIDE = _SIZE(0), _SIZE(1)
"""From which Numba reckons where each share of an array begins: at the number of the share itself."""
_ONE_REGION = Lock()
"""Two at once would have more threads than there are processors, all of them waiting for each other."""


class _Process:
    """Whether this process is the child of one whose threads were running: it has none of them."""

    forked = False

    @classmethod
    def fork(cls) -> None:
        cls.forked = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_Process.fork)


def most_threads() -> int:
    """How many threads Numba may start."""
    return int(numba.config.NUMBA_NUM_THREADS)


def may_run_in_parallel() -> bool:
    """False in a forked child, where OpenMP would end the process."""
    return not _Process.forked


def run_in_parallel(loop: int, record: int, threads: int) -> None:
    """Call `loop(share, _, _, record)` on each of `threads` threads at once; `*share` counts them from 0."""
    before = numba.get_num_threads()
    try:
        with _ONE_REGION:
            _region()(loop, _FIRST, _SIZE(threads), _STRIDE, record, 0, 1, threads)
    finally:
        if before != threads:
            numba.set_num_threads(before)  # which the region has changed


def call_in_parallel(run: Callable[[int], None], parts: int) -> None:
    """Call `run(part)` for all parts, at once where that is possible. What one raises is raised here."""
    raised: list[BaseException] = []

    def one(share: int, *_: int) -> None:
        try:
            run(ctypes.c_size_t.from_address(share).value)
        except BaseException as error:
            raised.append(error)

    if may_run_in_parallel():
        loop = _Loop(one)
        run_in_parallel(_address_of(loop), 0, parts)
    else:
        for part in range(parts):
            run(part)
    if raised:
        raise raised[0]


def _address_of(loop: Any) -> int:
    return ctypes.cast(loop, ctypes.c_void_p).value or 0


@cache
def _region() -> Callable[..., None]:
    """Numba's `parallel_for(loop, arrays, sizes, strides, record, inner axes, number of arrays, threads)`."""
    pointers, sizes = [ctypes.c_void_p] * 5, [ctypes.c_size_t] * 2
    kind: Any = ctypes.CFUNCTYPE(None, *pointers, *sizes, ctypes.c_int)
    return kind(llvm.address_of_symbol("numba_parallel_for"))


@cache
def together(wanted: int) -> int:
    """How many of the threads that one wants run at once, as they must where each waits for the others.

    OpenMP's do, as many as its environment allows; those of Numba's other layers may run one after another.
    """
    threads = min(wanted, most_threads())
    if threads == 1 or _Process.forked or not _is_openmp():
        return 1
    seen: set[int] = set()
    loop = _Loop(lambda *_: seen.add(get_ident()))
    run_in_parallel(_address_of(loop), 0, threads)
    return len(seen)


def _is_openmp() -> bool:
    """Whether Numba's threads are OpenMP's, and as many in one region as in the next."""
    numba.get_num_threads()  # starts them
    varies = os.environ.get("OMP_DYNAMIC", "").strip().lower() == "true"
    return numba.threading_layer() == "omp" and not varies
