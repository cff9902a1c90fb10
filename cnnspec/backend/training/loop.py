"""Training: epochs of batches, each a forward pass, a backward pass and an update of the weights."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from cnnspec.backend.classify import batches
from cnnspec.backend.datasets import Dataset, Samples, bad_data
from cnnspec.backend.executable import Executable
from cnnspec.backend.plan import Plan
from cnnspec.backend.plan.available import available_memory
from cnnspec.backend.preparation import METADATA_KEY, Preparation, measure, pad_to
from cnnspec.backend.training.interrupts import interrupts_deferred
from cnnspec.backend.training.measuring import Tally, evaluate, hits, prepared
from cnnspec.backend.training.optimisers import Updates
from cnnspec.backend.training.progress import BatchDone, EpochDone, Progress
from cnnspec.backend.training.recipe import Recipe
from cnnspec.backend.user_arrays import cannot_run, inference_only, refuse_lone_values
from cnnspec.diagnostics import Diagnostic, DiagnosticError, Help
from cnnspec.diagnostics.findings import counted
from cnnspec.dims.units import in_bytes

Watch = Callable[[Progress], None]


class StoppedError(KeyboardInterrupt):
    """Ctrl-C during training. `reached` says how far it was, `saved` whether the weights are in the file."""

    def __init__(self, reached: str, *, saved: bool) -> None:
        super().__init__(reached)
        self.reached = reached
        self.saved = saved


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of a training: one entry an epoch, and how images must be prepared from now on."""

    epochs: tuple[EpochDone, ...]
    preparation: Preparation


def train(
    executable: Executable,
    dataset: Dataset,
    recipe: Recipe,
    *,
    watch: Watch = lambda progress: None,
    save_to: str | Path | None = None,
) -> Trained:
    """Train in place, report each batch and epoch to `watch`, and save the weights after every epoch.

    Each step holds the net's lock from its forward pass to the update: other threads, which may run the net
    or train it too, have it between two steps, before the watch is told.

    The same plan, weights, data and recipe give the same bytes. Ctrl-C is noticed between two layers (of
    fast kernels, after some tenths of a second); the weights as they stand are then saved, and StoppedError,
    a KeyboardInterrupt, says how far it was. Raises DiagnosticError: bad-data where the data does not fit the
    net, too-big, diverged (the last good weights stay in the file), file-unwritable.
    """
    run = _Run(executable, dataset, recipe, watch)
    try:
        for epoch in range(recipe.epochs):
            run.epoch(epoch)
            run.save(save_to)
    except KeyboardInterrupt as interrupt:
        run.save(save_to)
        raise StoppedError(run.reached, saved=run.saved_steps > 0) from interrupt
    return Trained(tuple(run.done), run.preparation)


