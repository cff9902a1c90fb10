"""What a net costs beyond its forward pass: training, padding, traffic, and the memory of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from cnnspec.analysis.facts import Analysis, LayerFacts
from cnnspec.analysis.memory import Optimiser, Peak, best_segments, inference_peak, training_peak
from cnnspec.analysis.padding_macs import padding_macs
from cnnspec.analysis.roofline import Device, Roof, bytes_of, intensity, roof, traffic
from cnnspec.analysis.timeline import Policy
from cnnspec.analysis.training_compute import TrainingMacs, training_macs
from cnnspec.dims import Dim, sum_of


@dataclass(frozen=True, slots=True)
class Setting:
    """Under which circumstances: samples at once, bits of a number, optimiser, and perhaps a device."""

    batch: Dim = 1
    bits: int = 32
    optimiser: Optimiser = Optimiser.MOMENTUM
    device: Device | None = None


@dataclass(frozen=True, slots=True)
class LayerCosts:
    """One layer. MACs are of one sample, `moved` bytes of a whole batch at inference.

    `on_padding` is None where the count is not known; `training` where the layer takes no part in it.
    """

    facts: LayerFacts
    on_padding: Dim | None
    training: TrainingMacs
    moved: Dim
    intensity: Fraction | None
    roof: Roof | None


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of a run: weights and activations at inference, everything in a training step.

    `segments` is into how many parts recomputation cuts the net.
    """

    weights: Dim
    inference: Peak
    inference_in_place: Peak
    training: Peak
    training_in_place: Peak
    recomputed: Peak
    segments: int


@dataclass(frozen=True, slots=True)
class Costs:
    """All costs of a net under a setting."""

    analysis: Analysis
    setting: Setting
    layers: tuple[LayerCosts, ...]
    memory: Memory

    @property
    def training(self) -> TrainingMacs:
        """Multiply-accumulates of one sample in a training step."""
        return TrainingMacs(
            sum_of(layer.training.forward for layer in self.layers),
            sum_of(layer.training.data for layer in self.layers),
            sum_of(layer.training.weights for layer in self.layers),
        )

    @property
    def on_padding(self) -> Dim | None:
        """Multiply-accumulates of inference that fall on padding; None where one is not known."""
        counts = [layer.on_padding for layer in self.layers if layer.facts.at_inference]
        known = [count for count in counts if count is not None]
        return sum_of(known) if len(known) == len(counts) else None

    @property
    def moved(self) -> Dim:
        """Bytes that the layers of inference read and write."""
        return sum_of(layer.moved for layer in self.layers if layer.facts.at_inference)

    @property
    def seconds(self) -> Fraction | None:
        """The least time of inference: the layers one after the other."""
        roofs = [layer.roof for layer in self.layers if layer.facts.at_inference]
        known = [found.seconds for found in roofs if found is not None]
        return sum(known, Fraction(0)) if len(known) == len(roofs) else None


def costs(analysis: Analysis, setting: Setting) -> Costs:
    """Measure every layer of a net under a setting; its inputs are no layers."""
    trained = training_macs(analysis)
    layers = tuple(
        _layer(facts, trained.get(facts.path, TrainingMacs()), setting, analysis.graph.at_least)
        for facts in analysis.layers
        if facts.node.inputs
    )
    return Costs(analysis, setting, layers, _memory(analysis, setting))


def _layer(
    facts: LayerFacts, trained: TrainingMacs, setting: Setting, at_least: Mapping[str, int]
) -> LayerCosts:
    moved = traffic(facts, setting.batch, setting.bits)
    work = facts.flops.total * setting.batch
    return LayerCosts(
        facts,
        padding_macs(facts, at_least),
        trained,
        moved,
        intensity(work, moved),
        roof(work, moved, setting.device) if setting.device else None,
    )


def _memory(analysis: Analysis, setting: Setting) -> Memory:
    graph, batch, width = analysis.graph, setting.batch, setting.bits // 8
    frugal = Policy(in_place=True)
    segments = best_segments(graph, batch, width, in_place=True)
    again = Policy(in_place=True, segments=segments)
    sums = analysis.totals
    weights = sums.params_inference + sums.buffers_inference
    return Memory(
        bytes_of(weights, setting.bits),
        inference_peak(graph, batch, width),
        inference_peak(graph, batch, width, frugal),
        training_peak(graph, batch, width, optimiser=setting.optimiser),
        training_peak(graph, batch, width, frugal, setting.optimiser),
        training_peak(graph, batch, width, again, setting.optimiser),
        segments,
    )
