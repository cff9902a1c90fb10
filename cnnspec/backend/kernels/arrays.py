"""The arrays of one call of a kernel, and what the call depends on beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

Array = npt.NDArray[Any]
Arrays = tuple[Array, ...]


@dataclass(frozen=True, slots=True)
class Context:
    """What may change from call to call. `step` counts training steps; no result depends on `threads`."""

    training: bool = False
    seed: int = 0
    step: int = 0
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Forward:
    """The arrays of a forward pass: `outputs` and `saved` are written (and running statistics updated)."""

    inputs: Arrays
    outputs: Arrays
    weights: Arrays = ()
    saved: Arrays = ()
    workspace: Arrays = ()


@dataclass(frozen=True, slots=True)
class Backward:
    """The arrays of a backward pass: the gradients of inputs and weights that are not None are written."""

    inputs: Arrays
    outputs: Arrays
    output_gradients: Arrays
    input_gradients: tuple[Array | None, ...]
    weight_gradients: tuple[Array | None, ...] = ()
    weights: Arrays = ()
    saved: Arrays = ()
    workspace: Arrays = ()
