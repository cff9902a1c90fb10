"""The memory of a run: one array of weights, one of gradients, one arena; and the views into them."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnspec.backend.kernels.operations import Shape
from cnnspec.backend.plan.model import ALIGNMENT, Buffer, Plan, Slot, Use
from cnnspec.diagnostics import Diagnostic, DiagnosticError

Array = NDArray[Any]


class Storage:
    """Allocates what a plan asks for. Raises DiagnosticError (too-big) where the system refuses.

    Programs may hold the weights in a form of their own, so whoever writes to them does it inside `writing`.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.dtype = np.dtype(plan.dtype)
        self.weights: Array = self._allocated(plan.memory.weights).view(self.dtype)
        self.gradients: Array = self._allocated(plan.memory.gradients).view(self.dtype)
        self._version = 0
        self._writers = 0

    @cached_property
    def arena(self) -> NDArray[np.uint8]:
        """The buffers of the plan, which only the plain kernels use; allocated when they first do."""
        return self._allocated(self.plan.memory.arena)

    @property
    def arena_bytes(self) -> int:
        """The size of the arena, if it has been allocated."""
        return self.arena.nbytes if "arena" in self.__dict__ else 0

    @property
    def trained(self) -> Array:
        """The part of the weights that is trained; the gradients lie in the same order."""
        return self.weights[: self.plan.trained_elements]

    @property
    def version(self) -> int | None:
        """A number that changes whenever weights were written to; None while someone may be writing."""
        return None if self._writers else self._version

    @contextmanager
    def writing(self) -> Generator[None]:
        """Writing to the weights is allowed in here."""
        self._writers += 1
        try:
            yield
        finally:
            self._writers -= 1
            self._version += 1

    def _allocated(self, size: int) -> NDArray[np.uint8]:
        """Zeros that begin on a cache line; the system gives the pages when they are first written."""
        try:
            memory = np.zeros(size + ALIGNMENT, np.uint8)
        except MemoryError as error:
            message = (
                f"{self.plan.name} needs {self.plan.memory.total:,} bytes, which the system does not give"
            )
            raise DiagnosticError(Diagnostic("too-big", message)) from error
        start = -memory.ctypes.data % ALIGNMENT
        return memory[start : start + size]

    def view(self, buffer: Buffer, shape: Shape) -> Array:
        """A buffer as an array of a shape that is no larger than the planned one."""
        return np.ndarray(shape, buffer.dtype, self.arena, buffer.offset)

    def weight(self, slot: Slot) -> Array:
        """A weight in the shape that people see, to be written to inside `writing` alone."""
        return _part(self.weights, slot, slot.shape)

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
