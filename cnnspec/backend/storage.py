"""The memory of a run: one array of weights, one of gradients, one arena; and the views into them."""

from __future__ import annotations

import sys
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnspec.backend.kernels.operations import Shape
from cnnspec.backend.plan.model import ALIGNMENT, Buffer, Plan, Slot, Use
from cnnspec.diagnostics import Diagnostic, DiagnosticError

Array = NDArray[Any]


_REFERENCES = 2
"""To an array that nobody else holds, as `sys.getrefcount` counts them: ours and its own argument."""


class Storage:
    """Allocates what a plan asks for. Raises DiagnosticError (too-big) where the system refuses."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.dtype = np.dtype(plan.dtype)
        try:
            self.weights = _aligned(plan.memory.weights).view(self.dtype)
            self.gradients = _aligned(plan.memory.gradients).view(self.dtype)
            self.arena = _aligned(plan.memory.arena)
            self._lent: Array = np.asarray(self.weights.data)
            self._lendings = 0
        except MemoryError as error:
            message = f"{plan.name} needs {plan.memory.total:,} bytes, which the system does not give"
            raise DiagnosticError(Diagnostic("too-big", message)) from error

    @property
    def trained(self) -> Array:
        """The part of the weights that is trained; the gradients lie in the same order."""
        return self._lend()[: self.plan.trained_elements]

    def written(self, seen: int | None) -> tuple[bool, int]:
        """Whether lent weights may have been written to since `seen`, and what to ask with next time.

        They may while anyone holds such an array (every view keeps its base alive), and they may have been by
        whoever asked for one since.
        """
        held = sys.getrefcount(self._lent) > _REFERENCES
        return held or seen != self._lendings, self._lendings

    def _lend(self) -> Array:
        self._lendings += 1
        return self._lent

    def view(self, buffer: Buffer, shape: Shape) -> Array:
        """A buffer as an array of a shape that is no larger than the planned one."""
        return np.ndarray(shape, buffer.dtype, self.arena, buffer.offset)

    def weight(self, slot: Slot) -> Array:
        """A weight in the shape that people see."""
        return _part(self._lend(), slot, slot.shape)

    def gradient(self, slot: Slot) -> Array:
        """The gradient of a trained weight in the shape that people see."""
        return _part(self.gradients, slot, slot.shape)

    def used_weight(self, use: Use) -> Array:
        """A weight in the shape that a kernel sees."""
        return _part(self.weights, self.plan.slot[use.slot], use.shape)

    def used_gradient(self, use: Use) -> Array:
        """The gradient of a weight in the shape that a kernel sees."""
        return _part(self.gradients, self.plan.slot[use.slot], use.shape)


def _part(flat: Array, slot: Slot, shape: Shape) -> Array:
    return flat[slot.offset : slot.offset + prod(shape)].reshape(shape)


def _aligned(size: int) -> NDArray[np.uint8]:
    """Zeros that begin on a cache line; the system gives the pages when they are first written."""
    memory = np.zeros(size + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + size]
