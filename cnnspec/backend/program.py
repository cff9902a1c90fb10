"""A plan made ready to run. The executable knows no more of it than `Program`: a faster one fits in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

import numpy as np

from cnnspec.backend.footprint import Footprint, plain_footprint
from cnnspec.backend.kernels import registry
from cnnspec.backend.kernels.arrays import Array, Arrays, Context
from cnnspec.backend.kernels.arrays import Backward as BackwardArrays
from cnnspec.backend.kernels.arrays import Forward as ForwardArrays
from cnnspec.backend.kernels.operations import Buffer as Wanted
from cnnspec.backend.plan.model import Add, AddToWeight, Backward, BackwardStep, Clear, Forward, Plan, Use
from cnnspec.backend.sections import Section, Sections, Stage
from cnnspec.backend.storage import Storage

Bound = Callable[[Context], None]


class Program(Protocol):
    """What runs a plan. `count` is the number of samples, from 1 to the plan's batch.

    The caller gives the inputs to `forward`, by their buffers, and writes the gradients of the outputs
    into `tensor(...)` before `backward`; it reads the outputs, the gradients of the inputs and those of the
    weights afterwards.
    """

    def tensor(self, buffer: int, count: int) -> Array:
        """The array of a port of the net, or of its gradient."""
        ...

    def forward(self, inputs: Mapping[int, Array], count: int, context: Context) -> None:
        """Compute the outputs. An input is `(count, …)` of any shape with as many numbers as its buffer."""
        ...

    def backward(self, count: int, context: Context) -> None:
        """Compute the gradients, after `forward` with the same count and context."""
        ...

    def sections(self, inputs: Mapping[int, Array], count: int, context: Context) -> Sections:
        """The passes in parts, to time one by one, after a forward pass with the same inputs."""
        ...

    def footprint(self, *, training: bool, threads: int) -> Footprint:
        """The bytes that passes of the whole batch will take."""
        ...

    @property
    def allocated(self) -> Footprint:
        """The bytes that have been allocated until now."""
        ...


class PlainProgram:
    """Calls the plain kernels one after the other, on views that are made once for each count of samples."""

    def __init__(self, plan: Plan, storage: Storage) -> None:
        self._plan = plan
        self._storage = storage
        self._forward: dict[int, list[Bound]] = {}
        self._backward: dict[int, list[Bound]] = {}
        tracked = [slot for slot in plan.slots if slot.name.endswith(".num_batches_tracked")]
        self._counters = [storage.used_weight(Use(slot.name, slot.shape)) for slot in tracked]

    def tensor(self, buffer: int, count: int) -> Array:
        """A buffer whose first axis is the batch, cut to so many samples."""
        planned = self._plan.buffers[buffer]
        return self._storage.view(planned, (count, *planned.shape[1:]))

    def forward(self, inputs: Mapping[int, Array], count: int, context: Context) -> None:
        """Run the forward steps."""
        for buffer, array in inputs.items():
            take(array, self.tensor(buffer, count))
        if count not in self._forward:
            self._forward[count] = [self._bind_forward(step, count) for step in self._plan.forward]
        for call in self._forward[count]:
            call(context)
        if context.training:
            self.count_batch()

    def count_batch(self) -> None:
        """Count a training batch, as normalisations do that track statistics."""
        for counter in self._counters:
            np.add(counter, 1, out=counter)

    def backward(self, count: int, context: Context) -> None:
        """Run the backward steps."""
        if count not in self._backward:
            self._backward[count] = [self._bind_backward(step, count) for step in self._plan.backward]
        for call in self._backward[count]:
            call(context)

    def sections(self, inputs: Mapping[int, Array], count: int, context: Context) -> Sections:
        """A part for each step."""
        del inputs  # they have been copied
        forward = [(step.path, self._bind_forward(step, count)) for step in self._plan.forward]
        steps = self._plan.backward if context.training else ()
        backward = [(step.path, self._bind_backward(step, count)) for step in steps]
        passes = (Stage.FORWARD, forward), (Stage.BACKWARD, backward)
        parts = [
            Section(stage, path, ("plain",), partial(run, context))
            for stage, bound in passes
            for path, run in bound
        ]
        return Sections(tuple(parts), {}, _nothing)

    def footprint(self, *, training: bool, threads: int) -> Footprint:
        """What the plan takes."""
        del training, threads
        return plain_footprint(self._plan)

    @property
    def allocated(self) -> Footprint:
        """What was allocated."""
        storage = self._storage
        return Footprint(storage.weights.nbytes, storage.gradients.nbytes, 0, 0, storage.arena_bytes)

    def run(self, step: Forward, count: int, context: Context) -> None:
        """Run one forward step alone, on what lies in its inputs."""
        self._bind_forward(step, count)(context)

    def _bind_forward(self, step: Forward, count: int) -> Bound:
        saved, workspace = self._extras(step, count)
        arrays = ForwardArrays(
            inputs=self._tensors(step.inputs, count),
            outputs=self._tensors(step.outputs, count),
            weights=self._weights(step.call.weights),
            saved=saved,
            workspace=workspace,
        )
        return registry.bind_forward(step.call.operation, arrays)

    def _bind_backward(self, step: BackwardStep, count: int) -> Bound:
        match step:
            case Backward():
                return self._bind_operation(step, count)
            case Clear():
                return _clearing(self.tensor(step.target, count))
            case Add():
                return _adding(self.tensor(step.target, count), self.tensor(step.part, count))
            case AddToWeight():
                part = self._storage.view(self._plan.buffers[step.part], step.target.shape)
                return _adding(self._storage.used_gradient(step.target), part)

    def _bind_operation(self, step: Backward, count: int) -> Bound:
        saved, workspace = self._extras(step, count)
        arrays = BackwardArrays(
            inputs=self._tensors(step.inputs, count),
            outputs=self._tensors(step.outputs, count),
            output_gradients=self._tensors(step.output_gradients, count),
            input_gradients=tuple(None if g is None else self.tensor(g, count) for g in step.input_gradients),
            weight_gradients=tuple(map(self._weight_gradient, step.weight_gradients, step.call.weights)),
            weights=self._weights(step.call.weights),
            saved=saved,
            workspace=workspace,
            input_shapes=tuple((count, *shape[1:]) for shape in step.call.input_shapes),
        )
        return registry.bind_backward(step.call.operation, arrays)

    def _extras(self, step: Forward | Backward, count: int) -> tuple[Arrays, Arrays]:
        """The saved and the scratch arrays, in the shapes that so many samples need."""
        call = step.call
        shapes = [(count, *shape[1:]) for shape in call.input_shapes]
        results = [(count, *shape[1:]) for shape in call.output_shapes]
        saved = call.operation.saved(tuple(shapes), tuple(results)) if call.saved else ()
        workspace = call.operation.workspace(tuple(shapes), tuple(results))
        return self._cut(call.saved, saved), self._cut(step.workspace, workspace)

    def _cut(self, buffers: tuple[int, ...], wanted: tuple[Wanted, ...]) -> Arrays:
        pairs = zip(buffers, wanted, strict=True)
        return tuple(self._storage.view(self._plan.buffers[buffer], want.shape) for buffer, want in pairs)

    def _tensors(self, buffers: tuple[int, ...], count: int) -> Arrays:
        return tuple(self.tensor(buffer, count) for buffer in buffers)

    def _weights(self, uses: tuple[Use, ...]) -> Arrays:
        return tuple(map(self._storage.used_weight, uses))

    def _weight_gradient(self, target: Use | int | None, use: Use) -> Array | None:
        match target:
            case None:
                return None
            case int():
                return self._storage.view(self._plan.buffers[target], use.shape)
            case Use():
                return self._storage.used_gradient(target)


def take(array: Array, target: Array) -> None:
    """Copy an input to its place."""
    target[...] = array.reshape(target.shape)


def _nothing() -> None:
    """What a part that does nothing does."""


def _clearing(target: Array) -> Bound:
    def clear(context: Context) -> None:
        del context
        target.fill(0)

    return clear


def _adding(target: Array, part: Array) -> Bound:
    def add(context: Context) -> None:
        del context
        np.add(target, part, out=target)

    return add
