"""What a net makes of images: its outputs in batches of any number, and the classes it thinks likeliest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnspec.backend.datasets import bad_data
from cnnspec.backend.executable import Executable
from cnnspec.backend.plan.model import Scores
from cnnspec.backend.preparation import Preparation

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Guess:
    """A class by its number, and how probable the net thinks it is."""

    label: int
    probability: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What an output of a net says about `shape[0]` samples.

    `span` are the least and the greatest of its finite values, None where there is none; `guesses` the
    likeliest classes of every sample, None where the output is a map or not finite.
    """

    name: str
    shape: tuple[int, ...]
    span: tuple[float, float] | None
    not_finite: int
    guesses: list[list[Guess]] | None


def answer(name: str, result: Array, scores: Scores, top: int) -> Answer:
    """What an output `(count, …)` says, with so many of the likeliest classes."""
    finite = result[np.isfinite(result)]
    span = (float(finite.min()), float(finite.max())) if finite.size else None
    one_a_class = result[0].size == len(result[0])
    told = one_a_class and finite.size == result.size
    guesses = top_classes(result.reshape(len(result), -1), scores, top) if told else None
    return Answer(name, result.shape, span, result.size - finite.size, guesses)


def run_all(executable: Executable, images: Array, preparation: Preparation) -> dict[str, Array]:
    """The outputs at inference, by name, of any number of images `(count, …)`, a batch at a time."""
    plan = executable.plan
    if len(plan.inputs) != 1:
        raise bad_data(
            f"{plan.name} reads {len(plan.inputs)} inputs: {', '.join(p.name for p in plan.inputs)}"
        )
    if not len(images):
        raise bad_data("there are no images")
    parts: dict[str, list[Array]] = {}
    for chosen in batches(len(images), plan.batch):
        prepared = preparation(images[chosen], plan.inputs[0].shape, np.dtype(plan.dtype))
        with executable.lock:
            executable.forward(prepared, training=False)
            outputs = executable.outputs
        for name, output in outputs.items():
            parts.setdefault(name, []).append(output)
    return {name: np.concatenate(part) for name, part in parts.items()}


def batches(count: int, size: int) -> Iterator[slice]:
    """Cut a number of samples into batches; the last may be smaller."""
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def probabilities(scores: Array, kind: Scores) -> Array:
    """Scores `(count, classes, …)` as probabilities in float64: softmax where they are logits."""
    numbers = scores.astype(np.float64)
    if kind is Scores.PROBABILITIES:
        return numbers
    if kind is Scores.LOG_PROBABILITIES:
        return np.exp(numbers)
    powers = np.exp(numbers - numbers.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def top_classes(scores: Array, kind: Scores, count: int) -> list[list[Guess]]:
    """For each sample of scores `(count, classes)` the likeliest classes, the best first."""
    if scores.ndim != 2:
        raise bad_data(f"an output of shape {list(scores.shape[1:])} does not tell classes apart")
    shares = probabilities(scores, kind)
    order = np.argsort(-shares, axis=1, kind="stable")[:, :count]
    return [
        [Guess(int(label), float(share[label])) for label in best]
        for share, best in zip(shares, order, strict=True)
    ]
