"""Receptive fields as the support of a gradient.

The gradient of one unit of a layer, over all its channels, is taken back to the input by the backward pass;
where it is not zero there, the unit sees. So that nothing cancels and no ReLU is shut, all weights are
positive, biases are 0, normalisations of the batch are the identity, and inputs are positive; no layer is
replaced. A maximum passes its gradient on to one element only: inputs that fall or rise along all axes make
it choose the first or the last, random ones any, and the union over the inputs is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from time import perf_counter
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from cnnspec.analysis.facts import Analysis, LayerFacts
from cnnspec.backend import initial
from cnnspec.backend.certificate import Claim, Section, Topic, Verdict, unchecked
from cnnspec.backend.executable import Executable
from cnnspec.backend.plan import make_plan
from cnnspec.backend.plan.model import Port
from cnnspec.backend.plan.sizes import whole_shape
from cnnspec.dims import IndexMap
from cnnspec.graph import Graph, Node, Output
from cnnspec.layers.base import Init
from cnnspec.layers.merging import Atan2
from cnnspec.layers.normalisation import BatchNorm, Normalisation
from cnnspec.layers.scaling import Times
from cnnspec.layers.shaping import Rearrangement
from cnnspec.layers.splitting import Split

Array = NDArray[Any]
Hull = tuple[int, int]
Box = dict[tuple[str, int], Hull]
"""What is seen of every axis of every input."""

_HOW = (
    "the gradient of a unit in the middle of {checked} of the {all} layers that change the field, with "
    "positive weights and inputs, no layer replaced; where a maximum chooses, the union over several inputs"
)
_MOST_LAYERS = 16
_BATCH = 4
_ROUNDS = 8
_GAIN = 0.5
"""The sum of a positive kernel: below 1, so that sums of branches do not saturate what follows."""


def check_fields(analysis: Analysis, seconds: float, seed: int, threads: int | None) -> Section:
    """Compare layers that change what is seen, for as long as there is time."""
    changing = [facts for facts in analysis.layers if _changes_field(facts)]
    chosen = _spread(changing, _MOST_LAYERS)
    probes = [_Probe(facts, analysis.graph) for facts in chosen]
    end = perf_counter() + seconds
    for probe in probes:
        if not probe.hidden:
            _measure(analysis.graph, probe, end, seed, threads)
    how = _HOW.format(checked=len(chosen), all=len(changing))
    return Section(Topic.RECEPTIVE_FIELDS, how, tuple(probe.claim() for probe in probes))


def _spread(layers: list[LayerFacts], most: int) -> list[LayerFacts]:
    """So many of the layers at most, from the first to the last at even distances."""
    count = min(most, len(layers))
    return [layers[index * (len(layers) - 1) // max(1, count - 1)] for index in range(count)]


def _changes_field(facts: LayerFacts) -> bool:
    """Whether a layer makes maps, and reads more than one pixel of one map for each of its own."""
    node = facts.node
    if not node.inputs or len(facts.output) < 2 or not facts.field.axes:
        return False
    maps = (
        node.layer.index_map(node.input_shapes, port, axis)
        for port, shape in enumerate(node.input_shapes)
        for axis in range(min(len(shape), len(facts.output)) - 1)
    )
    return len(node.inputs) > 1 or any(index_map != IndexMap.IDENTITY for index_map in maps)


class _Probe:
    """One layer: what the middle unit should see, and what it was seen to see so far."""

    def __init__(self, facts: LayerFacts, graph: Graph) -> None:
        self.facts = facts
        self.unit = tuple(size // 2 for size in whole_shape(facts.output)[1:])
        self.hidden, self.bound = _obstacles(graph, facts.path)
        self.sizes = {spec.name: whole_shape(spec.tensor.shape)[1:] for spec in graph.inputs}
        self.seen: Box = {}
        self.done = False

    @property
    def expected(self) -> Box:
        """The claim, not cut off at the borders."""
        return {
            (name, axis): field.at(self.unit[axis] if axis < len(self.unit) else 0)
            for name, axes in self.facts.field.by_input.items()
            for axis, field in enumerate(axes)
        }

    def cut_off(self, key: tuple[str, int], hull: Hull) -> Hull:
        """The part of a claim that lies inside the input."""
        name, axis = key
        return max(hull[0], 0), min(hull[1], self.sizes[name][axis] - 1)

    def see(self, key: tuple[str, int], indices: NDArray[np.intp]) -> None:
        """Add indices that the unit was seen to see."""
        if indices.size:
            low, high = self.seen.get(key, (int(indices[0]), int(indices[-1])))
            self.seen[key] = min(low, int(indices[0])), max(high, int(indices[-1]))

    @property
    def verdict(self) -> Verdict:
        """The worst over the axes."""
        verdicts = {self._along(key, hull) for key, hull in self.expected.items()}
        return next(v for v in (Verdict.FAILS, Verdict.UNCHECKED, Verdict.HOLDS) if v in verdicts)

    def _along(self, key: tuple[str, int], hull: Hull) -> Verdict:
        inside, seen = self.cut_off(key, hull), self.seen.get(key)
        if seen == inside:
            return Verdict.HOLDS
        beyond = seen is not None and (seen[0] < inside[0] or seen[1] > inside[1])
        return Verdict.FAILS if beyond or not (self.bound or inside != hull) else Verdict.UNCHECKED

    def claim(self) -> Claim:
        """The outcome."""
        expected = {key: self.cut_off(key, hull) for key, hull in self.expected.items()}
        if self.hidden or not self.done:
            why = self.hidden or "time was up"
            return unchecked(Topic.RECEPTIVE_FIELDS, self.facts.path, _box_text(expected), why)
        verdict = self.verdict
        why = (self.bound or "the field reaches beyond the input") if verdict is Verdict.UNCHECKED else ""
        return Claim(
            Topic.RECEPTIVE_FIELDS, self.facts.path, _box_text(expected), _box_text(self.seen), verdict, why
        )


def _obstacles(graph: Graph, path: str) -> tuple[str, str]:
    """Why the gradient cannot show a layer's field, and why it may show less than the field (else empty)."""
    hidden = bound = ""
    for before in {*_before(graph, path), path}:
        layer = graph.node(before).layer
        if isinstance(layer, Normalisation) and not (isinstance(layer, BatchNorm) and layer.track):
            hidden = f"the statistics of {before} read everything, which the field leaves out"
        elif isinstance(layer, Rearrangement | Split):
            bound = f"the field is an upper bound behind {before}"
        elif isinstance(layer, Times) and layer.factor <= 0:
            bound = f"{before} turns signs, so that some of the gradient may vanish"
        elif isinstance(layer, Atan2):
            bound = f"{before} falls as its second input grows, so that some of the gradient may vanish"
    return hidden, bound


