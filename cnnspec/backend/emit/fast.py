"""The program of fast kernels: a table of kernels and addresses that every thread walks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from cnnspec.backend.emit.literals import Called, Name, comment, inert, statement
from cnnspec.backend.emit.parts import PASS_INDENT, Passes, Source, StepComments, buffer_name
from cnnspec.backend.fast.kernel import Kernel
from cnnspec.backend.plan.model import Plan, Role, Slot
from cnnspec.backend.schedule.listing import Entry, entries
from cnnspec.backend.schedule.machine import Machine
from cnnspec.backend.schedule.model import (
    KernelStep,
    Plain,
    PlainBackward,
    PlainForward,
    Schedule,
    Space,
    Spot,
    Step,
)

_ARRAYS = "cnnspec.backend.kernels.arrays"
_SUPPORT = "cnnspec.backend.emit.fast_support"
_USERS = 4


def fast_passes(source: Source, schedule: Schedule, machine: Machine) -> Passes:
    """The passes of a schedule."""
    writer = _Writer(source, schedule)
    memory = list(writer.memory())
    found = entries(schedule, machine)
    passes = {"prepare": schedule.prepare, "forward": schedule.forward, "backward": schedule.backward}
    bodies = {
        name: list(writer.body(steps, [entry for entry in found if entry.when == name]))
        for name, steps in passes.items()
    }
    return Passes(memory, writer.kernel_lines(), bodies, writer.port)


class _Writer:
    def __init__(self, source: Source, schedule: Schedule) -> None:
        self.source = source
        self.plan = source.plan
        self.schedule = schedule
        self.ports: dict[int, str] = {
            spot.room: source.names.constant(f"{buffer_name(self.plan.buffers[spot.room])} port")
            for spot in sorted(_ports(schedule), key=lambda spot: spot.room)
        }
        self.rooms = [source.names.constant(name) for name in _room_names(self.plan, schedule)]
        self.kernels: dict[Kernel, str] = {}
        self.users: dict[Kernel, list[str]] = {}
        self.slots = sorted(self.plan.slots, key=lambda slot: slot.offset)

    # --- memory -------------------------------------------------------------------------------------------

    def memory(self) -> Iterator[str]:
        """The arrays of inputs and outputs, an arena for what is passed on, one for packed weights."""
        allocate = self.source.used("cnnspec.backend.emit.support", "allocate")
        yield f"ARENA = {allocate}({self.schedule.arena})"
        yield f"PACKED = {allocate}({self.schedule.packed})"
        for buffer, name in self.ports.items():
            shape = self.plan.buffers[buffer].shape
            size = self.plan.buffers[buffer].bytes
            memory = Called("np.ndarray", (shape, Name("DTYPE"), Called(allocate, (size,))))
            yield from statement(memory, self.source.imports, f"{name} = ")
        for name, room in zip(self.rooms, self.schedule.rooms, strict=True):
            area = Name("PACKED" if room.kept else "ARENA")
            note = "" if room.kept else f"stages {room.first} to {room.last}"
            memory = Called("np.ndarray", ((room.numbers,), Name("DTYPE"), area, room.offset))
            yield from statement(memory, self.source.imports, f"{name} = ", note=note)

    def port(self, buffer: int) -> Name:
        """The array of a tensor that comes or goes."""
        return Name(self.ports[buffer])

    def place(self, spot: Spot) -> object:
        """What `row` is given for a spot."""
        if spot.space is Space.NUMBER:
            return spot.offset
        name, moved = self.found(spot)
        return (Name(name), moved) if moved else Name(name)

    def found(self, spot: Spot) -> tuple[str, int]:
        """The constant that a spot lies in, and how many numbers after its beginning."""
        match spot.space:
            case Space.ROOM:
                return self.rooms[spot.room], spot.offset
            case Space.PORT:
                return self.ports[spot.room], spot.offset
            case Space.GRADIENTS:
                slot = self._slot(spot.offset)
                return self.source.gradients[slot.name], spot.offset - slot.offset
            case _:
                slot = self._slot(spot.offset)
                return self.source.weights[slot.name], spot.offset - slot.offset

    def _slot(self, offset: int) -> Slot:
        return self.slots[bisect_right(self.slots, offset, key=lambda slot: slot.offset) - 1]

    def array(self, plain: Plain) -> object:
        """A plain array."""
        name, moved = self.found(plain.spot)
        if plain.spot.space is Space.PORT and plain.dtype is None:
            return Name(name)
        more: dict[str, object] = {"moved": moved} if moved else {}
        more |= {"dtype": plain.dtype} if plain.dtype else {}
        view = self.source.used("cnnspec.backend.emit.support", "view")
        return Called(view, (Name(name), plain.shape), more)

    def arrays(self, plain: Sequence[Plain]) -> tuple[object, ...]:
        """Several of them."""
        return tuple(map(self.array, plain))

    def perhaps(self, plain: Sequence[Plain | None]) -> tuple[object, ...]:
        """Several of them, where some are not wanted."""
        return tuple(None if array is None else self.array(array) for array in plain)

    # --- steps --------------------------------------------------------------------------------------------

    def body(self, steps: Sequence[Step], found: Sequence[Entry]) -> Iterator[str]:
        """The steps of a pass, those of one layer and purpose under one comment."""
        rest, comments = iter(steps), StepComments(self.plan)
        for entry in found:
            yield from comments.above(entry.path, _how(entry))
            for _ in range(entry.steps):
                yield from statement(self.step(next(rest)), self.source.imports, "yield ", PASS_INDENT)

    def step(self, step: Step) -> Called:
        """A row of the table, or a plain call between two stretches of it."""
        match step:
            case KernelStep():
                return self._row(step)
            case PlainForward():
                return self._bound("bind_forward", "Forward", step, self._forward_arrays(step))
            case PlainBackward():
                return self._bound("bind_backward", "Backward", step, self._backward_arrays(step))

    def _row(self, step: KernelStep) -> Called:
        name = self.kernels.get(step.kernel)
        if name is None:
            name = self.kernels[step.kernel] = self.source.names.constant(_words(type(step.kernel).__name__))
        self.users.setdefault(step.kernel, []).append(inert(step.path))
        places = [self.place(spot) for spot in step.spots]
        while len(places) > 1 and places[-1] == places[0]:
            places.pop()  # what a kernel has no use for is the first again, which `row` sees to
        waits: dict[str, object] = {} if step.waits else {"waits": False}
        return Called(self.source.used(_SUPPORT, "row"), (Name(name), *places), waits)

    def _bound(
        self, bind: str, kind: str, step: PlainForward | PlainBackward, arrays: dict[str, object]
    ) -> Called:
        registry = self.source.used("cnnspec.backend.kernels", "registry")
        given = Called(self.source.used(_ARRAYS, kind), (), arrays)
        return Called(f"{registry}.{bind}", (step.call.operation, given))

    def _forward_arrays(self, step: PlainForward) -> dict[str, object]:
        return {
            "inputs": self.arrays(step.inputs),
            "outputs": self.arrays(step.outputs),
            "weights": self.arrays(step.weights),
            "saved": self.arrays(step.saved),
            "workspace": self.arrays(step.workspace),
        }

    def _backward_arrays(self, step: PlainBackward) -> dict[str, object]:
        return {
            "inputs": self.arrays(step.inputs),
            "outputs": self.arrays(step.outputs),
            "output_gradients": self.arrays(step.output_gradients),
            "input_gradients": self.perhaps(step.input_gradients),
            "weight_gradients": self.perhaps(step.weight_gradients),
            "weights": self.arrays(step.weights),
            "saved": self.arrays(step.saved),
            "workspace": self.arrays(step.workspace),
            "input_shapes": step.input_shapes,
        }

    def kernel_lines(self) -> list[str]:
        """A constant for every kernel: layers of one shape class share it."""
        lines: list[str] = []
        for kernel, name in self.kernels.items():
            users = list(dict.fromkeys(self.users[kernel]))
            more = f" and {len(users) - _USERS} more" if len(users) > _USERS else ""
            lines += comment(f"for {', '.join(users[:_USERS])}{more}")
            lines += statement(kernel, self.source.imports, f"{name} = ")
        return lines


def _room_names(plan: Plan, schedule: Schedule) -> list[str]:
    """Names of the rooms; those of tensors that are made in the backward pass hold gradients."""
    forward = sum(not isinstance(step, KernelStep) or step.waits for step in schedule.forward)
    gradients = {buffer.name for buffer in plan.buffers if buffer.role is Role.GRADIENT}
    return [
        f"{room.name} gradient" if room.first >= forward and room.name in gradients else room.name
        for room in schedule.rooms
    ]


def _ports(schedule: Schedule) -> set[Spot]:
    """Where tensors come and go."""
    found: set[Spot] = set()
    for step in (*schedule.forward, *schedule.backward):
        spots = step.spots if isinstance(step, KernelStep) else [plain.spot for plain in step.arrays]
        found |= {Spot(Space.PORT, spot.room) for spot in spots if spot.space is Space.PORT}
    return found


def _how(entry: Entry) -> str:
    """`direct, tile 28 × 1, fused bias + tanh`."""
    tile = f"tile {entry.tile}" if entry.tile else ""
    fused = f"fused {entry.fused}" if entry.fused else ""
    return ", ".join(word for word in (entry.algorithm, tile, fused) if word)


def _words(name: str) -> str:
    """`TapConvolution` as `Tap_Convolution`."""
    return "".join(f"_{letter}" if letter.isupper() and at else letter for at, letter in enumerate(name))
