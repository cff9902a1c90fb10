"""The fast program of a net: schedules for the counts of samples that occur, each compiled when first needed."""

from __future__ import annotations

from dataclasses import dataclass

from cnnspec.backend.fast.execution import Execution
from cnnspec.backend.fast.library import Library, host_library
from cnnspec.backend.fast.program import usable_threads
from cnnspec.backend.fast.simd.target import Real
from cnnspec.backend.kernels.arrays import Array, Context
from cnnspec.backend.plan.model import Plan
from cnnspec.backend.schedule.inference import schedule_inference
from cnnspec.backend.schedule.machine import Machine, Math, machine_for
from cnnspec.backend.schedule.model import Schedule
from cnnspec.backend.schedule.training import schedule_training
from cnnspec.backend.storage import Storage


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a schedule is for."""

    count: int
    training: bool
    threads: int


class FastProgram:
    """Runs a plan on blocked layouts (see `cnnspec.backend.program.Program`).

    A net planned for training runs its forward pass in inference by a schedule that keeps everything too, with fixed
    statistics, so that `backward` may follow.
    """

    def __init__(self, plan: Plan, storage: Storage, math: Math, library: Library | None = None) -> None:
        self.plan = plan
        self.math: Math = math
        self._storage = storage
        self._library = library or host_library(Real(plan.dtype))
        self._executions: dict[_Kind, Execution] = {}
        self._current: Execution | None = None
        self._stale = True

    def machine(self, threads: int) -> Machine:
        """The machine that schedules are made for."""
        return machine_for(self._library.target, self._library.real, threads, self.math)
