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

Flat = NDArray[Any]

_CHUNK = 1 << 15
"""Elements updated at a time, so that the temporaries stay in the cache."""


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

    def update(self, weights: Flat, gradients: Flat, states: list[Flat], rate: float, step: int) -> None:
        """One step, in place; `step` counts from 1."""
        del step
        g = gradients + self.decay * weights if self.decay else gradients
        if self.momentum:
            (velocity,) = states
            velocity *= self.momentum
            velocity += g
            g = g + self.momentum * velocity if self.nesterov else velocity
        weights -= rate * g


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

    def update(self, weights: Flat, gradients: Flat, states: list[Flat], rate: float, step: int) -> None:
        """One step, in place; `step` counts from 1."""
        mean, square = states
        g = gradients + self.decay * weights if self.decay else gradients
        mean += (1 - self.beta1) * (g - mean)
        square *= self.beta2
        square += (1 - self.beta2) * g * g
        spread = np.sqrt(square) / math.sqrt(1 - self.beta2**step) + self.epsilon
        weights -= (rate / (1 - self.beta1**step)) * mean / spread


Optimiser = Sgd | Adam


class Updates:
    """An optimiser at work on one set of weights: it owns the state arrays and counts the steps."""

    def __init__(self, optimiser: Optimiser, weights: Flat, gradients: Flat) -> None:
        self.optimiser = optimiser
        self.weights = weights
        self.gradients = gradients
        self.states = [np.zeros_like(weights) for _ in range(optimiser.states)]
        self.steps = 0

    def apply(self, rate: float) -> None:
        """Move the weights by the gradients, at this learning rate."""
        self.steps += 1
        for part in _chunks(self.weights.size):
            states = [state[part] for state in self.states]
            self.optimiser.update(self.weights[part], self.gradients[part], states, rate, self.steps)


def _chunks(size: int) -> Iterator[slice]:
    for start in range(0, size, _CHUNK):
        yield slice(start, min(start + _CHUNK, size))
