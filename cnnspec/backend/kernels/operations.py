"""What the kernels can run: one frozen value a primitive, in plain numbers, without numpy or numba.

Maps are 5-D `(N, C, D, H, W)`; a map of lower rank has depth 1 (and height 1), so `[C, L]` is
`(N, C, 1, 1, L)`. Vectors are 2-D `(N, F)`. An operation holds what the arrays do not say of themselves:
sizes are read from the arrays. A triple is (depth, height, width).

What the planner must know of an operation stands beside it: the names of its weights, which tensors its
backward pass reads, and which arrays the caller must keep for it (`saved`) or lend it (`workspace`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Flag, auto
from math import prod
from typing import ClassVar, Literal

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


@dataclass(frozen=True, slots=True)
class Window:
    """The geometry of a sliding window: `before` and `after` are the paddings of the two ends."""

    size: Triple
    stride: Triple = (1, 1, 1)
    dilation: Triple = (1, 1, 1)
    before: Triple = (0, 0, 0)
    after: Triple = (0, 0, 0)


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


@dataclass(frozen=True, slots=True)
class BatchNorm(Operation):
    """Normalisation a channel over the batch and all positions; running statistics when not training."""

    epsilon: float = 1e-5
    momentum: float = 0.1
    affine: bool = True
    reads: ClassVar[Reads] = Reads.INPUTS

    @property
    def weights(self) -> tuple[str, ...]:
        """Scale and shift (where affine), then the running statistics, which training updates."""
        return (*(("weight", "bias") if self.affine else ()), "running_mean", "running_var")

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
        if self.function in ("leaky_relu", "elu"):
            return self.parameter >= 0
        return self.function in ("relu", "relu6", "selu", "sigmoid", "tanh")


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
class Reshape(Operation):
    """The same elements in the same order under another shape: a copy (flatten, reshape, squeeze)."""


@dataclass(frozen=True, slots=True)
class Permute(Operation):
    """Reorder the axes: axis i of the output is axis `order[i]` of the input (batch included, as 0)."""

    order: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Pad(Operation):
    """Widen each spatial axis: with `value`, the mirror image (without the edge), or the edge itself."""

    before: Triple
    after: Triple
    mode: Literal["constant", "reflect", "replicate"] = "constant"
    value: float = 0.0


@dataclass(frozen=True, slots=True)
class Crop(Operation):
    """Cut `before` positions off the front of each spatial axis and `after` off its end."""

    before: Triple
    after: Triple


@dataclass(frozen=True, slots=True)
class Upsample(Operation):
    """Resize each spatial axis to the output's size, by repeating or by (tri-, bi-)linear interpolation."""

    mode: Literal["nearest", "linear"] = "nearest"
    align_corners: bool = False


@dataclass(frozen=True, slots=True)
class PixelShuffle(Operation):
    """Turn channels into space: `(C·r·s, H, W)` to `(C, r·H, s·W)`, with a factor an axis."""

    factor: Triple


@dataclass(frozen=True, slots=True)
class ChannelShuffle(Operation):
    """Read the channels as a `(groups, C / groups)` matrix and transpose it."""

    groups: int


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
        return (Buffer("losses", (prod(inputs[1]),)),)


@dataclass(frozen=True, slots=True)
class MeanSquaredError(Operation):
    """Mean over all elements of `(prediction − target)²`; inputs prediction and target, output `(1,)`."""

    reads: ClassVar[Reads] = Reads.INPUTS

    def workspace(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> tuple[Buffer, ...]:
        """The sum over each sample."""
        del outputs
        return (Buffer("losses", (inputs[0][0],)),)
