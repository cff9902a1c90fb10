"""A schedule: which kernels run on which stretches of memory. Nothing here is compiled or allocated."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from cnnspec.backend.fast.kernel import Kernel
from cnnspec.backend.kernels.operations import Shape
from cnnspec.backend.plan.model import Call


class Space(StrEnum):
    """Where a number lies. `ROOM` is memory of the schedule; the others belong to the executable.

    A `PORT` is the plain array of a tensor that comes or goes, told by its position in `Plan.buffers`.
    `NUMBER` is no place: a kernel is given the offset itself.
    """

    ROOM = "room"
    WEIGHTS = "weights"
    GRADIENTS = "gradients"
    PORT = "port"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Spot:
    """The place of a number: in a room or port (by index), or in the weights or gradients."""

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

    A kept room is zero at the beginning and nobody else's: it holds packed weights. Stage −1 is before the
    first step, while weights are packed.
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

    @property
    def arrays(self) -> tuple[Plain, ...]:
        """All arrays that the call reads or writes."""
        return (*self.inputs, *self.outputs, *self.saved, *self.workspace)


@dataclass(frozen=True, slots=True)
class PlainBackward:
    """Run the plain backward kernel. A gradient that is not wanted is None."""

    call: Call
    input_shapes: tuple[Shape, ...]
    inputs: tuple[Plain, ...]
    outputs: tuple[Plain, ...]
    output_gradients: tuple[Plain, ...]
    input_gradients: tuple[Plain | None, ...]
    weight_gradients: tuple[Plain | None, ...]
    weights: tuple[Plain, ...]
    saved: tuple[Plain, ...]
    workspace: tuple[Plain, ...]

    @property
    def arrays(self) -> tuple[Plain, ...]:
        """All arrays that the call reads or writes."""
        made = (*self.input_gradients, *self.weight_gradients)
        read = (*self.inputs, *self.outputs, *self.output_gradients, *self.saved, *self.workspace)
        return (*read, *(plain for plain in made if plain))


Step = KernelStep | PlainForward | PlainBackward


@dataclass(frozen=True, slots=True)
class Schedule:
    """A pass over a net. `prepare` packs the weights; `forward` and `backward` follow each other.

    `arena` and `packed` are the bytes of the rooms that are shared and of those that are kept.
    """

    prepare: tuple[KernelStep, ...]
    forward: tuple[Step, ...]
    backward: tuple[Step, ...]
    rooms: tuple[Room, ...]
    arena: int
    packed: int