class _Run:
    """One training on its way."""

    def __init__(self, executable: Executable, dataset: Dataset, recipe: Recipe, watch: Watch) -> None:
        check_fits(executable.plan, dataset)
        _check_memory(executable, recipe)
        self.executable = executable
        self.samples = dataset.training_part()
        self.test = dataset.test or None
        self.recipe = recipe
        self.watch = watch
        self.preparation = measure(self.samples)
        trained, gradients = executable.storage.trained, executable.storage.gradients
        self.updates = Updates(recipe.optimiser, trained, gradients, executable.threads)
        self.done: list[EpochDone] = []
        self.saved_steps = 0
        self.reached = "before the first step"

    def epoch(self, epoch: int) -> None:
        """All samples once, in a new order, then the test samples."""
        start = perf_counter()
        tally = Tally()
        order = _order(self.recipe.seed, epoch, len(self.samples))
        cuts = list(batches(len(order), self.executable.plan.batch))
        for batch, part in enumerate(cuts):
            time = epoch + batch / len(cuts)
            rate = self.recipe.schedule.rate(time, self.recipe.epochs)
            self.step(order[part], rate, tally)
            self.reached = (
                f"after step {batch + 1} of {len(cuts)} in epoch {epoch + 1} of {self.recipe.epochs}"
            )
            self.watch(self._batch_done((epoch, batch + 1, len(cuts)), tally, rate, perf_counter() - start))
        self.done.append(self._epoch_done(epoch, tally, perf_counter() - start))
        self.watch(self.done[-1])

    @np.errstate(over="ignore", invalid="ignore")
    def step(self, chosen: NDArray[np.int64], rate: float, tally: Tally) -> None:
        """One batch: forward, loss, backward, update."""
        net, labels = self.executable, self.samples.labels[chosen]
        images = prepared(net, self.preparation, self.samples.images[chosen])
        with net.lock:
            net.forward(images)
            loss = net.loss(labels)
            if not math.isfinite(loss):
                raise _diverged(self.updates.steps, self.recipe.schedule.start)
            net.backward()
            with interrupts_deferred(), net.storage.writing():
                self.updates.apply(rate)
            outputs = net.outputs
        tally.add(len(labels), loss, hits(outputs, labels))

    def save(self, path: str | Path | None) -> None:
        """Write the weights, if there is a file for them and they have changed."""
        if path is not None and self.updates.steps > self.saved_steps:
            self.executable.save(path, {METADATA_KEY: self.preparation.to_json()})
            self.saved_steps = self.updates.steps

    def _batch_done(
        self, place: tuple[int, int, int], tally: Tally, rate: float, seconds: float
    ) -> BatchDone:
        epoch, batch, batches = place
        left = (self.recipe.epochs - epoch) * batches - batch
        return BatchDone(
            epoch=epoch + 1,
            epochs=self.recipe.epochs,
            batch=batch,
            batches=batches,
            loss=tally.loss,
            accuracy=tally.accuracy,
            rate=rate,
            images_per_second=tally.seen / seconds,
            seconds_left=left * seconds / batch,
        )

    def _epoch_done(self, epoch: int, tally: Tally, seconds: float) -> EpochDone:
        test = evaluate(self.executable, self.test, self.preparation) if self.test is not None else None
        return EpochDone(
            epoch=epoch + 1,
            epochs=self.recipe.epochs,
            loss=tally.loss,
            accuracy=tally.accuracy,
            test_loss=test.loss if test else None,
            test_accuracy=test.accuracy if test else None,
            seconds=seconds,
            images_per_second=tally.seen / seconds,
        )


def _order(seed: int, epoch: int, count: int) -> NDArray[np.int64]:
    """The order of the samples in an epoch: a function of the seed and the epoch's number."""
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, epoch])))
    return generator.permutation(count)


def check_fits(plan: Plan, dataset: Dataset) -> None:
    """Raise DiagnosticError where the net cannot learn from these samples: known before it is compiled."""
    if not plan.training:
        raise inference_only(plan)
    if not plan.trainable:
        raise cannot_run(f"{plan.name} has no weights to train")
    if len(plan.inputs) != 1:
        raise bad_data(f"{plan.name} reads {len(plan.inputs)} inputs; {dataset.name} has one image a sample")
    _refuse_lone_sample(plan, len(dataset.training_part()))
    for samples in (dataset.training_part(), dataset.test):
        if samples is not None and len(samples):
            _check_samples(plan, samples, dataset.name)


def _refuse_lone_sample(plan: Plan, samples: int) -> None:
    """The last batch of an epoch has what the others leave."""
    if plan.batch == 1:
        refuse_lone_values(plan, 1)
    elif samples % plan.batch == 1:
        way_out = (
            f"batches of {plan.batch} leave one of {samples:,} samples for the last: choose another size"
        )
        refuse_lone_values(plan, 1, way_out)


def _check_samples(plan: Plan, samples: Samples, name: str) -> None:
    pad_to(samples.images[:1], plan.inputs[0].shape)
    for port in plan.outputs:
        if samples.classes > port.shape[0]:
            raise bad_data(
                f"{name} has labels up to {samples.classes - 1}, but {port.name} of {plan.name} tells only "
                f"{port.shape[0]} classes apart",
                way_out=f"give the net {samples.classes} classes",
            )


def _check_memory(executable: Executable, recipe: Recipe) -> None:
    needed = recipe.optimiser.states * executable.plan.memory.gradients
    left = available_memory()
    if left is not None and needed > left:
        message = (
            f"the optimiser of {executable.plan.name} needs {in_bytes(needed)}, {in_bytes(left)} are left"
        )
        raise DiagnosticError(Diagnostic("too-big", message))


def _diverged(steps: int, rate: float) -> DiagnosticError:
    message = f"training diverged: after {counted(steps, 'step')} the loss is no longer a number"
    return DiagnosticError(Diagnostic("diverged", message, help=Help(f"use a learning rate below {rate:g}")))
