"""How each tensor should lie, before any step is written: what its readers ask of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cnnspec.backend.fast.kernels import convolution
from cnnspec.backend.kernels.operations import (
    Concat,
    Convolution,
    Shape,
    TransposedConvolution,
    Triple,
    Window,
)
from cnnspec.backend.plan.model import Backward, Forward, Plan
from cnnspec.backend.schedule.algorithms import uses_winograd
from cnnspec.backend.schedule.draft import Halo, Wish
from cnnspec.backend.schedule.fusion import Group
from cnnspec.backend.schedule.machine import Machine
from cnnspec.backend.schedule.weights import filters_of

_FEW_CHANNELS = 4
"""Up to so many channels (and no more than lanes) an image keeps them side by side, without zeros."""


def size_of(shape: Shape) -> Triple:
    """The spatial size of a map."""
    return shape[2], shape[3], shape[4]


def widest(left: Halo, right: Halo) -> Halo:
    """A halo that serves both."""
    before, after = (tuple(map(max, a, b)) for a, b in zip(left, right, strict=True))
    return (before[0], before[1], before[2]), (after[0], after[1], after[2])


def wishes_for_forward(plan: Plan, groups: Sequence[Group], machine: Machine, count: int) -> dict[int, Wish]:
    """Halos for convolutions, images with their channels side by side, concatenations written in place."""
    wishes: dict[int, Wish] = {}
    readers: dict[int, list[Forward]] = {}
    added = {group.addend for group in groups}
    for group in groups:
        for buffer in group.root.inputs:
            readers.setdefault(buffer, []).append(group.root)
        wanted = _halo_of(group.root, machine, count)
        if wanted:
            source = group.root.inputs[0]
            wish = wishes.get(source, Wish())
            wishes[source] = replace(wish, halo=widest(wish.halo, wanted))
    for port in plan.inputs:
        shape = plan.buffers[port.buffer].shape
        few = len(shape) == 5 and shape[1] <= min(_FEW_CHANNELS, machine.lanes)
        if few and port.buffer not in added and _only_convolved(readers.get(port.buffer, [])):
            wish = wishes.get(port.buffer, Wish())
            wishes[port.buffer] = replace(wish, block=shape[1])
    _place_concatenations(plan, groups, wishes, machine.lanes)
    return wishes


def _halo_of(step: Forward, machine: Machine, count: int) -> Halo | None:
    call = step.call
    if not isinstance(call.operation, Convolution):
        return None
    source, target = size_of(call.input_shapes[0]), size_of(call.output_shapes[0])
    window: Window = call.operation.window
    if isinstance(call.operation, TransposedConvolution):
        return convolution.gradient_halo(target, source, window)
    if uses_winograd(filters_of(call), window, count, target, machine):
        return convolution.winograd_halo(source, target, window)
    return convolution.forward_halo(source, target, window)


def _only_convolved(readers: Sequence[Forward]) -> bool:
    """Whether dense convolutions alone read a tensor."""
    return bool(readers) and all(
        isinstance(step.call.operation, Convolution)
        and not isinstance(step.call.operation, TransposedConvolution)
        and step.call.operation.groups == 1
        for step in readers
    )


def _place_concatenations(plan: Plan, groups: Sequence[Group], wishes: dict[int, Wish], lanes: int) -> None:
    """Let the parts of a concatenation of channels be written where it lies, where they begin blocks."""
    made = {group.output for group in groups if not isinstance(group.root.call.operation, Concat)}
    for group in groups:
        if not in_place(plan, group.root, lanes):
            continue
        whole = group.output
        wish = wishes.get(whole, Wish())
        start = 0
        for part in group.root.inputs:
            mine = wishes.get(part, Wish())
            if part in made and group.root.inputs.count(part) == 1 and not mine.inside:
                wish = replace(wish, halo=widest(wish.halo, mine.halo))
                wishes[part] = replace(mine, inside=(whole, start))
            start += plan.buffers[part].shape[1]
        wishes[whole] = wish


def in_place(plan: Plan, step: Forward, lanes: int) -> bool:
    """Whether a step joins channels so that every part begins a block."""
    operation = step.call.operation
    if not isinstance(operation, Concat) or operation.axis != 1:
        return False
    return all(plan.buffers[part].shape[1] % lanes == 0 for part in step.inputs[:-1])


def wishes_for_backward(plan: Plan, wishes: dict[int, Wish], machine: Machine, count: int) -> None:
    """Halos for the gradients that data gradients read."""
    for step in plan.backward:
        if not isinstance(step, Backward) or not isinstance(step.call.operation, Convolution):
            continue
        if step.input_gradients[0] is None:
            continue
        source, target = size_of(step.call.input_shapes[0]), size_of(step.call.output_shapes[0])
        window, filters = step.call.operation.window, filters_of(step.call)
        if isinstance(step.call.operation, TransposedConvolution):
            halo = convolution.forward_halo(target, source, window)
        elif uses_winograd(filters.exchanged, window, count, source, machine):
            turned = replace(window, before=(0, 2 - window.before[1], 2 - window.before[2]))
            halo = convolution.winograd_halo(target, source, turned)
        else:
            halo = convolution.gradient_halo(source, target, window)
        gradient = step.output_gradients[0]
        wish = wishes.get(gradient, Wish())
        wishes[gradient] = replace(wish, halo=widest(wish.halo, halo))
