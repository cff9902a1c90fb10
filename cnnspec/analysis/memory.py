"""Peak memory: the most bytes that are alive at once, and the layer that sets it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import isqrt

from cnnspec.analysis.differentiation import is_trained
from cnnspec.analysis.legal_sizes import legal_sizes
from cnnspec.analysis.lifetimes import inference_timeline, timeline_of_training, training_timeline
from cnnspec.analysis.needs import Needs
from cnnspec.analysis.timeline import AS_PLANNED, Policy, Role, Timeline, Width
from cnnspec.dims import (
    Dim,
    Relation,
    SizeLimitError,
    decide,
    evaluate,
    maximum,
    product,
    sum_of,
    symbols_of,
)
from cnnspec.dims.dominance import undominated
from cnnspec.dims.extremes import apart
from cnnspec.dims.solutions import PeriodLimitError, SizeSet
from cnnspec.graph import Graph
from cnnspec.layers.base import WeightKind

TYPICAL = 64
"""The value at which a symbol without default is tried, to find out which step is the fullest."""

MOST_RIVALS = 40
"""How many layers a greatest-of is written over."""


class Optimiser(StrEnum):
    """What an optimiser remembers of every trained parameter."""

    SGD = "sgd"
    MOMENTUM = "momentum"
    ADAM = "adam"

    @property
    def states(self) -> int:
        """Numbers a parameter: a momentum; Adam's two moments."""
        return {Optimiser.SGD: 0, Optimiser.MOMENTUM: 1, Optimiser.ADAM: 2}[self]


@dataclass(frozen=True, slots=True)
class Peak:
    """The most bytes alive at once, the layer during which they are, and what they are.

    Of a net with free symbols these are of the layer that sets the peak at the symbols' defaults; at other
    sizes another layer may (`greatest` has all that might).
    """

    bytes: Dim
    path: str
    parts: Mapping[str, Dim] = field(default_factory=dict[str, Dim], compare=False)


def inference_peak(graph: Graph, batch: Dim, width: int, policy: Policy = AS_PLANNED) -> Peak:
    """The peak of the activations of inference (weights not included)."""
    return _peak(graph, inference_timeline(graph, Width(batch, width), policy), {})


def training_peak(
    graph: Graph,
    batch: Dim,
    width: int,
    policy: Policy = AS_PLANNED,
    optimiser: Optimiser = Optimiser.MOMENTUM,
) -> Peak:
    """The peak of a training step: what is alive, weights, their gradients and the optimiser's memory."""
    timeline = training_timeline(graph, Width(batch, width), policy)
    return _peak(graph, timeline, standing(graph, width, optimiser))


def greatest_inference(graph: Graph, batch: Dim, width: int) -> Dim:
    """The bytes of the peak at inference whatever the symbols; SizeLimitError where that is too long."""
    return _greatest(graph, inference_timeline(graph, Width(batch, width)), {})


def greatest_training(graph: Graph, batch: Dim, width: int, optimiser: Optimiser = Optimiser.MOMENTUM) -> Dim:
    """The same of a training step."""
    always = standing(graph, width, optimiser)
    return _greatest(graph, training_timeline(graph, Width(batch, width)), always)


def standing(graph: Graph, width: int, optimiser: Optimiser) -> dict[str, Dim]:
    """The bytes that a training step holds from beginning to end."""
    all_weights = [
        (node, weight, product(weight.shape))
        for node in graph
        if node.owns_weights
        for weight in node.weights
    ]
    everything = sum_of(size for _, _, size in all_weights) * width
    trained = sum_of(
        size for node, weight, size in all_weights if is_trained(node) and weight.kind is WeightKind.PARAMETER
    )
    parts = {
        "weights": everything,
        "gradients of weights": trained * width,
        "optimiser": trained * width * optimiser.states,
    }
    return {name: size for name, size in parts.items() if size != 0}


