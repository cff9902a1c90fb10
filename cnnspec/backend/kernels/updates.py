"""Stochastic gradient descent on flat arrays: one sweep, so that each number comes from memory once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnspec.backend.kernels.jit import kernel
from cnnspec.backend.kernels.threads import launch

Flat = NDArray[Any]

_CHUNK = 1 << 15


@kernel
def _descend(
    begin: int,
    end: int,
    weights: Flat,
    gradients: Flat,
    velocity: Flat,
    factors: Flat,
    chunk: int,
    nesterov: bool,
) -> None:
    momentum, decay, rate = factors[0], factors[1], factors[2]
    for index in range(begin * chunk, min(end * chunk, weights.size)):
        gradient = gradients[index] + decay * weights[index]
        speed = momentum * velocity[index] + gradient
        velocity[index] = speed
        weights[index] -= rate * (gradient + momentum * speed if nesterov else speed)


@kernel
def _descend_at_once(begin: int, end: int, weights: Flat, gradients: Flat, factors: Flat, chunk: int) -> None:
    decay, rate = factors[1], factors[2]
    for index in range(begin * chunk, min(end * chunk, weights.size)):
        weights[index] -= rate * (gradients[index] + decay * weights[index])


def descend(
    weights: Flat,
    gradients: Flat,
    velocity: Flat | None,
    *,
    rate: float,
    momentum: float,
    decay: float,
    nesterov: bool,
    threads: int,
) -> None:
    """`v ← momentum·v + g` and `w ← w − rate·v`, with `g` the gradient plus `decay·w`.

    Without velocity the step is `g`, with `nesterov` it is `g + momentum·v`.
    """
    factors = np.array([momentum, decay, rate], weights.dtype)
    tasks, work = -(-weights.size // _CHUNK), weights.size
    if velocity is None:
        launch(_descend_at_once, tasks, work, threads, weights, gradients, factors, _CHUNK)
    else:
        launch(_descend, tasks, work, threads, weights, gradients, velocity, factors, _CHUNK, nesterov)
