"""A schedule: which kernels run on which stretches of memory. Plain data; nothing here is compiled or allocated."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from cnnspec.backend.fast.kernel import Kernel
from cnnspec.backend.kernels.operations import Shape
from cnnspec.backend.plan.model import Call


class Space(StrEnum):
    """Where a number lies. `ROOM` is memory of the schedule; weights and gradients belong to the executable.

    `NUMBER` is no place: a kernel is given the offset itself.
    """

    ROOM = "room"
    WEIGHTS = "weights"
    GRADIENTS = "gradients"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Spot:
    """The place of a number: in a room (by index), or in the executable's weights or gradients."""

    space: Space
    room: int
    offset: int = 0

    def moved(self, numbers: int) -> Spot:
        """The place some numbers further on."""
        return Spot(self.space, self.room, self.offset + numbers)


def number(value: int) -> Spot:
    """A plain number among the spots of a kernel."""
    return Spot(Space.NUMBER, 0, value)


@dataclass(frozen=True, slots=True)
class Room:
    """A stretch of memory. Rooms that are not kept share one arena, each alive from stage `first` to `last`.

    A kept room is zero at the beginning and nobody else's: packed weights, inputs, outputs.
    """

    name: str
    numbers: int
    kept: bool
    first: int
    last: int
    offset: int = 0


@dataclass(frozen=True, slots=True)
class KernelStep:
    """Run a kernel for a layer. `waits`: the next step may read what this one wrote."""

    path: str
    what: str
    kernel: Kernel
    spots: tuple[Spot, ...]
    waits: bool


@dataclass(frozen=True, slots=True)
class Plain:
    """A plain array: where it lies and its shape. Its type is that of the net where `dtype` is None."""

    spot: Spot
    shape: Shape
    dtype: str | None = None


@dataclass(frozen=True, slots=True)
class PlainForward:
    """Run the plain kernel of an operation that has no fast one (or not for these sizes)."""

    call: Call
    inputs: tuple[Plain, ...]
    outputs: tuple[Plain, ...]
    weights: tuple[Plain, ...]
    saved: tuple[Plain, ...]
    workspace: tuple[Plain, ...]


@dataclass(frozen=True, slots=True)
class PlainBackward:
    """Run the plain backward kernel. None: not wanted, or (inputs and outputs) not read."""

    call: Call
    inputs: tuple[Plain, ...]
    outputs: tuple[Plain, ...]
    output_gradients: tuple[Plain, ...]
    input_gradients: tuple[Plain | None, ...]
    weight_gradients: tuple[Plain | None, ...]
    weights: tuple[Plain, ...]
    saved: tuple[Plain, ...]
    workspace: tuple[Plain, ...]


Step = KernelStep | PlainForward | PlainBackward


@dataclass(frozen=True, slots=True)
class Schedule:
    """A pass over a net. `prepare` packs the weights; `forward` and `backward` follow each other.

    `ports` are the plain arrays by which numbers come and go, by their position in `Plan.buffers`.
    """

    prepare: tuple[KernelStep, ...]
    forward: tuple[Step, ...]
    backward: tuple[Step, ...]
    rooms: tuple[Room, ...]
    arena: int
    ports: dict[int, Plain]
