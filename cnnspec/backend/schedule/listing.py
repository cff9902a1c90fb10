"""What a schedule does, layer by layer, for people and programs to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from cnnspec.backend.fast.kernels.taps import TapConvolution
from cnnspec.backend.fast.kernels.weight_gradient import WeightGradient
from cnnspec.backend.schedule.machine import Machine
from cnnspec.backend.schedule.model import KernelStep, Schedule, Space, Step


@dataclass(frozen=True, slots=True)
class Entry:
    """Some steps of one layer that do the same. `packed_bytes` are the weights that they read."""

    when: str
    path: str
    algorithm: str
    steps: int
    tile: str
    fused: str
    packed_bytes: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """A buffer: its bytes, where they begin, and during which stages it is alive; packed weights always."""

    name: str
    memory: str
    bytes: int
    offset: int
    first: int | None
    last: int | None


def stretches(schedule: Schedule, machine: Machine) -> list[Stretch]:
    """All buffers of the arena, in the order in which they come to be, and the packed weights."""
    return [
        Stretch(
            room.name,
            "packed" if room.kept else "arena",
            room.numbers * machine.bytes,
            room.offset,
            None if room.kept else room.first,
            None if room.kept else room.last,
        )
        for room in schedule.rooms
    ]


def fullest(schedule: Schedule) -> str:
    """The layer that runs when most of the arena is in use."""
    paths = [path_of(step) for step in (*schedule.forward, *schedule.backward) if _ends_a_stage(step)]
    alive = [0] * (len(paths) + 2)
    for room in schedule.rooms:
        if not room.kept and room.first >= 0:
            alive[room.first] += room.numbers
            alive[room.last + 1] -= room.numbers
    sizes = list(accumulate(alive))[: len(paths)]
    return paths[sizes.index(max(sizes))] if sizes else ""


def _ends_a_stage(step: Step) -> bool:
    return step.waits if isinstance(step, KernelStep) else True


def entries(schedule: Schedule, machine: Machine) -> list[Entry]:
    """All steps, those together that follow each other for one layer and one purpose."""
    found: list[Entry] = []
    passes = ("prepare", schedule.prepare), ("forward", schedule.forward), ("backward", schedule.backward)
    for when, steps in passes:
        found.extend(_entry(schedule, machine, when, group) for group in _together(steps))
    return found


def _together(steps: Sequence[Step]) -> Iterator[list[Step]]:
    group: list[Step] = []
    for step in steps:
        if group and (path_of(step), purpose_of(step)) != (path_of(group[0]), purpose_of(group[0])):
            yield group
            group = []
        group.append(step)
    if group:
        yield group


def path_of(step: Step) -> str:
    """The layer of a step."""
    return step.path if isinstance(step, KernelStep) else step.call.path


def purpose_of(step: Step) -> str:
    """What a step does for its layer."""
    return step.what if isinstance(step, KernelStep) else "plain"


def _entry(schedule: Schedule, machine: Machine, when: str, group: list[Step]) -> Entry:
    first = group[0]
    kernel = first.kernel if isinstance(first, KernelStep) else None
    rooms = {
        spot.room
        for step in group
        if isinstance(step, KernelStep)
        for spot in step.spots
        if spot.space is Space.ROOM
    }
    kept = sum(schedule.rooms[room].numbers for room in rooms if schedule.rooms[room].kept)
    return Entry(
        when,
        path_of(first),
        purpose_of(first),
        len(group),
        tile=_tile(kernel),
        fused=_fused(kernel),
        packed_bytes=kept * machine.bytes,
    )


def _tile(kernel: object) -> str:
    """The register tile."""
    if isinstance(kernel, TapConvolution):
        return f"{kernel.pixels} × {kernel.vectors}"
    if isinstance(kernel, WeightGradient):
        return f"{kernel.accumulators // kernel.vectors} × {kernel.vectors}"
    return ""


def _fused(kernel: object) -> str:
    """What else the kernel does to a result before it is stored."""
    if not isinstance(kernel, TapConvolution):
        return ""
    epilogue = kernel.epilogue
    names = (
        "bias" if epilogue.bias else "",
        "sum" if epilogue.addend else "",
        epilogue.activation.name if epilogue.activation else "",
        f"slope of {epilogue.gate_activation.name}" if epilogue.gate_activation else "",
    )
    return " + ".join(name for name in names if name)
