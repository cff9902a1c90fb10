"""What can be fused to the backward step of a layer: the sum with another part of the gradient, and the gate.

The gradient of a tensor that several layers read comes in parts; and where the tensor is the output of an
activation whose derivative follows from that output, the gradient is multiplied by it next. Both are done by
the kernel that makes the last part, if that can: the buffers on the way never exist.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from cnnspec.backend.fast.kernels import functions
from cnnspec.backend.kernels.operations import (
    Activation,
    AdaptiveAveragePool,
    Add,
    AveragePool,
    BatchNorm,
    Convolution,
    Linear,
    MaxPool,
    TransposedConvolution,
)
from cnnspec.backend.plan.model import Add as Sum
from cnnspec.backend.plan.model import Backward, BackwardStep, Clear, Plan
from cnnspec.backend.schedule.draft import Wish
from cnnspec.backend.schedule.layouts import widest


@dataclass(frozen=True, slots=True)
class Tail:
    """What follows a part of a gradient. The result is the gradient of every buffer in `names`.

    `addend` is the buffer that is added; `gate` the output at which the derivative of `activation` is taken;
    `fused` are the positions of the steps that need not run.
    """

    names: tuple[int, ...]
    addend: int | None = None
    gate: int | None = None
    activation: functions.Activation | None = None
    fused: tuple[int, ...] = ()


def reads_output(step: Backward) -> functions.Activation | None:
    """The activation of a step whose derivative follows from the output, in a form that the kernels know."""
    operation = step.call.operation
    if not isinstance(operation, Activation) or not operation.keeps_outputs:
        return None
    activation = functions.Activation(operation.function, operation.parameter)
    return activation if activation.from_output else None


def tail_of(plan: Plan, position: int, part: int) -> Tail:
    """What can be fused to the step at a position, for the part that it writes."""
    names, fused = [part], list[int]()
    addend = gate = activation = None
    following = plan.backward[position + 1 :]
    current = part
    for index, step in enumerate(following, position + 1):
        if isinstance(step, Sum) and step.part == current and not fused:
            addend, current = step.target, step.target
            names.append(current)
            fused.append(index)
        elif isinstance(step, Backward) and current in step.output_gradients:
            activation = reads_output(step)
            (result,) = step.input_gradients if len(step.input_gradients) == 1 else (None,)
            if activation and result is not None:
                gate = _gate(plan, position, step)
                names = [result]
                fused.append(index)
            else:
                activation = None
            break
        elif _touches(step, current):
            break
    return Tail(tuple(names), addend, gate, activation, tuple(fused))


def _gate(plan: Plan, position: int, activation: Backward) -> int:
    """Where the derivative is taken: at the activation's output, which is the input of the step before.

    A max pool hands on some of these numbers: its own output tells as much, and the larger need not be kept.
    """
    step = plan.backward[position]
    if isinstance(step, Backward) and isinstance(step.call.operation, MaxPool):
        return plan.forward_of[step.path].outputs[0]
    return activation.outputs[0]


def _touches(step: BackwardStep, buffer: int) -> bool:
    if isinstance(step, Sum):
        return buffer in (step.target, step.part)
    if isinstance(step, Clear):
        return step.target == buffer
    return isinstance(step, Backward) and buffer in step.input_gradients


FUSES_ALL: tuple[type, ...] = (Convolution, Linear, BatchNorm)
"""The operations whose data gradients take both an addend and a gate."""

FUSES_GATE: tuple[type, ...] = (MaxPool, AveragePool, AdaptiveAveragePool)
"""Those that take a gate, where nothing is to be added."""


def may_fuse(step: Backward, tail: Tail) -> bool:
    """Whether the kernels of a step can do what follows it."""
    operation = step.call.operation
    if isinstance(operation, TransposedConvolution):
        return False
    return isinstance(operation, FUSES_ALL) or (isinstance(operation, FUSES_GATE) and tail.addend is None)


def share_wishes(plan: Plan, wishes: dict[int, Wish]) -> None:
    """Give buffers that will be one map the widest halo that any of them needs."""
    leader: dict[int, int] = {}

    def find(buffer: int) -> int:
        while leader.get(buffer, buffer) != buffer:
            buffer = leader[buffer]
        return buffer

    for step in plan.backward:
        if isinstance(step, Sum):
            leader[find(step.target)] = find(step.part)
        elif isinstance(step, Backward) and (reads_output(step) or isinstance(step.call.operation, Add)):
            for part in step.input_gradients:
                if part is not None:
                    leader[find(part)] = find(step.output_gradients[0])
    together: dict[int, Wish] = {}
    for buffer, wish in wishes.items():
        root = find(buffer)
        together[root] = Wish(widest(together.get(root, Wish()).halo, wish.halo))
    for buffer in {*leader, *wishes}:
        if find(buffer) in together:
            wishes[buffer] = replace(wishes.get(buffer, Wish()), halo=together[find(buffer)].halo)
