"""A schedule in the making: rooms whose lives grow with every step, and tensors in one form or both.

A tensor of the plan may exist as a blocked map, as a plain array, or as both; asking for the form that is missing
adds the step that makes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import prod

from cnnspec.backend.fast.kernel import Kernel
from cnnspec.backend.fast.kernels.copies import ClearHalo, FromBlocks, ToBlocks
from cnnspec.backend.fast.layout import NO_HALO, BlockedMap
from cnnspec.backend.kernels.operations import Shape, Triple
from cnnspec.backend.plan.arena import aligned
from cnnspec.backend.plan.model import Plan
from cnnspec.backend.schedule.machine import Machine
from cnnspec.backend.schedule.model import KernelStep, Plain, Room, Space, Spot, Step

Halo = tuple[Triple, Triple]


@dataclass(frozen=True, slots=True)
class Held:
    """A map and where it lies."""

    map: BlockedMap
    spot: Spot


@dataclass(frozen=True, slots=True)
class Wish:
    """How a tensor should lie: its halo, channels a block (0: as many as lanes), a place inside a concatenation."""

    halo: Halo = NO_HALO
    block: int = 0
    inside: tuple[int, int] | None = None
    """The buffer of the concatenation and the first channel there."""


@dataclass
class Draft:
    """`count` is the number of samples. Steps go to `steps`; packing goes to `prepare`."""

    plan: Plan
    machine: Machine
    count: int
    wishes: dict[int, Wish]
    prepare: list[KernelStep] = field(default_factory=list[KernelStep])
    steps: list[Step] = field(default_factory=list[Step])
    rooms: list[Room] = field(default_factory=list[Room])
    maps: dict[int, Held] = field(default_factory=dict[int, Held])
    arrays: dict[int, Plain] = field(default_factory=dict[int, Plain])
    stage: int = 0

    # --- memory -------------------------------------------------------------------------------------------

    def room(self, name: str, numbers: int, *, kept: bool = False) -> Spot:
        """Memory that is alive from now on."""
        self.rooms.append(Room(name, numbers, kept, self.stage, self.stage))
        return Spot(Space.ROOM, len(self.rooms) - 1)

    def touch(self, *spots: Spot) -> None:
        """Keep the rooms of these spots until now."""
        for spot in spots:
            if spot.space is Space.ROOM:
                self.rooms[spot.room] = replace(self.rooms[spot.room], last=self.stage)

    def weight(self, slot: str) -> Spot:
        """Where a weight of the net lies."""
        return Spot(Space.WEIGHTS, 0, self.plan.slot[slot].offset)

    def weight_gradient(self, slot: str) -> Spot:
        """Where the gradient of a weight lies."""
        return Spot(Space.GRADIENTS, 0, self.plan.slot[slot].offset)

    # --- steps --------------------------------------------------------------------------------------------

    def run(self, path: str, what: str, kernel: Kernel, *spots: Spot, waits: bool = True) -> None:
        """Add a kernel; spots that it has no use for are filled up with the first."""
        filled = spots + (spots[0],) * (kernel.buffers - len(spots))
        self.touch(*filled)
        self.steps.append(KernelStep(path, what, kernel, filled, waits))
        self.stage += waits

    def wait(self) -> None:
        """Let the next step read what all before it wrote."""
        last = self.steps[-1]
        if isinstance(last, KernelStep) and not last.waits:
            self.steps[-1] = replace(last, waits=True)
            self.stage += 1

    def pack(self, path: str, what: str, kernel: Kernel, *spots: Spot) -> None:
        """Add a kernel that prepares weights; kept rooms alone may be written."""
        filled = spots + (spots[0],) * (kernel.buffers - len(spots))
        self.prepare.append(KernelStep(path, what, kernel, filled, waits=True))

    # --- tensors ------------------------------------------------------------------------------------------

    def shape(self, buffer: int) -> Shape:
        """The shape of a tensor with so many samples."""
        return (self.count, *self.plan.buffers[buffer].shape[1:])

    def new_map(self, buffer: int) -> Held:
        """Room for a tensor as a blocked map, its halo cleared by a step of its own."""
        wish = self.wishes.get(buffer, Wish())
        if wish.inside:
            whole = self.maps.get(wish.inside[0]) or self.new_map(wish.inside[0])
            view, start = whole.map.slice(wish.inside[1], self.shape(buffer)[1])
            held = Held(view, whole.spot.moved(start))
        else:
            map_ = self.map_like(buffer, wish)
            held = Held(map_, self.room(self.plan.buffers[buffer].name, map_.numbers))
            if map_.halo != NO_HALO:
                self.run(self.plan.buffers[buffer].path, "halo", ClearHalo(map_), held.spot, waits=False)
        self.maps[buffer] = held
        return held

    def map_like(self, buffer: int, wish: Wish) -> BlockedMap:
        """The blocked form of a tensor; a vector is a map of one position."""
        shape = self.shape(buffer)
        size: Triple = (shape[2], shape[3], shape[4]) if len(shape) == 5 else (1, 1, 1)
        return BlockedMap(shape[0], shape[1], size, wish.block or self.machine.lanes, wish.halo)

    def map(self, buffer: int) -> Held:
        """A tensor as a blocked map, converted if it is only a plain array."""
        if buffer not in self.maps:
            plain = self.arrays[buffer]
            held = self.new_map(buffer)
            self.run(self.plan.buffers[buffer].path, "to blocks", ToBlocks(held.map), plain.spot, held.spot)
        return self.maps[buffer]

    def new_array(self, buffer: int, *, kept: bool = False) -> Plain:
        """Room for a tensor as a plain array."""
        shape = self.shape(buffer)
        spot = self.room(self.plan.buffers[buffer].name, prod(shape), kept=kept)
        self.arrays[buffer] = Plain(spot, shape)
        return self.arrays[buffer]

    def array(self, buffer: int, *, kept: bool = False) -> Plain:
        """A tensor as a plain array, converted if it is only a map."""
        if buffer not in self.arrays:
            held = self.maps[buffer]
            plain = self.new_array(buffer, kept=kept)
            path = self.plan.buffers[buffer].path
            self.run(path, "from blocks", FromBlocks(held.map), plain.spot, held.spot)
        return self.arrays[buffer]

    # --- the end ------------------------------------------------------------------------------------------

    def packed(self) -> tuple[tuple[Room, ...], int]:
        """The rooms with their offsets (in bytes; kept rooms in memory of their own), and the arena's size.

        Largest first, each into the lowest gap among those that are alive with it.
        """
        result = list(self.rooms)
        placed: list[Room] = []
        kept_end = 0
        for index in sorted(range(len(result)), key=lambda i: (-result[i].numbers, i)):
            room, size = result[index], aligned(result[index].numbers * self.machine.bytes)
            if room.kept:
                result[index] = replace(room, offset=kept_end)
                kept_end += size
                continue
            end = 0
            for other in sorted(placed, key=lambda r: r.offset):
                if other.last < room.first or room.last < other.first:
                    continue
                if other.offset - end >= size:
                    break
                end = max(end, other.offset + aligned(other.numbers * self.machine.bytes))
            result[index] = replace(room, offset=end)
            placed.append(result[index])
        arena = max((r.offset + aligned(r.numbers * self.machine.bytes) for r in placed), default=0)
        return tuple(result), arena