def best_segments(graph: Graph, batch: Dim, width: int, *, in_place: bool = False) -> int:
    """In how many parts recomputation needs the least memory; about the root of the layers is enough."""
    needs = Needs(graph, Width(batch, width), _typical(graph, batch))
    layers = sum(1 for node in graph if node.inputs)

    def peak(segments: int) -> int:
        timeline = timeline_of_training(needs, Policy(in_place, segments))
        return max(_evaluated(timeline, {}), default=0)

    return min(range(1, 2 * isqrt(layers) + 2), key=peak)


def _peak(graph: Graph, timeline: Timeline, always: Mapping[str, Dim]) -> Peak:
    if not timeline.paths:
        return Peak(sum_of(always.values()), "", always)
    time = _fullest(graph, timeline)
    parts = {**{role.value: _alive(timeline, time, role) for role in Role}, **always}
    parts = {name: size for name, size in parts.items() if size != 0}
    return Peak(sum_of(parts.values()), timeline.paths[time], parts)


def _fullest(graph: Graph, timeline: Timeline) -> int:
    """The first of the fullest times at typical sizes."""
    numbers = _evaluated(timeline, _typical(graph, sum_of(entry.bytes for entry in timeline.held)))
    return numbers.index(max(numbers))


def _alive(timeline: Timeline, time: int, role: Role) -> Dim:
    return sum_of(
        entry.bytes for entry in timeline.held if entry.role is role and entry.first <= time <= entry.last
    )


def _evaluated(timeline: Timeline, sizes: Mapping[str, int]) -> list[int]:
    """The bytes alive at each time where symbols have these values, by differences."""
    change = [0] * (len(timeline.paths) + 1)
    for entry in timeline.held:
        size = evaluate(entry.bytes, sizes)
        change[entry.first] += size
        change[min(entry.last + 1, len(timeline.paths))] -= size
    result: list[int] = []
    for difference in change[:-1]:
        result.append(difference + (result[-1] if result else 0))
    return result


def _typical(graph: Graph, size: Dim) -> dict[str, int]:
    """A value for every symbol: its default where it has one."""
    values = {name: default or TYPICAL for name, default in graph.symbols.items()}
    return dict.fromkeys(symbols_of(size), TYPICAL) | values


def _greatest(graph: Graph, timeline: Timeline, always: Mapping[str, Dim]) -> Dim:
    """The greatest of all steps, without those that at legal sizes never hold more than another one."""
    if not timeline.paths:
        return sum_of(always.values())
    sizes = set(_at_each(timeline))
    rivals = undominated(sizes, _allowed(graph)) or _beside_the_fullest(graph, timeline, sizes)
    too_many = f"{len(rivals)} layers may set the peak of memory, each at some sizes"
    if len(rivals) > MOST_RIVALS:
        raise SizeLimitError(too_many)
    try:
        shared, rest = apart(rivals)
        return shared + maximum(*rest) + sum_of(always.values())
    except SizeLimitError as problem:
        raise SizeLimitError(too_many) from problem


def _allowed(graph: Graph) -> Mapping[str, SizeSet]:
    """The legal sizes of each symbol; nothing where they repeat only after very many."""
    try:
        return legal_sizes(graph).by_symbol
    except PeriodLimitError:
        return {}


def _beside_the_fullest(graph: Graph, timeline: Timeline, sizes: Iterable[Dim]) -> list[Dim]:
    """The fullest step at typical sizes, and those that are not known to hold less at all sizes."""
    time = _fullest(graph, timeline)
    best = sum_of(entry.bytes for entry in timeline.held if entry.first <= time <= entry.last)
    return [best, *(size for size in sizes if not decide(best, Relation.AT_LEAST, size, graph.at_least))]


def _at_each(timeline: Timeline) -> Iterator[Dim]:
    """The bytes alive at each time at which something has just begun to be: the others are no fuller."""
    starts: dict[int, list[Dim]] = {}
    ends: dict[int, list[Dim]] = {}
    for entry in timeline.held:
        starts.setdefault(entry.first, []).append(entry.bytes)
        ends.setdefault(entry.last + 1, []).append(entry.bytes)
    now: Dim = 0
    for time in range(len(timeline.paths)):
        now = now + sum_of(starts.get(time, ())) - sum_of(ends.get(time, ()))
        if time in starts:
            yield now
