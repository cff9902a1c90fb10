"""A net that runs: its weights, and the forward and backward pass over them."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from types import MappingProxyType
from typing import Any, Literal

from numpy.typing import ArrayLike, NDArray

from cnnspec.backend import initial, weights
from cnnspec.backend.footprint import Footprint
from cnnspec.backend.kernels.arrays import Context
from cnnspec.backend.losses import cross_entropy
from cnnspec.backend.plan.model import Head, Plan, Port, Slot
from cnnspec.backend.program import PlainProgram, Program
from cnnspec.backend.sections import Sections
from cnnspec.backend.storage import Storage
from cnnspec.backend.user_arrays import (
    by_name,
    cannot_run,
    check_labels,
    check_samples,
    inference_only,
    refuse_lone_values,
)

Array = NDArray[Any]
Precision = Literal["plain", "exact", "fast"]
Arrays = Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class _Pass:
    """The last forward pass: the backward pass belongs to it."""

    count: int
    context: Context


class Executable:
    """A plan with its memory, its weights and its program.

    All methods may be called from several threads; hold `lock` over a forward, loss, backward and update that
    belong together, as training does step by step. The same plan, seed, weights and inputs give the same
    bytes, whatever the number of threads.
    """

    def __init__(
        self,
        plan: Plan,
        *,
        seed: int = 0,
        threads: int | None = None,
        math: Precision = "plain",
        initialise: bool = True,
    ) -> None:
        """Allocate, and fill the weights from `seed` (dropout draws from it too). `threads`: None for all.

        `math` is how the net runs: `plain` layer by layer, by the kernels that everything is held against;
        `exact` by fast kernels whose sums are those the layers define; `fast` also by Winograd's, with larger
        rounding errors. Without `initialise` the weights are zeros, to be loaded.
        """
        if seed < 0:
            raise cannot_run(f"a seed is a whole number from 0 on, not {seed}")
        if threads is not None and threads < 1:
            raise cannot_run(f"a net runs on 1 thread or more, not {threads}")
        self.plan = plan
        self.seed = seed
        self.threads = threads or processors()
        self.lock = RLock()
        self.storage = Storage(plan)
        self.steps = 0
        """How many forward passes were made in training: each draws its own dropout."""
        self._program: Program = _program(plan, self.storage, math)
        self._last: _Pass | None = None
        self._loss_taken = False
        self._went_back = False
        self._outputs: dict[str, Array] = {}
        if initialise:
            with self.writing() as arrays:
                initial.fill_all(arrays, plan.slots, seed, self.threads)

    # --- what it holds ------------------------------------------------------------------------------------

    @property
    def parameters(self) -> Arrays:
        """The weights by path (`stage2.1.conv1.weight`), frozen ones too: to read (see `writing`)."""
        return self._readable(slot for slot in self.plan.slots if not slot.buffer)

    @property
    def buffers(self) -> Arrays:
        """What is not trained: the running statistics of normalisations."""
        return self._readable(slot for slot in self.plan.slots if slot.buffer)

    @property
    def state(self) -> Arrays:
        """Parameters and buffers: what a weights file holds."""
        return self._readable(self.plan.slots)

    @contextmanager
    def writing(self) -> Generator[Arrays]:
        """Parameters and buffers as arrays that may be written to as long as this lasts.

        >>> with net.writing() as weights:
        ...     weights["conv1.bias"][...] = 0

        Anywhere else they are read-only: what runs holds weights in an order of its own, and must be told. So
        keep no view of them that was taken in here: NumPy leaves it writable for good, and what is written
        through it later counts from the end of the next `writing` on at the earliest.
        """
        with self.lock, self.storage.writing():
            arrays = {slot.name: self.storage.weight(slot) for slot in self.plan.slots}
            try:
                yield MappingProxyType(arrays)
            finally:
                for array in arrays.values():
                    array.flags.writeable = False

    @property
    def gradients(self) -> Arrays:
        """The gradient of every trained weight, as the last `backward` left it."""
        return MappingProxyType({slot.name: self.storage.gradient(slot) for slot in self.plan.trainable})

    @property
    def outputs(self) -> Arrays:
        """The outputs of the last `forward` by name."""
        return MappingProxyType(self._outputs)

    @property
    def input_gradients(self) -> Arrays:
        """The gradients of the inputs, as the last `backward` left them, where the plan has them."""
        with self.lock:
            count = self._required().count
            return {
                port.name: self._read(port, port.gradient, count)
                for port in self.plan.inputs
                if port.gradient is not None
            }

    def footprint(self, *, training: bool | None = None) -> Footprint:
        """The bytes that running whole batches takes, to the byte; by default as planned."""
        training = self.plan.training if training is None else training
        with self.lock:
            return self._program.footprint(training=training, threads=self.threads)

    @property
    def allocated(self) -> Footprint:
        """The bytes that have been allocated until now: after such a run, its footprint."""
        with self.lock:
            return self._program.allocated

    def _readable(self, slots: Iterable[Slot]) -> Arrays:
        arrays = {slot.name: self.storage.weight(slot) for slot in slots}
        for array in arrays.values():
            array.flags.writeable = False
        return MappingProxyType(arrays)

    # --- running ------------------------------------------------------------------------------------------

    def forward(self, inputs: ArrayLike | Mapping[str, ArrayLike], training: bool | None = None) -> Any:
        """Run the net on 1 to `batch` samples `(count, *shape)`; several inputs come by name.

        Returns the output, or a dictionary of outputs where there are several. With `training` (by default as
        planned) batch statistics are used and updated, and dropout drops. Raises DiagnosticError (bad-data;
        cannot-run where a single sample has no such statistics).
        """
        training = self.plan.training if training is None else training
        if training and not self.plan.training:
            raise inference_only(self.plan)
        given, count = self._given(inputs)
        if training:
            refuse_lone_values(self.plan, count)
        with self.lock:
            self.steps += training
            context = Context(training, self.seed, self.steps, self.threads)
            self._last, self._loss_taken, self._went_back = None, False, False
            self._program.forward(given, count, context)
            self._last = _Pass(count, context)
            self._outputs = {
                port.name: self._read(port, port.buffer, count)
                for port in self.plan.outputs
                if training or not port.training_only
            }
            return _one_or_all(self._outputs)

    def loss(self, labels: ArrayLike) -> float:
        """The cross-entropy of the last `forward`, which `backward()` then differentiates.

        `labels` are class numbers: `(count,)`, or one a position for outputs that are maps. Every output is
        compared with them, times its loss weight; the training-only ones in training alone.
        """
        with self.lock:
            last = self._kept()
            self._loss_taken = False
            self._clear_seeds(last.count)
            loss = sum(self._head_loss(head, labels, last) for head in self._active_heads(last))
            self._loss_taken = True
            return loss

    def backward(self, gradients: ArrayLike | Mapping[str, ArrayLike] | None = None) -> None:
        """Compute `gradients` from those of the outputs, or without an argument from the last `loss`.

        Outputs that are left out get zeros. Gradients are written anew, not added to. What `forward` kept is
        used up: there is one `backward` for each.
        """
        if not self.plan.training:
            raise inference_only(self.plan)
        with self.lock:
            last = self._kept()
            if gradients is None and not self._loss_taken:
                raise cannot_run(
                    "there is no loss to go back from", "call loss, or give gradients of the outputs"
                )
            if gradients is not None:
                self._loss_taken = False
                self._write_seeds(by_name(gradients, self.plan.outputs, "output", partly=True), last.count)
            self._went_back = True
            self._program.backward(last.count, last.context)

    def sections(self, inputs: ArrayLike | Mapping[str, ArrayLike], training: bool | None = None) -> Sections:
        """Run `forward`, and give its passes in parts, to be timed one by one. Hold `lock` while they run."""
        with self.lock:
            self.forward(inputs, training)
            last = self._required()
            given, _ = self._given(inputs)
            return self._program.sections(given, last.count, last.context)

    def _given(self, inputs: ArrayLike | Mapping[str, ArrayLike]) -> tuple[Mapping[int, Array], int]:
        """Inputs that fit the net, by their buffers, and how many samples they are."""
        ends = self.plan.inputs
        arrays, count = check_samples(by_name(inputs, ends, "input"), ends, self.plan.batch)
        return {port.buffer: arrays[port.name] for port in ends}, count

    def _active_heads(self, last: _Pass) -> list[Head]:
        return [head for head in self.plan.heads if last.context.training or not head.training_only]

    def _head_loss(self, head: Head, labels: ArrayLike, last: _Pass) -> float:
        logits = self._program.tensor(head.logits, last.count)
        seed = None if head.gradient is None else self._program.tensor(head.gradient, last.count)
        return cross_entropy(logits, check_labels(labels, logits), head.weight, seed, last.context)

    def _clear_seeds(self, count: int) -> None:
        for seed in self.plan.seeds:
            self._program.tensor(seed, count).fill(0)

    def _write_seeds(self, gradients: Mapping[str, Array], count: int) -> None:
        self._clear_seeds(count)
        for port in self.plan.outputs:
            if port.name in gradients and port.gradient is not None:
                given = gradients[port.name]
                if given.shape != (count, *port.shape):
                    wanted = [count, *port.shape]
                    raise cannot_run(
                        f"the gradient of {port.name} is {list(given.shape)}, the output {wanted}"
                    )
                target = self._program.tensor(port.gradient, count)
                target[...] = given.reshape(target.shape)

    def _required(self) -> _Pass:
        if self._last is None:
            raise cannot_run("there is no forward pass yet that this could belong to", "call forward first")
        return self._last

    def _kept(self) -> _Pass:
        """The last forward pass, if what it kept is still there: gradients take its place."""
        last = self._required()
        if self._went_back:
            raise cannot_run(
                "a backward pass was made already, which used up what this forward pass kept",
                "call forward again",
            )
        return last

    def _read(self, port: Port, buffer: int, count: int) -> Array:
        return self._program.tensor(buffer, count).reshape(count, *port.shape).copy()

    # --- files --------------------------------------------------------------------------------------------

    def save(self, path: str | Path, metadata: Mapping[str, str] | None = None) -> None:
        """Write the weights as safetensors, whole or not at all. Raises DiagnosticError (file-unwritable)."""
        with self.lock:
            weights.save_weights(path, self.state, {"net": self.plan.name, **(metadata or {})})

    def load(self, path: str | Path) -> dict[str, str]:
        """Read the weights from such a file and return its texts.

        Raises DiagnosticError (weights-mismatch, bad-data, file-unreadable), and has then changed nothing.
        """
        with self.writing() as targets:
            return weights.load_weights(path, targets, ignored=self.plan.omitted)


def _program(plan: Plan, storage: Storage, math: Precision) -> Program:
    if math == "plain":
        return PlainProgram(plan, storage)
    from cnnspec.backend.fast.net import FastProgram  # noqa: PLC0415 - plain kernels need no LLVM of their own

    return FastProgram(plan, storage, math)


def _one_or_all(outputs: dict[str, Array]) -> Array | dict[str, Array]:
    return next(iter(outputs.values())) if len(outputs) == 1 else dict(outputs)


def processors() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
