"""The schedule of an inference: no gradients, fixed statistics, nothing kept."""

from __future__ import annotations

from cnnspec.backend.plan.model import Plan
from cnnspec.backend.schedule.draft import Draft
from cnnspec.backend.schedule.forward import add_group
from cnnspec.backend.schedule.fusion import fuse_for_inference
from cnnspec.backend.schedule.layouts import wishes_for_forward
from cnnspec.backend.schedule.machine import Machine
from cnnspec.backend.schedule.model import Plain, Schedule


def schedule_inference(plan: Plan, machine: Machine, count: int) -> Schedule:
    """The forward pass of a plan on `count` samples."""
    groups = fuse_for_inference(plan)
    draft = Draft(plan, machine, count, wishes_for_forward(plan, groups, machine, count))
    ports: dict[int, Plain] = {}
    for port in plan.inputs:
        ports[port.buffer] = draft.new_array(port.buffer, kept=True)
    for group in groups:
        add_group(draft, group)
    for buffer in dict.fromkeys([port.buffer for port in plan.outputs] + [head.logits for head in plan.heads]):
        ports[buffer] = draft.array(buffer, kept=True)
        draft.touch(ports[buffer].spot)
    rooms, arena = draft.packed()
    return Schedule(tuple(draft.prepare), tuple(draft.steps), (), rooms, arena, ports)
