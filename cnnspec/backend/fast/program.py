"""A net as one program: a table of kernels and addresses that every thread walks from top to bottom.

A row is `[kernel, whether to wait afterwards, addresses…]`. Each thread runs its share of a kernel's tasks
and goes on to the next row; where a row says so, it first waits for the others. One parallel region runs a
whole pass.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import numpy.typing as npt

from cnnspec.backend.fast.kernel import Kernel
from cnnspec.backend.fast.library import Library
from cnnspec.backend.fast.simd.barrier import BARRIER_WORDS, wait
from cnnspec.backend.fast.simd.compiler import callable_at
from cnnspec.backend.fast.simd.emitter import Emitter
from cnnspec.backend.fast.simd.values import Word
from cnnspec.backend.kernels import parallel

_HEAD = 2
_TABLE, _ROWS, _THREADS, _BARRIER, _FIRST = range(5)
"""What a walk is told: where the rows are and how many, by how many threads, and the number of the first."""

_LINE = 128
"""Bytes that processors fetch together: two lines."""

_FIRST_PART = 16
"""Rows that run before Python may hear Ctrl-C, until it is known how long they take."""
_SHORT, _LONG = 0.1, 0.3
"""Seconds: parts that take less are made larger, those that take more smaller."""


@dataclass(frozen=True, slots=True)
class Row:
    """A kernel on the addresses of its buffers. `waits`: the next row needs what this one makes."""

    kernel: Kernel
    addresses: tuple[int, ...]
    waits: bool = True


class Program:
    """Compiled rows. Not for several threads of Python at once: whoever owns it holds a lock."""

    def __init__(self, rows: Sequence[Row], library: Library, threads: int) -> None:
        self.threads = threads
        width = _HEAD + max((len(row.addresses) for row in rows), default=0)
        self._table = _words(max(1, len(rows)) * width).reshape(-1, width)
        library.expect(row.kernel for row in rows)
        for index, row in enumerate(rows):
            self._table[index, 0] = library.address(row.kernel)
            self._table[index, 1] = row.waits
            self._table[index, _HEAD : _HEAD + len(row.addresses)] = row.addresses
        self._rows = len(rows)
        self._barrier = _words(BARRIER_WORDS)
        self._told = (ctypes.c_int64 * (_FIRST + 1))()
        self._told[_BARRIER] = self._barrier.ctypes.data
        self._addresses = self._table.ctypes.data, ctypes.addressof(self._told)
        self._part = _FIRST_PART
        self._walk = library.function(f"walk {width}", parallel.LOOP_ARGUMENTS, _walker(width))
        self._alone = callable_at(self._walk, parallel.LOOP_ARGUMENTS)

    def place(self, row: int, buffer: int, address: int) -> None:
        """Let a row use another buffer from now on."""
        self._table[row, _HEAD + buffer] = address

    def run(self, first: int = 0, last: int | None = None) -> None:
        """Run the rows from `first` to before `last` (all of them).

        They run in parts that take some tenths of a second, so that Python hears Ctrl-C between two.
        """
        end = self._rows if last is None else last
        while first < end:
            before, part = perf_counter(), min(self._part, end - first)
            self._run_part(first, part)
            first += part
            seconds = perf_counter() - before
            if seconds > _LONG:
                self._part = max(1, part // 2)
            elif seconds < _SHORT and part == self._part:
                self._part *= 2

    def _run_part(self, first: int, count: int) -> None:
        table, told = self._addresses
        threads = self.threads if parallel.may_run_in_parallel() else 1
        self._told[_TABLE] = table + first * self._table.strides[0]
        self._told[_ROWS] = count
        self._told[_THREADS] = threads
        if threads == 1:
            self._alone(told + 8 * _FIRST, 0, 0, told)
        else:
            parallel.run_in_parallel(self._walk, told, threads)


def _words(count: int) -> npt.NDArray[np.int64]:
    """Zeros in cache lines of their own: a barrier that threads write beside a table that they read, say."""
    line = _LINE // 8
    whole = np.zeros((-(-count // line) + 1) * line, np.int64)
    first = -whole.ctypes.data % _LINE // 8
    return whole[first : first + count]


def usable_threads(wanted: int) -> int:
    """How many of the wanted threads a program may have on this machine."""
    return parallel.together(wanted) if wanted > 1 else 1


def _walker(width: int) -> Callable[[Emitter, Sequence[Word]], None]:
    def walk(e: Emitter, arguments: Sequence[Word]) -> None:
        share, _sizes, _strides, told = arguments
        thread = e.load_word(share)
        table, rows, threads, barrier = (e.load_word(told, index) for index in range(_FIRST))
        with e.loop(0, rows) as index:
            row = table + index * (8 * width)
            e.call(e.load_word(row), row + 8 * _HEAD, thread, threads)
            waits = e.load_word(row, 1)
            with e.when(waits.equals(1) & ~threads.equals(1)):
                wait(e, barrier, threads)

    return walk
