"""The backward steps: the layers in reverse, and the sums of gradients that come in parts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field

from cnnspec.analysis.timeline import Key, key_of
from cnnspec.backend.plan.draft import Draft, name_of
from cnnspec.backend.plan.model import (
    Add,
    AddToWeight,
    Backward,
    BackwardStep,
    Clear,
    Role,
    Use,
)
from cnnspec.graph import Node, Tensor


@dataclass
class Tape:
    """The backward steps so far. `gradients` holds the gradients that at least one part was written to.

    Parts are added in the order in which the steps run, which is always the same.
    """

    draft: Draft
    trained: Set[str]
    wanted: Set[Key]
    steps: list[BackwardStep] = field(default_factory=list[BackwardStep])
    gradients: dict[Key, int] = field(default_factory=dict[Key, int])
    written: set[str] = field(default_factory=set[str])
    """The weights that have a gradient already."""

    def contribute(self, tensor: Tensor, part: int) -> None:
        """A part of a tensor's gradient is written: it is the gradient, or is added to it."""
        target = self.gradients.setdefault(key_of(tensor), part)
        if target != part:
            self.draft.use(target, part)
            self._append(Add(tensor.node, target, part))

    def new_gradient(self, tensor: Tensor) -> int:
        """A buffer for a part of a tensor's gradient."""
        shape = self.draft.buffers[self.draft.tensors[key_of(tensor)]].shape
        name = f"part of ∂{name_of(tensor)}" if key_of(tensor) in self.gradients else f"∂{name_of(tensor)}"
        return self.draft.new(Role.GRADIENT, name, tensor.node, shape)

    def differentiate(self, node: Node) -> None:
        """Add the backward step of a layer and the sums that it brings about."""
        output_gradients = tuple(self._gradient_of(tensor) for tensor in node.outputs)
        parts = tuple(self.new_gradient(t) if key_of(t) in self.wanted else None for t in node.inputs)
        step = self._step(node, output_gradients, parts)
        self._append(step)
        for tensor, part in zip(node.inputs, parts, strict=True):
            if part is not None:
                self.contribute(tensor, part)
        for use, part in zip(step.call.weights, step.weight_gradients, strict=True):
            if isinstance(part, int):
                self.draft.use(part)
                self._append(AddToWeight(node.path, use, part))

    def _gradient_of(self, tensor: Tensor) -> int:
        """The complete gradient of an output: zeros where nobody reads it."""
        if key_of(tensor) not in self.gradients:
            target = self.new_gradient(tensor)
            self.gradients[key_of(tensor)] = target
            self._append(Clear(tensor.node, target))
        return self.gradients[key_of(tensor)]

    def _step(self, node: Node, output_gradients: tuple[int, ...], parts: tuple[int | None, ...]) -> Backward:
        call, tensors = self.draft.calls[node.path], self.draft.tensors
        inputs = tuple(tensors[key_of(t)] for t in node.inputs) if call.operation.keeps_inputs else ()
        outputs = tuple(tensors[key_of(t)] for t in node.outputs) if call.operation.keeps_outputs else ()
        self.draft.use(*inputs, *outputs, *output_gradients, *call.saved)
        wanted = call.operation.workspace(call.input_shapes, call.output_shapes)
        return Backward(
            call=call,
            inputs=inputs,
            outputs=outputs,
            output_gradients=output_gradients,
            input_gradients=parts,
            weight_gradients=tuple(self._weight_gradient(node.path, use) for use in call.weights),
            workspace=self.draft.lend(Role.WORKSPACE, node.path, wanted),
        )

    def _weight_gradient(self, path: str, use: Use) -> Use | int | None:
        if use.slot not in self.trained:
            return None
        if use.slot not in self.written:
            self.written.add(use.slot)
            return use
        return self.draft.new(Role.GRADIENT, f"part of ∂{use.slot}", path, use.shape)

    def _append(self, step: BackwardStep) -> None:
        self.steps.append(step)
        self.draft.time += 1


def sensitive(nodes: Sequence[Node], trained: Set[str], inputs: Iterable[Key]) -> tuple[set[str], set[Key]]:
    """The layers whose backward pass runs and the tensors that get gradients.

    These are the layers at or after a trained weight (or an input whose gradient is asked for), and the
    tensors that come from such layers.
    """
    layers: set[str] = set()
    tensors: set[Key] = set(inputs)
    for node in nodes:
        weighs = any(f"{node.owner}.{weight.name}" in trained for weight in node.weights)
        if weighs or any(key_of(tensor) in tensors for tensor in node.inputs):
            layers.add(node.path)
            tensors.update(key_of(tensor) for tensor in node.outputs)
    return layers, tensors