def _box_text(box: Mapping[tuple[str, int], Hull]) -> str:
    """`2…17 × 2…17`, with the inputs' names where there are several."""
    by_input: dict[str, list[str]] = {}
    for (name, _), (low, high) in sorted(box.items()):
        by_input.setdefault(name, []).append(f"{low}…{high}")
    boxes = {name: " × ".join(axes) for name, axes in by_input.items()}
    if len(boxes) == 1:
        return next(iter(boxes.values()))
    return ", ".join(f"{name} {box}" for name, box in boxes.items())


def _measure(graph: Graph, probe: _Probe, end: float, seed: int, threads: int | None) -> None:
    """Look back from a layer through new inputs, until its claim holds or enough were tried."""
    path = probe.facts.path
    plan = make_plan(
        _up_to(graph, probe.facts.node),
        batch=_BATCH,
        training=True,
        dtype="float64",
        input_gradients=True,
        weight_gradients=False,
    )
    executable = Executable(plan, seed=seed, threads=threads)
    random = np.random.default_rng(seed)
    _make_positive(executable, random)
    for number in range(_ROUNDS):
        if perf_counter() > end:
            return
        inputs = {port.name: _positive_input(port, random, with_slopes=number == 0) for port in plan.inputs}
        executable.forward(inputs, training=False)
        gradient = np.zeros_like(executable.outputs[path])
        gradient[(slice(None), slice(None), *probe.unit)] = random.uniform(0.5, 1.5, gradient.shape[:2])
        executable.backward({path: gradient})
        for name, found in executable.input_gradients.items():
            for axis in range(found.ndim - 2):
                others = tuple(other for other in range(found.ndim) if other != axis + 2)
                probe.see((name, axis), np.flatnonzero(np.abs(found).max(axis=others)))
        if probe.verdict is Verdict.HOLDS:
            break
    probe.done = True


def _up_to(graph: Graph, node: Node) -> Graph:
    """The part of a net that a layer depends on, with the layer as its output."""
    needed = {node.path, *(spec.tensor.node for spec in graph.inputs), *_before(graph, node.path)}
    part = Graph(graph.name, inputs=graph.inputs, outputs=[Output(node.path, node.outputs[0])])
    for other in graph:
        if other.path in needed:
            part.add(other)
    return part


def _before(graph: Graph, path: str) -> set[str]:
    return nx.ancestors(graph.nx, path)  # pyright: ignore[reportUnknownMemberType]


def _make_positive(executable: Executable, random: np.random.Generator) -> None:
    """Random positive kernels with a sum of about `_GAIN`; everything else as it starts."""
    with executable.writing() as weights:
        for slot in executable.plan.slots:
            target = weights[slot.name]
            if slot.init in (Init.KAIMING, Init.LECUN):
                target[...] = random.uniform(0.5, 1.5, slot.shape) * (_GAIN / slot.fan_in)
            else:
                initial.fill(target, replace(slot, given=None), executable.seed)


def _positive_input(port: Port, random: np.random.Generator, *, with_slopes: bool) -> Array:
    """Positive samples up to 1, widely different ones; with slopes the first falls and the second rises."""
    samples = np.exp(2 * random.standard_normal((_BATCH, *port.shape)))
    if with_slopes:
        rises = [np.linspace(0, 1, size) for size in port.shape[1:]]
        rising = sum(np.meshgrid(*rises, indexing="ij"), start=np.zeros(port.shape[1:]))
        samples[0], samples[1] = 1 + rising.max() - rising, 1 + rising
    return samples / samples.max(axis=tuple(range(1, samples.ndim)), keepdims=True)
