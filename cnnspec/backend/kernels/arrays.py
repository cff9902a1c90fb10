"""The arrays of one call of a kernel, and what the call depends on beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from cnnspec.backend.kernels.operations import Shape

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
    """The arrays of a backward pass: the gradients of inputs and weights that are not None are written.

    `input_shapes` need only be given where neither the inputs nor all of their gradients are.
    """

    inputs: Arrays
    outputs: Arrays
    output_gradients: Arrays
    input_gradients: tuple[Array | None, ...]
    weight_gradients: tuple[Array | None, ...] = ()
    weights: Arrays = ()
    saved: Arrays = ()
    workspace: Arrays = ()
    input_shapes: tuple[Shape, ...] = ()

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The shapes of the inputs, from whatever tells them. Raises ValueError where nothing does."""
        if self.input_shapes:
            return self.input_shapes
        known = self.inputs or tuple(gradient for gradient in self.input_gradients if gradient is not None)
        if len(known) != len(self.input_gradients):
            raise ValueError("the shape of an input is not known: give input_shapes")
        return tuple(array.shape for array in known)
