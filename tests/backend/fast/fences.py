"""Whole programs with every stretch of memory apart, between bands of NaN, and none of it ready to be read.

Who reads past an end, or reads what nobody wrote, computes NaN; who writes past an end is found by `check`.
In a real run rooms share one arena: the same bytes there show that no two that are alive together overlap.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any
from unittest import mock

import numpy as np

from cnnspec.backend.code_cache import user_cache
from cnnspec.backend.executable import Executable
from cnnspec.backend.fast import net as fast_net
from cnnspec.backend.fast.execution import Execution, Memory, allocate
from cnnspec.backend.fast.library import Library
from cnnspec.backend.fast.simd.compiler import host
from cnnspec.backend.fast.simd.target import Real, Target, without_avx512
from cnnspec.backend.kernels.arrays import Context
from cnnspec.backend.plan.arena import aligned
from cnnspec.backend.plan.model import Plan
from cnnspec.backend.schedule.draft import Draft
from cnnspec.backend.schedule.model import Room, Schedule

BAND = 512
"""Bytes on each side of everything: eight vectors of the widest kind."""

NAN = 0xFF
"""A byte of which every floating-point number is NaN."""

TARGETS: dict[str, Target] = {
    "this processor": host(),
    "AVX2": without_avx512(host()),
    "16 bytes, 32 registers": replace(host(), vector_bytes=16, registers=32),
    "16 bytes, 16 registers, no FMA": Target("x86-64-v2", "-fma,-avx,-avx2,-avx512f", 16, 16),
}
"""What other machines run: NEON is of the third kind, SSE of the fourth."""


@cache
def library(target: str, real: Real) -> Library:
    """The kernels for one of the targets."""
    return Library(TARGETS[target], real, user_cache())


@dataclass
class Fences:
    """What has been allocated so far, as `(memory, which bytes belong to nobody)`."""

    memory: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)

    def guard(self, memory: np.ndarray, taken: Iterable[tuple[int, int]]) -> None:
        """Fill what belongs to nobody with NaN."""
        empty = ~_owned(memory.size, taken)
        memory[empty] = NAN
        self.memory.append((memory, empty))

    def check(self) -> None:
        """Nothing was written outside."""
        for memory, empty in self.memory:
            assert (memory[empty] == NAN).all(), "written outside of every buffer"

    def executable(self, plan: Plan, **options: Any) -> Executable:
        """An executable whose weights and gradients lie apart."""
        made = Executable(spaced(plan), **options)
        for memory, trained in ((made.storage.weights, False), (made.storage.gradients, True)):
            slots = [slot for slot in made.plan.slots if slot.trainable or not trained]
            taken = [(slot.offset, slot.offset + slot.elements) for slot in slots]
            self.guard(memory.view(np.uint8), [(a * memory.itemsize, b * memory.itemsize) for a, b in taken])
        return made

    def allocate(self, size: int) -> np.ndarray:
        """Memory for a port, full of NaN."""
        whole = allocate(size + 2 * BAND)
        whole[:] = NAN
        self.guard(whole, [(BAND, BAND + size)])
        return whole[BAND : BAND + size]


@contextmanager
def fenced(target: str = "this processor") -> Iterator[Fences]:
    """In here fast programs run between fences, on the kernels of a target."""
    fences = Fences()

    class FencedExecution(Execution):
        """The arena is full of NaN before every forward pass, and between its rooms after every pass."""

        def __init__(self, schedule: Schedule, memory: Memory, *others: Any) -> None:
            super().__init__(schedule, memory, *others)
            self.arena = memory.arena
            fences.guard(self.packed, self.rooms(kept=True))

        def rooms(self, *, kept: bool) -> list[tuple[int, int]]:
            width, rooms = self._dtype.itemsize, self._schedule.rooms
            return [(r.offset, r.offset + r.numbers * width) for r in rooms if r.kept == kept]

        def forward(self, context: Context, *lent: Any) -> None:
            self.arena[:] = NAN
            super().forward(context, *lent)
            self.check()

        def backward(self, context: Context) -> None:
            super().backward(context)
            self.check()

        def check(self) -> None:
            between = Fences()
            owned = _owned(self.arena.size, self.rooms(kept=False))
            between.memory.append((self.arena, ~owned))
            between.check()

    with (
        mock.patch.object(Draft, "packed", apart),
        mock.patch.object(fast_net, "Execution", FencedExecution),
        mock.patch.object(fast_net, "allocate", fences.allocate),
        mock.patch.object(fast_net, "host_library", lambda real: library(target, real)),
    ):
        yield fences


def apart(draft: Draft) -> tuple[tuple[Room, ...], int, int]:
    """Every room with memory of its own: in place of `Draft.packed`."""
    ends = {True: BAND, False: BAND}
    rooms: list[Room] = []
    for room in draft.rooms:
        rooms.append(replace(room, offset=ends[room.kept]))
        ends[room.kept] += aligned(room.numbers * draft.machine.bytes) + BAND
    return tuple(rooms), ends[False], ends[True]


def _owned(size: int, taken: Iterable[tuple[int, int]]) -> np.ndarray:
    """Which bytes belong to somebody; `taken` are the first byte and the end of what does."""
    owned = np.zeros(size, bool)
    for first, end in taken:
        owned[first:end] = True
    return owned


def spaced(plan: Plan) -> Plan:
    """The same plan whose weights, and their gradients, lie apart."""
    gap = BAND // plan.width
    order = sorted(plan.slots, key=lambda slot: slot.offset)
    rank = {slot.name: place for place, slot in enumerate(order, 1)}
    slots = tuple(replace(slot, offset=slot.offset + gap * rank[slot.name]) for slot in plan.slots)
    memory = replace(
        plan.memory,
        weights=plan.memory.weights + BAND * (len(slots) + 1),
        gradients=plan.memory.gradients + BAND * (len(plan.trainable) + 1),
    )
    return replace(plan, slots=slots, memory=memory)
