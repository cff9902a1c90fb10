"""Which tensors of few channels keep each channel in a plane of its own (see `fast/kernels/columns.py`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

from cnnspec.backend.fast.kernels.columns import stays_inside
from cnnspec.backend.kernels.operations import AveragePool, Convolution, MaxPool, TransposedConvolution
from cnnspec.backend.plan.model import Plan
from cnnspec.backend.schedule.algorithms import uses_columns
from cnnspec.backend.schedule.draft import Wish
from cnnspec.backend.schedule.fusion import Group
from cnnspec.backend.schedule.layouts import size_of
from cnnspec.backend.schedule.machine import Machine
from cnnspec.backend.schedule.weights import filters_of

_MOST_TAPS = 16
"""A pool's window of so many taps is written out."""


def keep_planes(plan: Plan, groups: Sequence[Group], wishes: dict[int, Wish], machine: Machine) -> None:
    """Wish for planes from an image on, while layers can make them and all their readers can read them."""
    planes = _Planes(groups, machine)
    images = {port.buffer for port in plan.inputs if wishes.get(port.buffer, Wish()).block}
    made: set[int] = set()
    for group in groups:
        source = group.root.inputs[0]
        if source in images | made and planes.makes(group) and planes.readable(group.output):
            made.update((source, group.output))
    for buffer in made:
        wishes[buffer] = replace(wishes.get(buffer, Wish()), block=1)


class _Planes:
    def __init__(self, groups: Sequence[Group], machine: Machine) -> None:
        self._machine = machine
        self._readers: dict[int, list[Group]] = {}
        self._added = {group.addend for group in groups}
        for group in groups:
            for buffer in group.root.inputs:
                self._readers.setdefault(buffer, []).append(group)

    def makes(self, group: Group) -> bool:
        """Whether a layer can write planes, given planes."""
        call = group.root.call
        target = size_of(call.output_shapes[0]) if len(call.output_shapes[0]) == 5 else None
        match call.operation:
            case TransposedConvolution():
                return False
            case Convolution(window=window) if target and group.addend is None:
                return uses_columns(filters_of(call), window, target, self._machine)
            case AveragePool(window=window) | MaxPool(window=window) if target:
                inside = stays_inside(size_of(call.input_shapes[0]), target, window)
                return inside and prod(window.size) <= _MOST_TAPS
            case _:
                return False

    def readable(self, buffer: int) -> bool:
        """Whether all that reads a tensor can read planes: convolutions by direct sums, and such pools."""
        readers = self._readers.get(buffer, [])
        return bool(readers) and buffer not in self._added and all(map(self._reads, readers))

    def _reads(self, group: Group) -> bool:
        operation = group.root.call.operation
        if isinstance(operation, Convolution) and not isinstance(operation, TransposedConvolution):
            return operation.groups == 1
        pool = isinstance(operation, AveragePool | MaxPool)
        return pool and self.makes(group) and self.readable(group.output)
