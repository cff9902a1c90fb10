"""What every operation says of itself, and the shapes and windows they speak of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Flag, auto
from typing import ClassVar

Triple = tuple[int, int, int]
"""One number for each of depth, height and width."""

Shape = tuple[int, ...]
"""The shape of an array, batch first."""


@dataclass(frozen=True, slots=True)
class Buffer:
    """An array the caller provides: `dtype` None is the dtype of the net."""

    name: str
    shape: Shape
    dtype: str | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """The geometry of a sliding window: `before` and `after` are the paddings of the two ends."""

    size: Triple
    stride: Triple = (1, 1, 1)
    dilation: Triple = (1, 1, 1)
    before: Triple = (0, 0, 0)
    after: Triple = (0, 0, 0)


class Reads(Flag):
    """What a backward pass needs of the forward pass beside weights and saved arrays."""

    NOTHING = 0
    INPUTS = auto()
    OUTPUTS = auto()


@dataclass(frozen=True, slots=True)
class Operation:
    """A primitive. `reads` says what its backward pass needs of the forward pass."""

    reads: ClassVar[Reads] = Reads.NOTHING
    labels: ClassVar[tuple[int, ...]] = ()
    """Which inputs are int64 labels, and so have no gradient."""

    @property
    def keeps_inputs(self) -> bool:
        """Whether the backward pass reads the inputs."""
        return Reads.INPUTS in self.reads

    @property
    def keeps_outputs(self) -> bool:
        """Whether the backward pass reads the outputs."""
        return Reads.OUTPUTS in self.reads

    @property
    def in_place(self) -> bool:
        """Whether output and first input may be one buffer, and their gradients too.

        Without it no two arrays of a call may overlap.
        """
        return False

    @property
    def weights(self) -> tuple[str, ...]:
        """The names of the weights, in the order in which the kernels take them."""
        return ()

    def saved(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> tuple[Buffer, ...]:
        """What the forward pass writes for the backward pass beside the outputs."""
        del inputs, outputs
        return ()

    def workspace(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> tuple[Buffer, ...]:
        """Scratch arrays for the length of one call; their contents need not survive it."""
        del inputs, outputs
        return ()
