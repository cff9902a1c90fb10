"""The weights of a plan and where they lie."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from cnnspec.backend.plan.model import ALIGNMENT, WIDTHS, Slot
from cnnspec.backend.plan.sizes import whole, whole_shape
from cnnspec.graph import Graph, Node
from cnnspec.layers.base import WeightKind


def slots_of(graph: Graph, nodes: Iterable[Node], *, training: bool) -> tuple[Slot, ...]:
    """The weights that these layers use, in the order of the graph, without their places."""
    owners = {node.owner for node in nodes}
    return tuple(slot for node in graph if node.path in owners for slot in _of_owner(node, training=training))


def _of_owner(node: Node, *, training: bool) -> Iterator[Slot]:
    for weight in node.weights:
        parameter = weight.kind is WeightKind.PARAMETER
        yield Slot(
            name=f"{node.path}.{weight.name}",
            path=node.path,
            offset=0,
            shape=whole_shape(weight.shape),
            init=weight.init,
            fan_in=whole(weight.fan_in),
            buffer=not parameter,
            trainable=training and parameter and not node.frozen,
            given=node.given if weight.name == "weight" else None,
        )


def place(slots: Iterable[Slot], dtype: str) -> tuple[tuple[Slot, ...], int, int]:
    """The slots with their offsets; the bytes of those that are trained, which come first, and of all."""
    slots = tuple(slots)
    line = ALIGNMENT // WIDTHS[dtype]
    offsets: dict[str, int] = {}
    end = trained_end = 0
    for slot in sorted(slots, key=lambda slot: not slot.trainable):
        offsets[slot.name] = end
        end += -(-slot.elements // line) * line
        trained_end = end if slot.trainable else trained_end
    placed = tuple(replace(slot, offset=offsets[slot.name]) for slot in slots)
    return placed, trained_end * WIDTHS[dtype], end * WIDTHS[dtype]
