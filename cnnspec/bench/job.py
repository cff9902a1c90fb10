"""What is timed: a net on fixed inputs, or a training step on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnspec.backend.executable import Executable
from cnnspec.backend.plan.model import Plan
from cnnspec.backend.training.optimisers import Sgd, Updates
from cnnspec.backend.user_arrays import cannot_run
from cnnspec.graph import Graph

Array = NDArray[Any]

RATE, MOMENTUM = 1e-4, 0.9
"""Of the optimiser in a training step, ours and the peers'."""


@dataclass(frozen=True)
class Job:
    """A net with its weights, inputs in the net's order `(batch, *shape)`, and labels.

    There is one label a sample, or one a position where the heads are maps; without labels it is inference.
    """

    graph: Graph
    state: Mapping[str, Array]
    inputs: tuple[Array, ...]
    labels: Array | None
    threads: int

    @property
    def training(self) -> bool:
        """Whether a training step is timed."""
        return self.labels is not None


def job_of(executable: Executable, graph: Graph) -> Job:
    """Random inputs for an executable, normal, and random labels where it trains; the same every time.

    Raises DiagnosticError (cannot-run) where no labels fit all heads or nothing is trained.
    """
    plan, random = executable.plan, np.random.default_rng(0)
    shapes = [(plan.batch, *port.shape) for port in plan.inputs]
    inputs = tuple(random.standard_normal(shape).astype(plan.dtype) for shape in shapes)
    labels = _labels(plan, random) if plan.training else None
    state = {name: array.copy() if plan.training else array for name, array in executable.state.items()}
    return Job(graph, state, inputs, labels, executable.threads)


def _labels(plan: Plan, random: np.random.Generator) -> Array:
    if not plan.trainable:
        raise cannot_run(f"{plan.name} has no weights to train", "time its inference: leave out --training")
    shapes = [plan.buffers[head.logits].shape for head in plan.heads]
    if len({shape[2:] for shape in shapes}) > 1:
        raise cannot_run(f"the outputs of {plan.name} are maps of different sizes: no labels fit them all")
    return random.integers(0, min(shape[1] for shape in shapes), (plan.batch, *shapes[0][2:]))


def named_inputs(plan: Plan, arrays: Iterable[Array]) -> dict[str, Array]:
    """Arrays in the net's order by the names of its inputs."""
    return {port.name: array for port, array in zip(plan.inputs, arrays, strict=True)}


def our_run(executable: Executable, job: Job) -> Callable[[], Any]:
    """An inference, which returns the outputs in their order; or a training step, which returns the loss."""
    inputs = named_inputs(executable.plan, job.inputs)
    if job.labels is None:

        def infer() -> list[Array]:
            with executable.lock:
                executable.forward(inputs)
                return list(executable.outputs.values())

        return infer
    labels = job.labels
    updates = Updates(
        Sgd(MOMENTUM), executable.storage.trained, executable.storage.gradients, executable.threads
    )

    def step() -> float:
        with executable.lock:
            executable.forward(inputs)
            loss = executable.loss(labels)
            executable.backward()
            with executable.storage.writing():
                updates.apply(RATE)
            return loss

    return step
