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
from cnnspec.backend.schedule.model import Plain, Schedule


def schedule_training(plan: Plan, machine: Machine, count: int) -> Schedule:
    """Both passes of a plan on `count` samples. The weights are packed anew before every forward pass."""
    groups = fuse_for_training(plan)
    wishes = wishes_for_forward(plan, groups, machine, count)
    wishes_for_backward(plan, wishes, machine, count)
    share_wishes(plan, wishes)
    draft = Draft(plan, machine, count, wishes, training=True)
    ports: dict[int, Plain] = {}
    for port in plan.inputs:
        ports[port.buffer] = draft.new_array(port.buffer, kept=True)
    for group in groups:
        add_group(draft, group)
    outputs = [port.buffer for port in plan.outputs] + [head.logits for head in plan.heads]
    for buffer in dict.fromkeys(outputs):
        ports[buffer] = draft.array(buffer, kept=True)
        draft.touch(ports[buffer].spot)
    forward, draft.steps = draft.steps, []
    seeds = [port.gradient for port in plan.outputs] + [head.gradient for head in plan.heads]
    for buffer in dict.fromkeys(seed for seed in seeds if seed is not None):
        ports[buffer] = draft.new_array(buffer, kept=True)
    add_backward(draft)
    for port in plan.inputs:
        if port.gradient is not None:
            ports[port.gradient] = draft.array(port.gradient, kept=True)
    rooms, arena = draft.packed()
    return Schedule(tuple(draft.prepare), tuple(forward), tuple(draft.steps), rooms, arena, ports)
