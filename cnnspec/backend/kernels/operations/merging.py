"""Several tensors into one, one into several, and the losses."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar, Literal

from cnnspec.backend.kernels.operations.base import Buffer, Operation, Reads, Shape


@dataclass(frozen=True, slots=True)
class Concat(Operation):
    """Join the inputs along an axis of the arrays (1 is the channels)."""

    axis: int = 1


@dataclass(frozen=True, slots=True)
class Split(Operation):
    """Cut the input along an axis of the arrays into the outputs."""

    axis: int = 1


@dataclass(frozen=True, slots=True)
class Add(Operation):
    """The sum of the inputs; axes of size 1 broadcast."""


@dataclass(frozen=True, slots=True)
class Multiply(Operation):
    """The product of the inputs; axes of size 1 broadcast."""

    reads: ClassVar[Reads] = Reads.INPUTS


@dataclass(frozen=True, slots=True)
class Polar(Operation):
    """A polar coordinate of two inputs; axes of size 1 broadcast.

    Of `(a, b)` the length `√(a² + b²)`; of `(y, x)` the angle of the point `(x, y)` in radians, −π to π.
    """

    coordinate: Literal["length", "angle"]
    reads: ClassVar[Reads] = Reads.INPUTS


@dataclass(frozen=True, slots=True)
class CrossEntropy(Operation):
    """Mean over batch and positions of `−log softmax(logits)[label]`.

    inputs: logits `(N, C)` or `(N, C, D, H, W)`, labels int64 `(N,)` or `(N, D, H, W)`; output `(1,)`.
    """

    reads: ClassVar[Reads] = Reads.INPUTS
    labels: ClassVar[tuple[int, ...]] = (1,)

    def workspace(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> tuple[Buffer, ...]:
        """The loss of each label."""
        del outputs
        return (Buffer("losses", (prod(inputs[1]),), "float64"),)


@dataclass(frozen=True, slots=True)
class MeanSquaredError(Operation):
    """Mean over all elements of `(prediction − target)²`; inputs prediction and target, output `(1,)`."""

    reads: ClassVar[Reads] = Reads.INPUTS

    def workspace(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> tuple[Buffer, ...]:
        """The sum over each sample."""
        del outputs
        return (Buffer("losses", (inputs[0][0],), "float64"),)
