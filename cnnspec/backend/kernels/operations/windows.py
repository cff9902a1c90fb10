"""Operations with a sliding window (convolutions, pools), and the linear layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cnnspec.backend.kernels.operations.base import Buffer, Operation, Reads, Shape, Window


@dataclass(frozen=True, slots=True)
class Convolution(Operation):
    """Cross-correlation. weight `(out, in / groups, *size)`, bias `(out,)`."""

    window: Window
    groups: int = 1
    bias: bool = True
    reads: ClassVar[Reads] = Reads.INPUTS

    @property
    def weights(self) -> tuple[str, ...]:
        """The kernel, and the bias where there is one."""
        return ("weight", "bias") if self.bias else ("weight",)


@dataclass(frozen=True, slots=True)
class TransposedConvolution(Convolution):
    """The adjoint of a convolution. weight `(in, out / groups, *size)`, bias `(out,)`.

    The padding and the stride are those of the convolution it is the adjoint of; output padding shows in
    the size of the output alone.
    """


@dataclass(frozen=True, slots=True)
class Linear(Operation):
    """`y = x Wᵀ + b` on vectors. weight `(out, in)`, bias `(out,)`."""

    bias: bool = True
    reads: ClassVar[Reads] = Reads.INPUTS

    @property
    def weights(self) -> tuple[str, ...]:
        """The matrix, and the bias where there is one."""
        return ("weight", "bias") if self.bias else ("weight",)


@dataclass(frozen=True, slots=True)
class MaxPool(Operation):
    """The greatest value of each window; padding never wins. NaN wins over everything."""

    window: Window

    def saved(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> tuple[Buffer, ...]:
        """Where in its plane each output was found."""
        del inputs
        return (Buffer("argmax", outputs[0], "int32"),)


@dataclass(frozen=True, slots=True)
class AdaptiveMaxPool(Operation):
    """The greatest value of each of as many nearly equal bins as the output has positions."""

    def saved(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> tuple[Buffer, ...]:
        """Where in its plane each output was found."""
        del inputs
        return (Buffer("argmax", outputs[0], "int32"),)


@dataclass(frozen=True, slots=True)
class AveragePool(Operation):
    """The mean of each window, over the padding too where `count_pad` (but never past the padding)."""

    window: Window
    count_pad: bool = True


@dataclass(frozen=True, slots=True)
class AdaptiveAveragePool(Operation):
    """The mean of each of as many nearly equal bins as the output has positions."""


@dataclass(frozen=True, slots=True)
class LpPool(Operation):
    """`(Σ xᵖ)^(1/p)` over each window, as PyTorch's `lp_pool`."""

    window: Window
    power: float
    reads: ClassVar[Reads] = Reads.INPUTS | Reads.OUTPUTS
