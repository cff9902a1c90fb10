"""A schedule made ready to run: memory, machine code, and the plain calls between."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import groupby
from math import prod

import numpy as np
import numpy.typing as npt

from cnnspec.backend.fast.library import Library
from cnnspec.backend.fast.program import Program, Row
from cnnspec.backend.kernels import registry
from cnnspec.backend.kernels.arrays import Array, Context
from cnnspec.backend.kernels.arrays import Backward as BackwardArrays
from cnnspec.backend.kernels.arrays import Forward as ForwardArrays
from cnnspec.backend.schedule.listing import path_of, purpose_of
from cnnspec.backend.schedule.model import (
    KernelStep,
    Plain,
    PlainBackward,
    PlainForward,
    Schedule,
    Space,
    Spot,
    Step,
)
from cnnspec.backend.sections import Section, Stage
from cnnspec.diagnostics import Diagnostic, DiagnosticError

_PAGE = 4096
_HUGE_PAGE = 1 << 21

Call = Callable[[Context], None]


@dataclass(frozen=True, slots=True)
class Memory:
    """What belongs to the executable. All passes use the arena in turn; tensors come and go by the ports."""

    weights: Array
    gradients: Array
    arena: npt.NDArray[np.uint8]
    ports: Mapping[int, Array]


@dataclass(frozen=True, slots=True)
class _Reader:
    """Which buffer of which row begins so many bytes into an input."""

    program: Program
    row: int
    buffer: int
    offset: int


_NONE: Mapping[int, Array] = {}


class Execution:
    """Runs the passes of a schedule. One at a time: whoever owns it holds a lock."""

    def __init__(self, schedule: Schedule, memory: Memory, library: Library, threads: int) -> None:
        self._schedule = schedule
        self._memory = memory
        self._dtype = memory.weights.dtype
        self.packed = allocate(schedule.packed)
        """The weights in the order of the kernels."""
        self._library, self._threads = library, threads
        self._readers: dict[int, list[_Reader]] = {}
        self._prepare = self._program(schedule.prepare)
        self._forward = self._calls(schedule.forward, self._readers)
        self._backward = self._calls(schedule.backward)

    def prepare(self) -> None:
        """Pack the weights as they are now."""
        self._prepare.run()

    def forward(self, context: Context, lent: Mapping[int, Array] = _NONE) -> None:
        """Run the forward pass, reading `lent` arrays instead of the ports that borrow."""
        for port, array in lent.items():
            self._read(port, array.ctypes.data)
        try:
            for call in self._forward:
                call(context)
        finally:
            for port in lent:
                self._read(port, self._memory.ports[port].ctypes.data)

    def borrows(self, port: int) -> bool:
        """Whether the forward pass may read an array instead of this input: kernels alone look at it."""
        return port in self._readers and port not in self._plain_ports

    @cached_property
    def _plain_ports(self) -> frozenset[int]:
        """The ports that plain calls of the forward pass use."""
        calls = [step for step in self._schedule.forward if isinstance(step, PlainForward)]
        spots = [array.spot for call in calls for array in call.arrays]
        return frozenset(spot.room for spot in spots if spot.space is Space.PORT)

    def _read(self, port: int, address: int) -> None:
        for reader in self._readers[port]:
            reader.program.place(reader.row, reader.buffer, address + reader.offset)

    def backward(self, context: Context) -> None:
        """Run the backward pass."""
        for call in self._backward:
            call(context)

    def sections(self, context: Context) -> Iterator[Section]:
        """The steps of all passes, those together that follow each other for one layer."""
        schedule = self._schedule
        passes = (
            (Stage.PREPARE, schedule.prepare),
            (Stage.FORWARD, schedule.forward),
            (Stage.BACKWARD, schedule.backward),
        )
        for stage, steps in passes:
            for path, group in groupby(steps, path_of):
                mine = list(group)
                what = tuple(dict.fromkeys(map(purpose_of, mine)))
                yield Section(stage, path, what, partial(_in_order, self._calls(mine), context))

    def idle(self) -> None:
        """Enter and leave a program without steps."""
        self._prepare.run(0, 0)

    # --- from places to addresses -------------------------------------------------------------------------

    def _found(self, spot: Spot) -> tuple[Array, int]:
        """The memory that a spot is in, and its offset there in bytes."""
        match spot.space:
            case Space.ROOM:
                room = self._schedule.rooms[spot.room]
                memory, start = (self.packed if room.kept else self._memory.arena), room.offset
            case Space.PORT:
                memory, start = self._memory.ports[spot.room], 0
            case Space.GRADIENTS:
                memory, start = self._memory.gradients, 0
            case _:
                memory, start = self._memory.weights, 0
        return memory, start + spot.offset * self._dtype.itemsize

    def _address(self, spot: Spot) -> int:
        if spot.space is Space.NUMBER:
            return spot.offset
        memory, start = self._found(spot)
        return memory.ctypes.data + start

    def _array(self, plain: Plain) -> Array:
        memory, start = self._found(plain.spot)
        dtype = np.dtype(plain.dtype) if plain.dtype else self._dtype
        size = prod(plain.shape) * dtype.itemsize
        return memory.reshape(-1).view(np.uint8)[start : start + size].view(dtype).reshape(plain.shape)

    # --- from steps to calls ------------------------------------------------------------------------------

    def _program(self, steps: Sequence[KernelStep]) -> Program:
        rows = [
            Row(step.kernel, tuple(self._address(spot) for spot in step.spots), step.waits) for step in steps
        ]
        return Program(rows, self._library, self._threads)

    def _calls(self, steps: Sequence[Step], readers: dict[int, list[_Reader]] | None = None) -> list[Call]:
        """Kernels that follow each other are one program; a plain call ends it.

        Where they use ports is put down in `readers`.
        """
        calls: list[Call] = []
        together: list[KernelStep] = []

        def close() -> None:
            if together:
                program = self._program(together)
                calls.append(lambda _context: program.run())
                if readers is not None:
                    self._put_down(program, together, readers)
                together.clear()

        for step in steps:
            if isinstance(step, KernelStep):
                together.append(step)
                continue
            close()
            calls.append(
                self._plain_forward(step) if isinstance(step, PlainForward) else self._plain_backward(step)
            )
        close()
        return calls

    def _put_down(
        self, program: Program, steps: Sequence[KernelStep], readers: dict[int, list[_Reader]]
    ) -> None:
        for row, step in enumerate(steps):
            for buffer, spot in enumerate(step.spots):
                if spot.space is Space.PORT:
                    reader = _Reader(program, row, buffer, spot.offset * self._dtype.itemsize)
                    readers.setdefault(spot.room, []).append(reader)

    def _arrays(self, plain: Sequence[Plain]) -> tuple[Array, ...]:
        return tuple(self._array(array) for array in plain)

    def _plain_forward(self, step: PlainForward) -> Call:
        arrays = ForwardArrays(
            self._arrays(step.inputs),
            self._arrays(step.outputs),
            self._arrays(step.weights),
            self._arrays(step.saved),
            self._arrays(step.workspace),
        )
        return registry.bind_forward(step.call.operation, arrays)

    def _plain_backward(self, step: PlainBackward) -> Call:
        arrays = BackwardArrays(
            inputs=self._arrays(step.inputs),
            outputs=self._arrays(step.outputs),
            output_gradients=self._arrays(step.output_gradients),
            input_gradients=tuple(None if g is None else self._array(g) for g in step.input_gradients),
            weight_gradients=tuple(None if g is None else self._array(g) for g in step.weight_gradients),
            weights=self._arrays(step.weights),
            saved=self._arrays(step.saved),
            workspace=self._arrays(step.workspace),
            input_shapes=step.input_shapes,
        )
        return registry.bind_backward(step.call.operation, arrays)


def _in_order(calls: Sequence[Call], context: Context) -> None:
    for call in calls:
        call(context)


def allocate(size: int) -> npt.NDArray[np.uint8]:
    """Zeros that begin on a page (a huge one if there are many), given by the system when first written.

    Raises DiagnosticError (too-big).
    """
    align = _HUGE_PAGE if size >= 2 * _HUGE_PAGE else _PAGE
    try:
        whole = np.zeros(size + align, np.uint8)
    except MemoryError as error:
        message = f"the net needs {size:,} bytes more, which the system does not give"
        raise DiagnosticError(Diagnostic("too-big", message)) from error
    start = -whole.ctypes.data % align
    return whole[start : start + size]
