"""The bytes that an executable holds, as planned and as allocated: one list for both."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from cnnspec.backend.plan.available import available_memory
from cnnspec.backend.plan.model import Plan
from cnnspec.diagnostics import Diagnostic, DiagnosticError, Help
from cnnspec.dims.units import in_bytes

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


def refuse_beyond_memory(plan: Plan, footprint: Footprint, more: int) -> None:
    """Raise DiagnosticError (too-big) where less is left than what is still to be allocated of a footprint.

    That the plain kernels have room was known when the plan was made. Fast ones pad, pack and take workspace.
    """
    available = available_memory()
    if available is None or more <= available:
        return
    message = (
        f"{plan.name} with a batch of {plan.batch:,} needs {in_bytes(footprint.total)} for fast kernels: "
        f"{in_bytes(more)} more, {in_bytes(available)} are left"
    )
    plain = plain_footprint(plan).total
    ways = ["a smaller batch takes less"] * (plan.batch > 1)
    ways += ["`--recompute` keeps less"] * (plan.training and not plan.recompute)
    ways += [f"the plain kernels take {in_bytes(plain)}: `--math plain`"] * (plain < footprint.total)
    help_ = Help("; ".join(ways)) if ways else None
    parts = ((field.name, getattr(footprint, field.name)) for field in fields(footprint))
    note = ", ".join(f"{name} {in_bytes(size)}" for name, size in parts if size)
    raise DiagnosticError(Diagnostic("too-big", message, notes=(note,), help=help_))
