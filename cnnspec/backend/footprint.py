"""The bytes that an executable holds, as planned and as allocated: one list for both."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from cnnspec.backend.plan.model import Plan

if TYPE_CHECKING:
    from cnnspec.backend.schedule.model import Schedule


@dataclass(frozen=True, slots=True)
class Footprint:
    """Bytes, from the first run to the last; an optimiser's state belongs to whoever trains.

    `weights` and `gradients` are as people see them; `packed` are weights in the order of the kernels;
    `ports` the arrays by which tensors come and go; `arena` everything else, one thing after the other.
    """

    weights: int
    gradients: int
    packed: int
    ports: int
    arena: int

    @property
    def total(self) -> int:
        """All of it."""
        return sum(getattr(self, field.name) for field in fields(self))


def plain_footprint(plan: Plan) -> Footprint:
    """What the plain kernels take: tensors come and go by the arena."""
    memory = plan.memory
    return Footprint(memory.weights, memory.gradients, packed=0, ports=0, arena=memory.arena)


def fast_footprint(plan: Plan, schedule: Schedule) -> Footprint:
    """What a schedule takes."""
    ports = sum(plan.buffers[buffer].bytes for buffer in plan.ports)
    return Footprint(plan.memory.weights, plan.memory.gradients, schedule.packed, ports, schedule.arena)
