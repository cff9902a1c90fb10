"""Which layers run as one kernel: a convolution or linear layer with what follows it element by element."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from cnnspec.backend.fast.kernels import functions
from cnnspec.backend.kernels.operations import (
    Activation,
    Add,
    BatchNorm,
    Convolution,
    Linear,
    TransposedConvolution,
)
from cnnspec.backend.plan.model import Forward, Plan


@dataclass(frozen=True, slots=True)
class Group:
    """Layers that run together: the first, then a normalisation, a sum with another tensor, an activation.

    `addend` is the buffer that is added. The group's result is that of its last layer.
    """

    root: Forward
    norm: Forward | None = None
    add: Forward | None = None
    addend: int | None = None
    activation: Forward | None = None

    @property
    def steps(self) -> tuple[Forward, ...]:
        """The layers, one after the other."""
        return tuple(step for step in (self.root, self.norm, self.add, self.activation) if step)

    @property
    def output(self) -> int:
        """The buffer of the result."""
        return self.steps[-1].outputs[0]

    @property
    def inputs(self) -> tuple[int, ...]:
        """The buffers that the group reads."""
        return (*self.root.inputs, *(() if self.addend is None else (self.addend,)))


def fuse_for_inference(plan: Plan) -> list[Group]:
    """The steps of a plan in groups, with normalisations folded into the convolutions before them."""
    return _Fusion(plan, folds_norms=True).groups()


def fuse_for_training(plan: Plan) -> list[Group]:
    """The steps of a plan in groups. An activation is fused if its derivative follows from its output."""
    return _Fusion(plan, folds_norms=False).groups()


class _Fusion:
    def __init__(self, plan: Plan, *, folds_norms: bool) -> None:
        self._steps = plan.forward
        self._folds_norms = folds_norms
        self._readers: dict[int, list[Forward]] = {}
        for step in plan.forward:
            for buffer in step.inputs:
                self._readers.setdefault(buffer, []).append(step)
        self._visible = Counter(port.buffer for port in plan.outputs)
        self._visible.update(head.logits for head in plan.heads)
        self._position = {id(step): index for index, step in enumerate(plan.forward)}
        self._made_at: dict[int, int] = {port.buffer: -1 for port in plan.inputs}
        """The position of the root of the group that makes each buffer."""
        self._taken: set[int] = set()

    def groups(self) -> list[Group]:
        groups: list[Group] = []
        for index, step in enumerate(self._steps):
            if index in self._taken:
                continue
            group = self._grown(step, index)
            self._made_at.update(dict.fromkeys((*step.outputs, group.output), index))
            groups.append(group)
        return groups

    def _grown(self, root: Forward, index: int) -> Group:
        """The group of a layer. A normalisation that nothing precedes is a root too, as is a sum."""
        operation = root.call.operation
        transposed = isinstance(operation, TransposedConvolution)
        dense = isinstance(operation, Convolution | Linear)
        folds = dense and not transposed and self._folds_norms
        norm = self._follower(root, BatchNorm) if folds else None
        if norm and isinstance(norm.call.operation, BatchNorm) and not norm.call.operation.track:
            norm = None
        summed = (dense and not transposed) or (isinstance(operation, BatchNorm) and not self._folds_norms)
        add, addend = self._sum_after(norm or root, index) if summed else (None, None)
        rooted = dense or isinstance(operation, BatchNorm | Add)
        activation = self._activation_after(add or norm or root) if rooted and not transposed else None
        for step in (norm, add, activation):
            if step:
                self._taken.add(self._position[id(step)])
        return Group(root, norm, add, addend, activation)

    def _only_reader(self, step: Forward) -> Forward | None:
        """The one layer that reads a result which nobody else sees."""
        if len(step.outputs) != 1 or self._visible[step.outputs[0]]:
            return None
        readers = self._readers.get(step.outputs[0], [])
        return readers[0] if len(readers) == 1 and self._position[id(readers[0])] not in self._taken else None

    def _follower(self, step: Forward, kind: type) -> Forward | None:
        reader = self._only_reader(step)
        return reader if reader and isinstance(reader.call.operation, kind) else None

    def _activation_after(self, step: Forward) -> Forward | None:
        reader = self._follower(step, Activation)
        if reader is None or not isinstance(reader.call.operation, Activation):
            return None
        operation = reader.call.operation
        fast = functions.Activation(operation.function, operation.parameter)
        keeps = self._folds_norms or (operation.keeps_outputs and fast.from_output)
        return reader if functions.known(operation.function) and keeps else None

    def _sum_after(self, step: Forward, root: int) -> tuple[Forward, int] | tuple[None, None]:
        """A sum of the result with one tensor of the same shape that exists before the root runs."""
        reader = self._follower(step, Add)
        if reader is None or len(reader.inputs) != 2 or len(set(reader.call.input_shapes)) != 1:
            return None, None
        other = next((buffer for buffer in reader.inputs if buffer != step.outputs[0]), None)
        if other is None or self._made_at.get(other, root) >= root:
            return None, None
        return reader, other
