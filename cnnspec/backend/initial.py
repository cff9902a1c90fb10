"""The first values of the weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnspec.backend.plan.model import Slot
from cnnspec.layers.base import Init

_CONSTANTS = {Init.ZEROS: 0.0, Init.ONES: 1.0, Init.QUARTER: 0.25}
_CHUNK = 1 << 16
_VARIANCE_TIMES_FAN_IN = {Init.KAIMING: 2.0, Init.LECUN: 1.0}


def fill_all(targets: Mapping[str, NDArray[Any]], slots: Sequence[Slot], seed: int, threads: int) -> None:
    """Write the first values of all weights, of several at once: they do not depend on each other."""
    if threads == 1:
        for slot in slots:
            fill(targets[slot.name], slot, seed)
        return
    with ThreadPoolExecutor(threads) as pool:
        filled = [pool.submit(fill, targets[slot.name], slot, seed) for slot in slots]
    for each in filled:
        each.result()


def fill(target: NDArray[Any], slot: Slot, seed: int) -> None:
    """Write a weight's first values: those that the spec gives, a constant, or normal numbers.

    The numbers are a function of the seed and the weight's name alone, so that a layer added elsewhere in the
    net, the precision or the training heads change nothing.
    """
    if slot.given is not None:
        target[...] = np.array(slot.given).reshape(slot.shape)
    elif slot.init in _CONSTANTS:
        target[...] = _CONSTANTS[slot.init]
    else:
        deviation = (_VARIANCE_TIMES_FAN_IN[slot.init] / slot.fan_in) ** 0.5
        generator, flat = _generator(seed, slot.name), target.reshape(-1)
        for start in range(0, flat.size, _CHUNK):
            part = flat[start : start + _CHUNK]
            part[...] = generator.standard_normal(part.size) * deviation


def _generator(seed: int, name: str) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *name.encode()])))
