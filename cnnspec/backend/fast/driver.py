# pyright: basic, reportCallIssue=false, reportAttributeAccessIssue=false, reportPrivateImportUsage=false
# numba ships no types: this file is the whole of what the fast backend asks of it at run time.
"""The parallel region: Numba's threads, each of which walks the whole program."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path
from typing import Any

import numba
from llvmlite import ir
from numba import njit, prange, types
from numba.extending import intrinsic

from cnnspec.backend.kernels.cache import KernelCache


@intrinsic
def _invoke(
    typing_context: Any, function: Any, table: Any, steps: Any, thread: Any, threads: Any, barrier: Any
) -> Any:
    """Call the function at an address with five integers."""
    del typing_context, function, table, steps, thread, threads, barrier

    def generate(_context: Any, builder: ir.IRBuilder, _signature: Any, arguments: Any) -> ir.Value:
        word = ir.IntType(64)
        kind = ir.FunctionType(ir.VoidType(), [word] * 5)
        builder.call(builder.inttoptr(arguments[0], kind.as_pointer()), arguments[1:])
        return ir.Constant(ir.IntType(8).as_pointer(), None)

    return types.void(*[types.int64] * 6), generate


def _in_parallel(walk: int, table: int, steps: int, threads: int, barrier: int) -> None:
    for thread in prange(threads):
        _invoke(walk, table, steps, thread, threads, barrier)


@cache
def _compiled() -> Any:
    compiled = njit(parallel=True)(_in_parallel)
    digest = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    compiled._cache = KernelCache(_in_parallel, digest)
    return compiled


def most_threads() -> int:
    """How many threads Numba may start."""
    return int(numba.config.NUMBA_NUM_THREADS)


class _Process:
    """Whether this process is the child of one whose threads were running: it has none of them."""

    forked = False

    @classmethod
    def fork(cls) -> None:
        cls.forked = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_Process.fork)


def may_run_in_parallel() -> bool:
    """False in a forked child, where OpenMP would end the process."""
    return not _Process.forked


def run_in_parallel(walk: int, table: int, steps: int, threads: int, barrier: int) -> None:
    """Call `walk(table, steps, thread, threads, barrier)` on every one of `threads` threads at once.

    The barrier needs every thread alive together, which OpenMP promises and the other layers do not.
    """
    before = numba.get_num_threads()
    numba.set_num_threads(threads)
    try:
        _compiled()(walk, table, steps, threads, barrier)
    finally:
        numba.set_num_threads(before)


@cache
def parallel_is_safe() -> bool:
    """Whether Numba's threads are OpenMP's here: each runs its share at once, none waits for another's."""
    if _Process.forked:
        return False
    _compiled()(_nothing(), 0, 0, 1, 0)
    return numba.threading_layer() == "omp"


def _nothing() -> int:
    from cnnspec.backend.fast.library import host_library  # noqa: PLC0415 - the library does not need the driver
    from cnnspec.backend.fast.simd.target import Real  # noqa: PLC0415

    return host_library(Real.FLOAT32).function("nothing", 5, lambda _emitter, _arguments: None)
