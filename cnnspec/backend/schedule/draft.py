"""A schedule in the making: rooms whose lives grow with every step, and tensors in one form or both.

A tensor of the plan may exist as a blocked map, as a plain array, or as both; asking for the form that is
missing adds the step that makes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import prod

from cnnspec.backend.fast.kernel import Kernel
from cnnspec.backend.fast.kernels.copies import ClearHalo, Copy, FromBlocks, ToBlocks, Zeros
from cnnspec.backend.fast.kernels.pointwise import Pointwise
from cnnspec.backend.fast.layout import NO_HALO, BlockedMap
from cnnspec.backend.kernels.operations import Buffer as Wanted
from cnnspec.backend.kernels.operations import Shape, Triple
from cnnspec.backend.plan.arena import aligned, pack
from cnnspec.backend.plan.model import Buffer, Plan, Role
from cnnspec.backend.schedule.machine import Machine
from cnnspec.backend.schedule.model import (
    KernelStep,
    Plain,
    PlainBackward,
    PlainForward,
    Room,
    Space,
    Spot,
    Step,
)

Halo = tuple[Triple, Triple]

_BEFORE = -1
"""The stage at which weights are prepared: before the first one."""


@dataclass(frozen=True, slots=True)
class Held:
    """A map and where it lies."""

    map: BlockedMap
    spot: Spot


@dataclass(frozen=True, slots=True)
class Wish:
    """How a tensor should lie: halo, channels a block (0: as many as lanes), place in a concatenation."""

    halo: Halo = NO_HALO
    block: int = 0
    inside: tuple[int, int] | None = None
    """The buffer of the concatenation and the first channel there."""


@dataclass
class Draft:
    """`count` is the number of samples. Steps go to `steps`; in inference packing goes to `prepare`."""

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
    training: bool = False
    passage: int | None = None
    """The room that weights pass through while they are prepared."""
    ports: set[int] = field(default_factory=set[int])
    """The tensors whose plain arrays are the executable's."""
    plain: set[str] = field(default_factory=set[str])
    """The layers that run as plain kernels, in both directions."""
    kept: dict[str, tuple[Spot, Spot]] = field(default_factory=dict[str, tuple[Spot, Spot]])
    """Mean and inverse deviation of each normalisation, for its backward step."""
    places: dict[str, Held] = field(default_factory=dict[str, Held])
    """Where each pool found its greatest values."""
    again: dict[int, Callable[[], None]] = field(default_factory=dict[int, Callable[[], None]])
    """How to make a map a second time: cheaper than to keep it from the forward to the backward pass."""

    # --- memory -------------------------------------------------------------------------------------------

    def room(self, name: str, numbers: int, *, kept: bool = False) -> Spot:
        """Memory that is alive from now on."""
        self.rooms.append(Room(name, numbers, kept, self.stage, self.stage))
        return Spot(Space.ROOM, len(self.rooms) - 1)

    def packing_room(self, path: str, name: str, numbers: int, *, filled: bool) -> Spot:
        """Memory for weights in the order of a kernel; zeros at first, unless all of it will be filled.

        In inference it is kept. Training packs before each use, into memory that is used again.
        """
        if not self.training:
            return self.room(f"{path} {name}", numbers, kept=True)
        spot = self.room(f"{path} {name}", numbers)
        if not filled:
            self.run(path, "zeros", Zeros(numbers), spot)
        return spot

    def passing_room(self, path: str, numbers: int, *, filled: bool) -> Spot:
        """The same for weights that only go through on the way to another order: one room for all."""
        if self.training:
            return self.packing_room(path, "packed", numbers, filled=filled)
        if self.passage is None:
            self.passage = len(self.rooms)
            self.rooms.append(Room("weights on their way", 0, False, _BEFORE, _BEFORE))
        room = self.rooms[self.passage]
        self.rooms[self.passage] = replace(room, numbers=max(room.numbers, numbers))
        spot = Spot(Space.ROOM, self.passage)
        if not filled:
            self.pack(path, "zeros", Zeros(numbers), spot)
        return spot

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

    def run_plain(self, step: PlainForward | PlainBackward) -> None:
        """Add a plain call."""
        self.plain.add(step.call.path)
        self.touch(*(plain.spot for plain in step.arrays))
        self.steps.append(step)
        self.stage += 1

    def wait(self) -> None:
        """Let the next step read what all before it wrote."""
        last = self.steps[-1]
        if isinstance(last, KernelStep) and not last.waits:
            self.steps[-1] = replace(last, waits=True)
            self.stage += 1

    def pack(self, path: str, what: str, kernel: Kernel, *spots: Spot) -> None:
        """Add a kernel that packs weights: in inference before everything else, in training here and now."""
        if self.training:
            self.run(path, what, kernel, *spots)
        else:
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

    def turn(self) -> None:
        """The backward pass begins: maps that are easily made again are not kept until then."""
        for buffer in self.again:
            self.maps.pop(buffer, None)

    def sharing(self, spot: Spot) -> set[int]:
        """The tensors that have a form in the same room."""
        held = ((buffer, held.spot) for buffer, held in self.maps.items())
        plain = ((buffer, array.spot) for buffer, array in self.arrays.items())
        return {buffer for buffer, at in (*held, *plain) if (at.space, at.room) == (spot.space, spot.room)}

    def forget(self, buffer: int) -> None:
        """Let a tensor be made anew."""
        self.maps.pop(buffer, None)
        self.arrays.pop(buffer, None)

    def map(self, buffer: int) -> Held:
        """A tensor as a blocked map with the halo it wants, converted if it is only a plain array.

        A vector of whole blocks is the same in both forms, and so are planes without a halo.
        """
        if buffer in self.maps:
            return self._with_halo(buffer)
        if buffer in self.again:
            self.again.pop(buffer)()
            return self.maps[buffer]
        plain = self.arrays[buffer]
        like = self.map_like(buffer, self.wishes.get(buffer, Wish()))
        whole = len(plain.shape) == 2 and plain.shape[1] % self.machine.lanes == 0
        if (whole or like.block == 1) and like.halo == NO_HALO:
            self.maps[buffer] = Held(like, plain.spot)
        else:
            held = self.new_map(buffer)
            self.run(self.plan.buffers[buffer].path, "to blocks", ToBlocks(held.map), plain.spot, held.spot)
        return self.maps[buffer]

    def _with_halo(self, buffer: int) -> Held:
        """A map, copied if its halo is narrower than its readers need."""
        held, wish = self.maps[buffer], self.wishes.get(buffer, Wish())
        if wish.inside or not _narrower(held.map.halo, wish.halo):
            return held
        wide = self.new_map(buffer)
        copy = Pointwise(wide.map, (held.map.place(),))
        run_pointwise(self, self.plan.buffers[buffer].path, "widen", copy, wide, held)
        return wide

    def new_array(self, buffer: int) -> Plain:
        """Room for a tensor as a plain array, or its port."""
        shape = self.shape(buffer)
        if buffer in self.ports:
            spot = Spot(Space.PORT, buffer)
        else:
            spot = self.room(self.plan.buffers[buffer].name, prod(shape))
        self.arrays[buffer] = Plain(spot, shape)
        return self.arrays[buffer]

    def comes(self, *buffers: int | None) -> None:
        """These tensors are given, as plain arrays of the executable."""
        for buffer in buffers:
            if buffer is not None:
                self.ports.add(buffer)
                self.new_array(buffer)

    def goes(self, *buffers: int | None) -> None:
        """These tensors are wanted, as plain arrays of the executable."""
        for buffer in dict.fromkeys(buffers):
            if buffer is None:
                continue
            plain = self.array(buffer)
            port = Spot(Space.PORT, buffer)
            if plain.spot != port:
                path = self.plan.buffers[buffer].path
                self.run(path, "copy out", Copy(prod(plain.shape)), port, plain.spot)

    def array(self, buffer: int) -> Plain:
        """A tensor as a plain array, converted if it is only a map."""
        if buffer not in self.arrays:
            held = self.maps[buffer] if buffer in self.maps else self.map(buffer)
            vector = len(self.shape(buffer)) == 2 and held.map.size == (1, 1, 1)
            if vector and _dense(held.map, self.machine.lanes):
                self.arrays[buffer] = Plain(held.spot, self.shape(buffer))
                return self.arrays[buffer]
            plain = self.new_array(buffer)
            path = self.plan.buffers[buffer].path
            self.run(path, "from blocks", FromBlocks(held.map), plain.spot, held.spot)
        return self.arrays[buffer]

    # --- the end ------------------------------------------------------------------------------------------

    def packed(self) -> tuple[tuple[Room, ...], int, int]:
        """The rooms with their offsets (in bytes; the kept in memory of their own), and the sizes of both."""
        dtype = self.plan.dtype
        shared = [
            Buffer(room.name, "", Role.WORKSPACE, (room.numbers,), dtype, room.first, room.last)
            for room in self.rooms
            if not room.kept
        ]
        placed, arena = pack(shared)
        places = (buffer.offset for buffer in placed)
        result: list[Room] = []
        kept_end = 0
        for room in self.rooms:
            result.append(replace(room, offset=kept_end if room.kept else next(places)))
            kept_end += aligned(room.numbers * self.machine.bytes) if room.kept else 0
        return tuple(result), arena, kept_end


