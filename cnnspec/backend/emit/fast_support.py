"""What emitted programs of fast kernels import."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

import numpy as np

from cnnspec.backend.emit.support import Array, Call
from cnnspec.backend.fast.kernel import Kernel
from cnnspec.backend.fast.library import host_library
from cnnspec.backend.fast.program import Program, Row, usable_threads
from cnnspec.backend.fast.simd.target import Real
from cnnspec.backend.kernels.arrays import Context
from cnnspec.backend.user_arrays import cannot_run

__all__ = ["Step", "Steps", "require_vectors", "row"]

Step = Row | Call
"""A kernel on addresses, or a plain call."""

Place = Array | tuple[Array, int] | int
"""An array, an array and how many numbers after its beginning, or a plain number for the kernel."""


def row(kernel: Kernel, *places: Place, waits: bool = True) -> Row:
    """A kernel on its places, in the order that its docstring has; those left out are the first again.

    `waits`: the next row may read what this one wrote.
    """
    addresses = tuple(map(_address, places))
    return Row(kernel, addresses + addresses[:1] * (kernel.buffers - len(addresses)), waits)


def _address(place: Place) -> int:
    match place:
        case int():
            return place
        case tuple():
            array, numbers = place
            return array.ctypes.data + numbers * array.itemsize
        case np.ndarray():
            return place.ctypes.data


class Steps:
    """Steps made ready to run: kernels that follow each other become one parallel region."""

    def __init__(self, steps: Iterable[Step], dtype: str, threads: int) -> None:
        library, usable = host_library(Real(dtype)), usable_threads(threads)
        self._calls: list[Call] = []
        for are_rows, together in groupby(steps, lambda step: isinstance(step, Row)):
            if are_rows:
                rows = [step for step in together if isinstance(step, Row)]
                self._calls.append(_running(Program(rows, library, usable)))
            else:
                self._calls.extend(step for step in together if not isinstance(step, Row))

    def run(self, context: Context) -> None:
        """Run them all. One at a time: the program holds a lock."""
        for call in self._calls:
            call(context)


def _running(program: Program) -> Call:
    return lambda _context: program.run()


def require_vectors(dtype: str, lanes: int) -> None:
    """Raise DiagnosticError (cannot-run) where vectors are of another width than on the writer's machine."""
    here = host_library(Real(dtype)).lanes
    if here != lanes:
        raise cannot_run(
            f"this program was written for vectors of {lanes} numbers; this processor has {here}",
            "write it again on this machine, or with --math plain for any",
        )
