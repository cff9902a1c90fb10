"""The update rules. All weights that are trained lie in one flat array, their gradients in another like it.

The state an optimiser keeps between steps is as many further arrays as `states` says. The arithmetic is
PyTorch's, operation by operation.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from cnnspec.backend.kernels.updates import descend

Flat = NDArray[Any]

_CHUNK = 1 << 15
"""Elements updated at a time, so that the temporaries stay in the cache."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The learning rate of a step, which step it is (from 1), and how many threads may work on it."""

    rate: float
    step: int
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Sgd:
    """Stochastic gradient descent: `v ← momentum·v + g`, `w ← w − rate·v`, where `g` includes `decay·w`.

    With `nesterov` the step is `g + momentum·v` (Sutskever et al. 2013, as PyTorch writes it).
    """

    momentum: float = 0.9
    nesterov: bool = False
    decay: float = 0.0

    @property
    def states(self) -> int:
        """The velocity, where there is momentum."""
        return 1 if self.momentum else 0

    def update(self, weights: Flat, gradients: Flat, states: list[Flat], pace: Pace) -> None:
        """One step, in place."""
        descend(
            weights,
            gradients,
            states[0] if states else None,
            rate=pace.rate,
            momentum=self.momentum,
            decay=self.decay,
            nesterov=self.nesterov,
            threads=pace.threads,
        )


@dataclass(frozen=True, slots=True)
class Adam:
    """Kingma and Ba 2015: steps scaled by running means of the gradient and of its square.

    `decay` is added to the gradient (L2), as PyTorch's `Adam` does.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    decay: float = 0.0
    states: ClassVar[int] = 2

    def update(self, weights: Flat, gradients: Flat, states: list[Flat], pace: Pace) -> None:
        """One step, in place."""
        for part in _chunks(weights.size):
            mean, square = (state[part] for state in states)
            self._update(weights[part], gradients[part], mean, square, pace)

    def _update(self, weights: Flat, gradients: Flat, mean: Flat, square: Flat, pace: Pace) -> None:
        rate, step = pace.rate, pace.step
        g = gradients + self.decay * weights if self.decay else gradients
        mean += (1 - self.beta1) * (g - mean)
        square *= self.beta2
        square += (1 - self.beta2) * g * g
        spread = np.sqrt(square) / math.sqrt(1 - self.beta2**step) + self.epsilon
        weights -= (rate / (1 - self.beta1**step)) * mean / spread


Optimiser = Sgd | Adam


class Updates:
    """An optimiser at work on one set of weights: it owns the state arrays and counts the steps."""

    def __init__(self, optimiser: Optimiser, weights: Flat, gradients: Flat, threads: int = 1) -> None:
        self.optimiser = optimiser
        self.threads = threads
        self.weights = weights
        self.gradients = gradients
        self.states = [np.zeros_like(weights) for _ in range(optimiser.states)]
        self.steps = 0

    def apply(self, rate: float) -> None:
        """Move the weights by the gradients, at this learning rate."""
        self.steps += 1
        self.optimiser.update(self.weights, self.gradients, self.states, Pace(rate, self.steps, self.threads))


def _chunks(size: int) -> Iterator[slice]:
    for start in range(0, size, _CHUNK):
        yield slice(start, min(start + _CHUNK, size))