def _narrower(halo: Halo, wanted: Halo) -> bool:
    return any(
        have < want
        for side, other in zip(halo, wanted, strict=True)
        for have, want in zip(side, other, strict=True)
    )


def _dense(map_: BlockedMap, lanes: int) -> bool:
    """Whether a map of one position is the same as a plain array."""
    return map_.halo == NO_HALO and map_.channels % lanes == 0 and map_.room in (0, map_.blocks)


def lent(draft: Draft, want: Wanted) -> Plain:
    """Room for an array of an operation, measured in numbers of the net's type."""
    widths = {None: draft.machine.bytes, "int32": 4, "int64": 8, "uint8": 1, "bool": 1}
    numbers = -(-prod(want.shape) * widths[want.dtype] // draft.machine.bytes)
    return Plain(draft.room(want.name, numbers), want.shape, want.dtype)


def run_pointwise(
    draft: Draft,
    path: str,
    what: str,
    kernel: Pointwise,
    target: Held,
    *operands: Held,
    channelwise: tuple[Spot, ...] = (),
    centres: Spot | None = None,
    gate: Held | None = None,
) -> None:
    """Add an element-by-element kernel. `channelwise` are its factors and shifts, and the second factors."""
    factors, shifts, more = (*channelwise, *(target.spot,) * 3)[:3]
    spots = target.spot, factors, shifts, gate.spot if gate else target.spot, more, centres or target.spot
    draft.run(path, what, kernel, *spots, *(held.spot for held in operands))
