"""The plan of a run as a value: which operations, in which order, on which stretches of memory.

Time is counted in steps: the forward steps are 0 … F − 1; at time F the caller reads the outputs and writes
their gradients; the backward steps are F + 1 onwards. A buffer is alive from `first` to `last`, both
included.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from math import prod

from cnnspec.backend.kernels.operations import Operation, Shape
from cnnspec.layers.base import Init

WIDTHS = {"float32": 4, "float64": 8, "int32": 4, "int64": 8, "uint8": 1, "bool": 1}
"""Bytes of one element."""

ALIGNMENT = 64
"""Every buffer and every weight begins on a cache line."""


class Role(StrEnum):
    """What a buffer holds."""

    TENSOR = "tensor"
    GRADIENT = "gradient"
    SAVED = "saved"
    WORKSPACE = "workspace"


@dataclass(frozen=True, slots=True)
class Buffer:
    """A stretch of the arena for a while. `path` is the layer that it belongs to."""

    name: str
    path: str
    role: Role
    shape: Shape
    dtype: str
    first: int
    last: int
    offset: int = 0

    @property
    def bytes(self) -> int:
        """Its size, without the gap to the next cache line."""
        return prod(self.shape) * WIDTHS[self.dtype]


@dataclass(frozen=True, slots=True)
class Slot:
    """A weight tensor: its place is the path in files and in the dictionaries of the executable.

    `shape` is the one people see; `given` are its first values (row-major) where the spec states them. All
    weights lie in one array, those that are trained first, and all gradients in another; `offset` counts the
    elements before this one in both.
    """

    name: str
    path: str
    offset: int
    shape: Shape
    init: Init
    fan_in: int
    buffer: bool
    trainable: bool
    given: tuple[float, ...] | None = None

    @property
    def elements(self) -> int:
        """How many numbers it has."""
        return prod(self.shape)


@dataclass(frozen=True, slots=True)
class Use:
    """A weight as a kernel sees it (a kernel of a 1-D convolution is 5-D, as all are)."""

    slot: str
    shape: Shape


@dataclass(frozen=True, slots=True)
class Call:
    """One application of an operation, in either direction. Numbers are positions in `Plan.buffers`.

    The shapes are those of the planned batch, as the kernels see them.
    """

    path: str
    operation: Operation
    input_shapes: tuple[Shape, ...]
    output_shapes: tuple[Shape, ...]
    weights: tuple[Use, ...]
    saved: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Forward:
    """Run an operation."""

    call: Call
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    workspace: tuple[int, ...]

    @property
    def path(self) -> str:
        """The layer that is run."""
        return self.call.path


@dataclass(frozen=True, slots=True)
class Backward:
    """Run an operation backwards, on those inputs and outputs that it reads. An unwanted gradient is None.

    The gradient of a weight goes to its slot (a Use) or, where the slot already has a part from another use
    of the weight, to a buffer of its own (a number), which an `AddToWeight` adds.
    """

    call: Call
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    output_gradients: tuple[int, ...]
    input_gradients: tuple[int | None, ...]
    weight_gradients: tuple[Use | int | None, ...]
    workspace: tuple[int, ...]

    @property
    def path(self) -> str:
        """The layer that is run."""
        return self.call.path


@dataclass(frozen=True, slots=True)
class Clear:
    """Fill a buffer with zeros: the gradient of an output that nobody reads."""

    path: str
    target: int


@dataclass(frozen=True, slots=True)
class Add:
    """Add a buffer to another: a tensor that several layers read has its gradient in parts."""

    path: str
    target: int
    part: int


@dataclass(frozen=True, slots=True)
class AddToWeight:
    """Add a buffer to the gradient of a shared weight."""

    path: str
    target: Use
    part: int


BackwardStep = Backward | Clear | Add | AddToWeight


class Scores(StrEnum):
    """What the numbers of an output are, as far as its last layer tells."""

    LOGITS = "logits"
    PROBABILITIES = "probabilities"
    LOG_PROBABILITIES = "log-probabilities"
    ANGLES = "angles"


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of the net: its name, its shape as people see it (without the batch), its buffers.

    `gradient` is where the gradient of an output is written before the backward pass, and where that of an
    input is found after it; None where it is not planned.
    """

    name: str
    shape: Shape
    buffer: int
    gradient: int | None
    scores: Scores = Scores.LOGITS
    training_only: bool = False


@dataclass(frozen=True, slots=True)
class Head:
    """Where the cross-entropy of an output is taken: on its logits, which are before a final softmax."""

    output: str
    logits: int
    gradient: int | None
    weight: float
    training_only: bool


@dataclass(frozen=True, slots=True)
class Memory:
    """The bytes a run takes. `peak` is what is alive in the fullest step, which `peak_path` makes so full."""

    weights: int
    gradients: int
    arena: int
    peak: dict[Role, int]
    peak_path: str

    @property
    def total(self) -> int:
        """Everything, without an optimiser's state."""
        return self.weights + self.gradients + self.arena


@dataclass(frozen=True)
class Plan:
    """Everything there is to know before a run, in plain data.

    `omitted` names the weights of layers that exist only in training, in a plan for inference. With
    `recompute` what normalisations made is made again in the backward pass instead of kept until then.
    """

    name: str
    batch: int
    training: bool
    dtype: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    heads: tuple[Head, ...]
    forward: tuple[Forward, ...]
    backward: tuple[BackwardStep, ...]
    buffers: tuple[Buffer, ...]
    slots: tuple[Slot, ...]
    omitted: tuple[str, ...]
    memory: Memory
    recompute: bool = False

    @cached_property
    def slot(self) -> dict[str, Slot]:
        """The weights by name."""
        return {slot.name: slot for slot in self.slots}

    @cached_property
    def seeds(self) -> tuple[int, ...]:
        """The gradients that the caller writes before the backward pass."""
        ends = (*self.outputs, *self.heads)
        return tuple(dict.fromkeys(end.gradient for end in ends if end.gradient is not None))

    @cached_property
    def ports(self) -> tuple[int, ...]:
        """The buffers of what comes and goes: inputs, outputs, logits, and their gradients."""
        inputs = [buffer for port in self.inputs for buffer in (port.buffer, port.gradient)]
        outputs = [port.buffer for port in self.outputs] + [head.logits for head in self.heads]
        ends = dict.fromkeys([*inputs, *outputs, *self.seeds])
        return tuple(buffer for buffer in ends if buffer is not None)

    @cached_property
    def forward_of(self) -> dict[str, Forward]:
        """The forward steps by the layer they run."""
        return {step.path: step for step in self.forward}

    @cached_property
    def read_again(self) -> frozenset[int]:
        """The tensors of the forward pass that backward steps read."""
        steps = (step for step in self.backward if isinstance(step, Backward))
        return frozenset(buffer for step in steps for buffer in (*step.inputs, *step.outputs))

    @property
    def width(self) -> int:
        """Bytes of one element of the net's dtype."""
        return WIDTHS[self.dtype]

    @property
    def trained_elements(self) -> int:
        """The length of the part of the weights that is trained, gaps included."""
        return self.memory.gradients // self.width

    @property
    def trainable(self) -> tuple[Slot, ...]:
        """The weights that have gradients."""
        return tuple(slot for slot in self.slots if slot.trainable)
