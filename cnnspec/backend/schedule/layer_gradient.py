"""The backward step of one layer: its gradients in and out, with what is fused to it."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

from cnnspec.backend.fast.kernels import convolution
from cnnspec.backend.kernels import operations as ops
from cnnspec.backend.plan.model import Backward, Use
from cnnspec.backend.schedule.convolutions import Ending
from cnnspec.backend.schedule.draft import Draft, Held
from cnnspec.backend.schedule.endings import Tail
from cnnspec.backend.schedule.layouts import size_of
from cnnspec.backend.schedule.model import Plain, Spot


@dataclass(frozen=True, slots=True)
class LayerGradient:
    """A backward step with what is fused to it. `tail` is None where the input has no gradient."""

    draft: Draft
    step: Backward
    tail: Tail | None

    @property
    def path(self) -> str:
        """The layer."""
        return self.step.path

    @property
    def operation(self) -> Any:
        """What the layer does."""
        return self.step.call.operation

    def gradient(self) -> Held:
        """The gradient of the output."""
        return self.draft.map(self.step.output_gradients[0])

    def source(self) -> Held:
        """The input of the forward pass."""
        return self.draft.map(self.step.inputs[0])

    def into(self) -> tuple[Held, Ending] | None:
        """Where the gradient of the input goes, and what ends it."""
        if self.tail is None:
            return None
        addend = None if self.tail.addend is None else self.draft.map(self.tail.addend)
        gate = None if self.tail.gate is None else self.draft.map(self.tail.gate)
        for name in self.tail.names:
            self.draft.forget(name)
        held = self.draft.new_map(self.tail.names[-1])
        for name in self.tail.names:
            self.draft.maps[name] = held
        return held, Ending(None, addend, None, gate, self.tail.activation)

    def trained(self, index: int) -> Spot | None:
        """Where the gradient of a weight goes, if it is wanted."""
        if index >= len(self.step.weight_gradients):
            return None
        goal = self.step.weight_gradients[index]
        if goal is None:
            return None
        if isinstance(goal, Use):
            return self.draft.weight_gradient(goal.slot)
        shape = self.draft.plan.buffers[goal].shape
        self.draft.arrays[goal] = Plain(self.draft.room(f"{self.path} part", prod(shape)), shape)
        return self.draft.arrays[goal].spot


def covers_inputs(step: Backward) -> bool:
    """Whether the data gradient writes every input, so that something can be fused to it."""
    operation = step.call.operation
    if not isinstance(operation, ops.Convolution):
        return True
    return convolution.covers(size_of(step.call.input_shapes[0]), operation.window)
