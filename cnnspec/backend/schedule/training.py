"""The schedule of a training step: forward keeping what the gradients need, then backward."""

from __future__ import annotations

from cnnspec.backend.plan.model import Plan
from cnnspec.backend.schedule.backward import add_backward
from cnnspec.backend.schedule.draft import Draft
from cnnspec.backend.schedule.endings import share_wishes
from cnnspec.backend.schedule.forward import add_group
from cnnspec.backend.schedule.fusion import fuse_for_training
from cnnspec.backend.schedule.layouts import wishes_for_backward, wishes_for_forward
from cnnspec.backend.schedule.machine import Machine
from cnnspec.backend.schedule.model import Schedule


def schedule_training(plan: Plan, machine: Machine, count: int) -> Schedule:
    """Both passes of a plan on `count` samples. Weights are packed anew wherever they are used."""
    groups = fuse_for_training(plan)
    wishes = wishes_for_forward(plan, groups, machine, count)
    wishes_for_backward(plan, wishes, machine, count)
    share_wishes(plan, wishes)
    draft = Draft(plan, machine, count, wishes, training=True)
    draft.comes(*(port.buffer for port in plan.inputs))
    for group in groups:
        add_group(draft, group)
    draft.goes(*(port.buffer for port in plan.outputs), *(head.logits for head in plan.heads))
    forward, draft.steps = draft.steps, []
    draft.turn()
    draft.comes(*plan.seeds)
    add_backward(draft)
    draft.goes(*(port.gradient for port in plan.inputs))
    return Schedule((), tuple(forward), tuple(draft.steps), *draft.packed())
