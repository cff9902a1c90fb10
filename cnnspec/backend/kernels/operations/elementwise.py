"""Functions of single elements, or of the channels at one position."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from cnnspec.backend.kernels.operations.base import Operation, Reads

Function = Literal[
    "relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "gelu_tanh", "silu", "mish",
    "sigmoid", "hardsigmoid", "hardswish", "tanh", "softplus",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Activation(Operation):
    """A function of each element. `parameter` is the slope of leaky_relu and the alpha of elu."""

    function: Function
    parameter: float = 0.0

    @property
    def keeps_inputs(self) -> bool:
        """Whether the slope is not a function of the output."""
        return not self.in_place

    @property
    def keeps_outputs(self) -> bool:
        """Whether the slope is a function of the output."""
        return self.in_place

    @property
    def in_place(self) -> bool:
        """Whether the slope is a function of the output, so that the input need not survive."""
        if self.function == "leaky_relu":
            return self.parameter >= 0
        return self.function in ("relu", "relu6", "sigmoid", "tanh")


@dataclass(frozen=True, slots=True)
class PRelu(Operation):
    """A leaky ReLU with learned slopes. weight `(1,)` or `(C,)`."""

    reads: ClassVar[Reads] = Reads.INPUTS

    @property
    def weights(self) -> tuple[str, ...]:
        """The slopes."""
        return ("weight",)


@dataclass(frozen=True, slots=True)
class Softmax(Operation):
    """Softmax over the channels (axis 1), or its logarithm."""

    log: bool = False
    reads: ClassVar[Reads] = Reads.OUTPUTS


@dataclass(frozen=True, slots=True)
class Dropout(Operation):
    """Zero each element with probability `rate` and divide the others by 1 − rate, in training.

    The mask is a function of (seed, stream, step, element): the backward pass draws it again. Every
    dropout of a net has its own `stream`.
    """

    rate: float
    stream: int

    @property
    def in_place(self) -> bool:
        """Each element depends on itself alone."""
        return True


@dataclass(frozen=True, slots=True)
class Scale(Operation):
    """A learned factor (and shift, with `bias`) a channel. weight and bias `(C,)`."""

    bias: bool = False
    reads: ClassVar[Reads] = Reads.INPUTS

    @property
    def weights(self) -> tuple[str, ...]:
        """The factors, and the shifts where there are any."""
        return ("weight", "bias") if self.bias else ("weight",)


@dataclass(frozen=True, slots=True)
class Gain(Operation):
    """Multiplication by a constant."""

    factor: float

    @property
    def in_place(self) -> bool:
        """Each element depends on itself alone."""
        return True
