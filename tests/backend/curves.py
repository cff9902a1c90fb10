"""The losses of a training step by step: ours, and PyTorch's from the same weights on the same batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch_nets import TorchNet

from cnnspec.backend.executable import Executable
from cnnspec.backend.plan import make_plan
from cnnspec.backend.training.optimisers import Sgd, Updates
from cnnspec.graph import Graph

Math = Literal["plain", "exact", "fast"]
Weights = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Course:
    """A net, its first weights, what it learns from, and how."""

    net: Graph
    weights: Weights
    images: np.ndarray
    labels: np.ndarray
    batch: int
    rate: float
    momentum: float = 0.9

    def chosen(self, step: int) -> np.ndarray:
        """The samples of a step: all of them in a new order, over and over."""
        a_round = len(self.labels) // self.batch
        order = np.random.default_rng(step // a_round).permutation(len(self.labels))
        return order[step % a_round * self.batch :][: self.batch]


def first_weights(net: Graph, seed: int = 0) -> dict[str, np.ndarray]:
    """Those that a training begins with."""
    made = Executable(make_plan(net, batch=1, training=True, dtype="float32"), seed=seed)
    return {name: array.copy() for name, array in made.state.items()}


def by_us(course: Course, steps: int, math: Math, *, threads: int | None = None) -> np.ndarray:
    """Our losses, in single precision."""
    plan = make_plan(course.net, batch=course.batch, training=True, dtype="float32")
    net = Executable(plan, math=math, threads=threads)
    with net.writing() as weights:
        for name, array in course.weights.items():
            weights[name][...] = array
    updates = Updates(Sgd(course.momentum), net.storage.trained, net.storage.gradients, net.threads)

    def step(images: np.ndarray, labels: np.ndarray) -> float:
        net.forward(images)
        loss = net.loss(labels)
        net.backward()
        with net.storage.writing():
            updates.apply(course.rate)
        return loss

    return _followed(course, steps, step)


def by_torch(course: Course, steps: int, dtype: str) -> np.ndarray:
    """PyTorch's losses, in a precision."""
    state = {
        name: array.astype(dtype) if array.dtype.kind == "f" else array
        for name, array in course.weights.items()
    }
    net = TorchNet(course.net, state)
    tuned = [weight for weight in net.weights.values() if weight.requires_grad]
    rule = torch.optim.SGD(tuned, lr=course.rate, momentum=course.momentum)
    (name,) = (port.name for port in course.net.inputs)

    def step(images: np.ndarray, labels: np.ndarray) -> float:
        (scores,) = net({name: images.astype(dtype)}, training=True).values()
        loss = torch.nn.functional.cross_entropy(scores, torch.tensor(labels))
        rule.zero_grad()
        loss.backward()
        rule.step()
        return loss.item()

    return _followed(course, steps, step)


def _followed(course: Course, steps: int, step: Callable[[np.ndarray, np.ndarray], float]) -> np.ndarray:
    losses: list[float] = []
    for index in range(steps):
        chosen = course.chosen(index)
        losses.append(step(course.images[chosen], course.labels[chosen]))
    return np.array(losses)


def apart(losses: np.ndarray, others: np.ndarray) -> np.ndarray:
    """How far two curves are apart at each step, relative to the second."""
    return np.abs(losses - others) / np.abs(others)
