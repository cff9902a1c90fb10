"""The schedule of an inference: no gradients, fixed statistics, nothing kept."""

from __future__ import annotations

from cnnspec.backend.plan.model import Plan
from cnnspec.backend.schedule.draft import Draft
from cnnspec.backend.schedule.forward import add_group
from cnnspec.backend.schedule.fusion import fuse_for_inference
from cnnspec.backend.schedule.layouts import wishes_for_forward
from cnnspec.backend.schedule.machine import Machine
from cnnspec.backend.schedule.model import Schedule
from cnnspec.backend.schedule.planes import keep_planes


def schedule_inference(plan: Plan, machine: Machine, count: int) -> Schedule:
    """The forward pass of a plan on `count` samples."""
    groups = fuse_for_inference(plan)
    wishes = wishes_for_forward(plan, groups, machine, count)
    keep_planes(plan, groups, wishes, machine)
    draft = Draft(plan, machine, count, wishes)
    draft.comes(*(port.buffer for port in plan.inputs))
    for group in groups:
        add_group(draft, group)
    draft.goes(*(port.buffer for port in plan.outputs), *(head.logits for head in plan.heads))
    return Schedule(tuple(draft.prepare), tuple(draft.steps), (), *draft.packed())
