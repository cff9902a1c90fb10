"""What the programs that `cnnspec compile --emit` writes import, beside the kernels themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnspec.backend import initial, weights
from cnnspec.backend.fast.execution import allocate
from cnnspec.backend.kernels.arrays import Context
from cnnspec.backend.losses import cross_entropy
from cnnspec.backend.plan.model import WIDTHS, Slot
from cnnspec.backend.user_arrays import as_numbers, by_name, cannot_run, check_labels, check_samples
from cnnspec.diagnostics import Diagnostic, DiagnosticError
from cnnspec.layers.base import Init

__all__ = ["Clock", "End", "Head", "Weights", "allocate", "losses", "read", "results", "view"]

Array = NDArray[Any]
Call = Callable[[Context], None]


@dataclass(frozen=True, slots=True)
class End:
    """An input or output: its shape as people see it (without the batch), and the array it lies in."""

    name: str
    shape: tuple[int, ...]
    array: Array


@dataclass(frozen=True, slots=True)
class Head:
    """Where the loss of an output is taken: its logits, their gradient, and its weight in the sum."""

    logits: Array
    gradient: Array | None
    weight: float


class Clock:
    """What kernels are told of the moment: the seed and the step that dropout draws from."""

    def __init__(self, seed: int, threads: int, *, training: bool) -> None:
        self.context = Context(training, seed, 0, threads)
        self._kept = False
        self._loss_taken = False

    def tick(self) -> Context:
        """The next step begins."""
        self._kept = self._loss_taken = False
        now = self.context
        self.context = Context(now.training, now.seed, now.step + 1, now.threads)
        return self.context

    def keep(self) -> None:
        """The forward pass is done: what it kept is there for one backward pass."""
        self._kept = True

    def kept(self) -> Context:
        """The moment of that forward pass, of which a loss is being taken.

        Raises DiagnosticError (cannot-run) where gradients took its place.
        """
        if not self._kept:
            raise cannot_run(
                "there is no forward pass to go back through", "call forward before each backward"
            )
        self._loss_taken = False
        return self.context

    def take_loss(self) -> None:
        """The loss is taken: its gradients are there to go back from."""
        self._loss_taken = True

    def spend(self) -> Context:
        """The moment of the forward pass for who writes gradients over it; cannot-run without a loss too."""
        is_taken, context = self._loss_taken, self.kept()
        if not is_taken:
            raise cannot_run("there is no loss to go back from", "call loss before each backward")
        self._kept = False
        return context


class Weights:
    """All weights in one array, those that are trained first, and their gradients in another like it."""

    def __init__(self, numbers: int, trained: int, dtype: str) -> None:
        self._flat = allocate(numbers * WIDTHS[dtype]).view(dtype)
        self.trained = self._flat[:trained]
        self.gradients = allocate(trained * WIDTHS[dtype]).view(dtype)
        self._slots: dict[str, Slot] = {}

    def add(
        self,
        name: str,
        offset: int,
        shape: tuple[int, ...],
        init: Init,
        *,
        fan_in: int = 1,
        given: tuple[float, ...] | None = None,
    ) -> Array:
        """A weight, `offset` numbers after the beginning of the array, and what its first values are."""
        path = name.rpartition(".")[0]
        slot = Slot(name, path, offset, shape, init, fan_in, buffer=False, trainable=False, given=given)
        self._slots[name] = slot
        return self._part(self._flat, slot)

    def gradient(self, name: str) -> Array:
        """The gradient of a weight that is trained."""
        return self._part(self.gradients, self._slots[name])

    def by_path(self, *, writable: bool) -> dict[str, Array]:
        """The weights by path, to look at, or with `writable` to change in place."""
        views = {name: self._part(self._flat, slot) for name, slot in self._slots.items()}
        for view_ in views.values():
            view_.setflags(write=writable)
        return views

    def initialise(self, seed: int) -> None:
        """The values that a net starts with: the same as `cnnspec.compile(…, seed=seed)` gives it."""
        for slot in self._slots.values():
            initial.fill(self._part(self._flat, slot), slot, seed)

    def load(self, source: str | Path | Mapping[str, ArrayLike], ignored: Sequence[str] = ()) -> None:
        """Take all weights from a safetensors file, or from arrays by path. The file may hold `ignored` too.

        Raises DiagnosticError (weights-mismatch, bad-data, file-unreadable), the weights as they were.
        """
        targets = self.by_path(writable=True)
        if not isinstance(source, Mapping):
            weights.load_weights(source, targets, ignored)
            return
        given = {name: as_numbers(array, name) for name, array in source.items() if name not in ignored}
        if problems := list(_differences(given, targets)):
            raise DiagnosticError(*problems)
        for name, target in targets.items():
            target[...] = given[name]

    def save(self, path: str | Path, net: str) -> None:
        """Write all weights as safetensors. Raises DiagnosticError (file-unwritable)."""
        weights.save_weights(path, self.by_path(writable=False), {"net": net})

    @staticmethod
    def _part(flat: Array, slot: Slot) -> Array:
        return flat[slot.offset : slot.offset + slot.elements].reshape(slot.shape)


def _differences(given: Mapping[str, Array], targets: Mapping[str, Array]) -> Iterable[Diagnostic]:
    for name in targets.keys() - given.keys():
        yield Diagnostic("weights-mismatch", f"{name} is missing")
    for name in given.keys() - targets.keys():
        yield Diagnostic("weights-mismatch", f"the net has no {name}")
    for name in given.keys() & targets.keys():
        if given[name].shape != targets[name].shape:
            have, want = list(given[name].shape), list(targets[name].shape)
            yield Diagnostic("weights-mismatch", f"{name} is {have}, in the net {want}")


def view(array: Array, shape: tuple[int, ...], moved: int = 0, dtype: str | None = None) -> Array:
    """Some memory as an array of another shape (and type), from `moved` numbers after its beginning."""
    start, kind = moved * array.itemsize, np.dtype(dtype or array.dtype)
    memory = array.reshape(-1).view(np.uint8)[start : start + prod(shape) * kind.itemsize]
    return memory.view(kind).reshape(shape)


def read(
    inputs: ArrayLike | Mapping[str, ArrayLike], ends: Sequence[End], batch: int, *, exactly: bool = False
) -> int:
    """Put samples where the program reads them; how many they are, from 1 to `batch` (or `exactly` so many).

    Raises DiagnosticError (bad-data).
    """
    arrays, count = check_samples(by_name(inputs, ends, "input"), ends, batch)
    if exactly and count != batch:
        raise cannot_run(f"this program trains on exactly {batch} samples a step, not {count}")
    for end in ends:
        target = end.array[:count]
        target[...] = arrays[end.name].reshape(target.shape)
    return count


def results(ends: Sequence[End], count: int) -> Any:
    """The output, or a dictionary of outputs where there are several."""
    found = {end.name: end.array[:count].reshape(count, *end.shape).copy() for end in ends}
    return next(iter(found.values())) if len(found) == 1 else found


def losses(heads: Sequence[Head], seeds: Sequence[Array], labels: ArrayLike, clock: Clock) -> float:
    """The sum of the cross-entropies of all heads; their gradients are where the backward pass starts.

    `seeds` are the gradients of all outputs. Raises DiagnosticError (bad-data) for labels that do not fit.
    """
    context = clock.kept()
    for seed in seeds:
        seed.fill(0)
    total = sum(
        cross_entropy(head.logits, check_labels(labels, head.logits), head.weight, head.gradient, context)
        for head in heads
    )
    clock.take_loss()
    return total
