"""Normalisations."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar, Literal

from cnnspec.backend.kernels.operations.base import Buffer, Operation, Reads, Shape


@dataclass(frozen=True, slots=True)
class BatchNorm(Operation):
    """Normalisation of each channel over batch and positions; outside training, by running statistics.

    Where running statistics are not kept (`track`), those of the batch are always used.
    """

    epsilon: float = 1e-5
    momentum: float = 0.1
    affine: bool = True
    track: bool = True
    reads: ClassVar[Reads] = Reads.INPUTS

    @property
    def weights(self) -> tuple[str, ...]:
        """Scale and shift (where affine), then the running statistics, which training updates."""
        statistics = ("running_mean", "running_var") if self.track else ()
        return (*(("weight", "bias") if self.affine else ()), *statistics)

    def saved(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> tuple[Buffer, ...]:
        """The mean and the inverse standard deviation that were used, a channel each."""
        del outputs
        channels = (inputs[0][1],)
        return (Buffer("mean", channels), Buffer("inverse_std", channels))


@dataclass(frozen=True, slots=True)
class GroupNorm(Operation):
    """Normalisation over groups of channels and all positions; instance norm has a group a channel."""

    groups: int
    epsilon: float = 1e-5
    affine: bool = True
    reads: ClassVar[Reads] = Reads.INPUTS

    @property
    def weights(self) -> tuple[str, ...]:
        """Scale and shift, a channel each, where affine."""
        return ("weight", "bias") if self.affine else ()

    def saved(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> tuple[Buffer, ...]:
        """The mean and the inverse standard deviation of each group of each sample."""
        del outputs
        groups = (inputs[0][0], self.groups)
        return (Buffer("mean", groups), Buffer("inverse_std", groups))


@dataclass(frozen=True, slots=True)
class LayerNorm(Operation):
    """Normalisation over each whole sample, scaled and shifted element by element.

    With `over="channels"` each position is normalised over its channels alone, and scale and shift are a
    channel each (as ConvNeXt does).
    """

    epsilon: float = 1e-5
    affine: bool = True
    over: Literal["sample", "channels"] = "sample"
    reads: ClassVar[Reads] = Reads.INPUTS

    @property
    def weights(self) -> tuple[str, ...]:
        """Scale and shift: one sample's shape each, or `(C,)`."""
        return ("weight", "bias") if self.affine else ()

    def saved(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> tuple[Buffer, ...]:
        """The mean and the inverse standard deviation of each sample, or of each position."""
        del outputs
        batch, _, *spatial = inputs[0]
        rows = (batch, prod(spatial) if self.over == "channels" else 1)
        return (Buffer("mean", rows), Buffer("inverse_std", rows))


@dataclass(frozen=True, slots=True)
class LocalResponseNorm(Operation):
    """Krizhevsky's: `x / (k + alpha/size · Σ x²)^beta` over `size` neighbouring channels."""

    size: int
    alpha: float = 1e-4
    beta: float = 0.75
    k: float = 1.0
    reads: ClassVar[Reads] = Reads.INPUTS

    def saved(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> tuple[Buffer, ...]:
        """The base of the power, an element each."""
        del outputs
        return (Buffer("base", inputs[0]),)
