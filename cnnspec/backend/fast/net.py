"""The fast program of a net: schedules for what it is asked to do, each compiled when first needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import TypeAlias

import numpy as np

from cnnspec.backend.fast.execution import Execution, Memory, allocate
from cnnspec.backend.fast.library import Library, host_library
from cnnspec.backend.fast.program import usable_threads
from cnnspec.backend.fast.simd.target import Real
from cnnspec.backend.footprint import Footprint, fast_footprint, refuse_beyond_memory
from cnnspec.backend.kernels.arrays import Array, Context
from cnnspec.backend.plan.model import Plan
from cnnspec.backend.program import PlainProgram, take
from cnnspec.backend.schedule.algorithms import threads_worth
from cnnspec.backend.schedule.fusion import fuse_for_inference, fuse_for_training
from cnnspec.backend.schedule.inference import schedule_inference
from cnnspec.backend.schedule.machine import Machine, Math, machine_for
from cnnspec.backend.schedule.model import Schedule
from cnnspec.backend.schedule.training import schedule_training
from cnnspec.backend.sections import Sections, Stage
from cnnspec.backend.storage import Storage

_Key: TypeAlias = tuple[int | None, int]
"""The samples of a training step (None: inference, always of the whole batch) and the threads."""


_WORTH_LENDING = 1 << 16
"""Bytes: it takes as long to copy fewer as to tell the program where they are."""


class FastProgram:
    """Runs a plan on blocked layouts (see `cnnspec.backend.program.Program`).

    Inference always runs the planned batch and shows as much of it as was asked for. Gradients after a
    forward pass by fixed statistics are rare (verification asks for them); the plain program finds them.
    """

    def __init__(self, plan: Plan, storage: Storage, math: Math, library: Library | None = None) -> None:
        self._plan = plan
        self._storage = storage
        self._math: Math = math
        self._library = library or host_library(Real(plan.dtype))
        self._ports = {buffer: _zeros(plan, buffer) for buffer in plan.ports}
        wanted = {port.buffer for port in plan.outputs} | {head.logits for head in plan.heads}
        self._forgotten = frozenset(() if plan.training else (port.buffer for port in plan.inputs)) - wanted
        """Inputs that nobody looks at after the forward pass."""
        self._arena = allocate(0)
        self._schedules: dict[_Key, Schedule] = {}
        self._executions: dict[_Key, Execution] = {}
        self._versions: dict[_Key, int | None] = {}
        """The version of the weights that each execution holds."""
        self._plain = PlainProgram(plan, storage)

    def tensor(self, buffer: int, count: int) -> Array:
        """The array of a port of the net, or of its gradient."""
        return self._ports[buffer][:count]

    def forward(self, inputs: Mapping[int, Array], count: int, context: Context) -> None:
        """Compute the outputs. The weights are packed anew where they may have changed.

        Large inputs of a whole batch are read where they are, unless a backward pass may want them later.
        """
        key = self._key(count, context)
        execution = self._execution(key)
        lent: dict[int, Array] = {}
        for buffer, array in inputs.items():
            if array.nbytes >= _WORTH_LENDING and self._fits(buffer, array) and execution.borrows(buffer):
                lent[buffer] = array
            else:
                take(array, self.tensor(buffer, count))
        version = self._storage.version
        if version is None or self._versions.get(key) != version:
            execution.prepare()
            self._versions[key] = version
        if not context.training:
            execution.forward(context, lent)
            return
        self._forget(lambda other: other[0] is None)  # what they have packed will not be the weights
        with self._storage.writing():  # running statistics
            execution.forward(context)
            self._plain.count_batch()

    def _fits(self, buffer: int, array: Array) -> bool:
        """Whether an array is in memory what the port of an input is."""
        port, flags = self._ports[buffer], array.flags
        same = array.dtype == port.dtype and array.size == port.size
        return same and flags.c_contiguous and flags.aligned and buffer in self._forgotten

    def backward(self, count: int, context: Context) -> None:
        """Compute the gradients, after `forward` with the same count and context."""
        if context.training:
            self._execution(self._key(count, context)).backward(context)
        else:
            self._plain_backward(count, context)

    def sections(self, inputs: Mapping[int, Array], count: int, context: Context) -> Sections:
        """The passes in parts. Layers that were fused run with the first of their group.

        They may have parts of their own, in which the result of the group is brought into a form.
        """
        for buffer, array in inputs.items():
            take(array, self.tensor(buffer, count))
        execution = self._execution(self._key(count, context))
        groups = (fuse_for_training if context.training else fuse_for_inference)(self._plan)
        parts = tuple(execution.sections(context))
        forward = [part for part in parts if part.stage is Stage.FORWARD]
        seen, alone = {part.path for part in forward}, {p.path for p in forward if "plain" in p.what}
        fused = {
            step.path: group.root.path
            for group in groups
            for step in group.steps[1:]
            if step.path not in alone and group.root.path in seen
        }
        return Sections(parts, fused, execution.idle)

    def footprint(self, *, training: bool, threads: int) -> Footprint:
        """What passes of the whole batch take."""
        key = self._key(self._plan.batch, Context(training=training, threads=threads))
        return fast_footprint(self._plan, self._scheduled(key))

    @property
    def allocated(self) -> Footprint:
        """What was allocated; the arena of the plain kernels too, where they were asked for gradients."""
        storage = self._storage
        return Footprint(
            storage.weights.nbytes,
            storage.gradients.nbytes,
            packed=sum(execution.packed.nbytes for execution in self._executions.values()),
            ports=sum(port.nbytes for port in self._ports.values()),
            arena=self._arena.nbytes + storage.arena_bytes,
        )

    def schedule(self, *, training: bool, threads: int, count: int | None = None) -> Schedule:
        """What runs, layer by layer."""
        machine = self._machine(threads)
        if training:
            return schedule_training(self._plan, machine, count or self._plan.batch)
        return schedule_inference(self._plan, machine, self._plan.batch)

    def _machine(self, threads: int) -> Machine:
        return machine_for(self._library.target, self._library.real, threads, self._math)

    @staticmethod
    def _key(count: int, context: Context) -> _Key:
        return count if context.training else None, context.threads

    def _execution(self, key: _Key) -> Execution:
        if key not in self._executions:
            schedule = self._scheduled(key)
            more = max(0, schedule.arena - self._arena.nbytes) + schedule.packed
            refuse_beyond_memory(self._plan, fast_footprint(self._plan, schedule), more)
            memory = self._memory(schedule.arena)
            self._executions[key] = Execution(schedule, memory, self._library, self._usable(key))
        return self._executions[key]

    def _usable(self, key: _Key) -> int:
        count, wanted = key
        return usable_threads(threads_worth(self._plan, count or self._plan.batch, wanted))

    def _scheduled(self, key: _Key) -> Schedule:
        if key not in self._schedules:
            count = key[0]
            self._schedules[key] = self.schedule(
                training=count is not None, threads=self._usable(key), count=count
            )
        return self._schedules[key]

    def _memory(self, arena: int) -> Memory:
        """The memory of an execution that needs such an arena: they share the largest in turn."""
        if arena > self._arena.size:
            self._forget(lambda _: True)
            self._arena = allocate(0)
            self._arena = allocate(arena)
        return Memory(self._storage.weights, self._storage.gradients, self._arena, self._ports)

    def _forget(self, chosen: Callable[[_Key], bool]) -> None:
        """Give back the memory of executions; they are made anew when they are wanted."""
        for key in [key for key in self._executions if chosen(key)]:
            del self._executions[key]
            self._versions.pop(key, None)

    def _plain_backward(self, count: int, context: Context) -> None:
        plan, plain = self._plan, self._plain
        plain.forward({p.buffer: self.tensor(p.buffer, count) for p in plan.inputs}, count, context)
        for seed in plan.seeds:
            plain.tensor(seed, count)[...] = self.tensor(seed, count)
        plain.backward(count, context)
        for port in plan.inputs:
            if port.gradient is not None:
                self.tensor(port.gradient, count)[...] = plain.tensor(port.gradient, count)


def _zeros(plan: Plan, buffer: int) -> Array:
    shape, dtype = plan.buffers[buffer].shape, np.dtype(plan.dtype)
    return allocate(prod(shape) * dtype.itemsize).view(dtype).reshape(shape)
