"""What a contract can ask for: numbers of a net, a block or a tensor, by the words of the language.

A measure is one row of one of the tables below: how it is computed, and under which circumstances it can be
asked for (`takes`). docs/language.md lists the words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from cnnspec.analysis.circumstances import DEVICE
from cnnspec.analysis.costs import Setting
from cnnspec.analysis.depth import longest_path
from cnnspec.analysis.facts import Analysis, LayerFacts, total
from cnnspec.analysis.memory import (
    Peak,
    greatest_inference,
    greatest_training,
    inference_peak,
    training_peak,
)
from cnnspec.analysis.padding_macs import padding_macs
from cnnspec.analysis.roofline import bytes_of, roof, traffic
from cnnspec.analysis.training_compute import TrainingMacs, training_macs
from cnnspec.dims import Dim, product
from cnnspec.graph import InputLayer, Node, Tensor
from cnnspec.language.arithmetic import simplest
from cnnspec.language.attributes import SIZES
from cnnspec.language.values import UNKNOWN, Axes, Value
from cnnspec.layers import LAYERS
from cnnspec.layers.convolution import Conv
from cnnspec.layers.transposed import ConvTranspose

Share = Callable[[LayerFacts], Dim | None]
"""What one layer adds to a sum; None where that is not known."""

Layers = Iterable[LayerFacts]

AS_USUAL = Setting()
"""One sample in float32, trained with momentum."""


# --- sums over layers ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum over the layers of a net, a block or a label. `shares` prepares a net once for all its layers."""

    shares: Callable[[Analysis, Setting], Share]
    takes: tuple[str, ...] = ()

    def over(self, layers: Layers, analysis: Analysis, under: Setting = AS_USUAL) -> Dim | None:
        """The sum; None where a share is not known."""
        share = self.shares(analysis, under)
        shares = [share(facts) for facts in layers]
        known = [one for one in shares if one is not None]
        return total(known) if len(known) == len(shares) else None


def _each(share: Share) -> Sum:
    """What a layer adds whatever the net around it."""
    return Sum(lambda analysis, under: share)


def _at_inference(share: Share) -> Sum:
    return _each(lambda facts: share(facts) if facts.at_inference else 0)


def _in_training(share: Share) -> Sum:
    return _each(lambda facts: share(facts) if facts.training_only else 0)


def _trained(part: Callable[[TrainingMacs], Dim]) -> Sum:
    """A part of what a training step computes."""

    def shares(analysis: Analysis, under: Setting) -> Share:
        del under
        found = training_macs(analysis)
        return lambda facts: part(found.get(facts.path, TrainingMacs()))

    return Sum(shares)


def _on_padding(analysis: Analysis, under: Setting) -> Share:
    del under
    return lambda facts: padding_macs(facts, analysis.graph.at_least) if facts.at_inference else 0


def _weight_bytes(analysis: Analysis, under: Setting) -> Share:
    del analysis
    return lambda facts: bytes_of(facts.params + facts.buffers, under.bits)


def _activation_bytes(analysis: Analysis, under: Setting) -> Share:
    del analysis
    return lambda facts: bytes_of(facts.elements * under.batch, under.bits) if facts.at_inference else 0


def _traffic(analysis: Analysis, under: Setting) -> Share:
    del analysis
    return lambda facts: (
        traffic(facts, under.batch, under.bits) if facts.node.inputs and facts.at_inference else 0
    )


def _connections(facts: LayerFacts) -> Dim:
    """Of a convolution, the weights of the fully connected layer between the same tensors."""
    if not isinstance(facts.node.layer, Conv | ConvTranspose):
        return 0
    return product(facts.node.input_shapes[0]) * facts.elements


SUMS: Mapping[str, Sum] = {
    "params": _each(lambda facts: facts.params),
    "params.trainable": _each(lambda facts: facts.trainable),
    "params.frozen": _each(lambda facts: facts.params - facts.trainable),
    "params.inference": _at_inference(lambda facts: facts.params),
    "params_training_only": _in_training(lambda facts: facts.params),
    "buffers": _each(lambda facts: facts.buffers),
    "buffers_training_only": _in_training(lambda facts: facts.buffers),
    "macs": _at_inference(lambda facts: facts.macs),
    "macs_training_only": _in_training(lambda facts: facts.macs),
    "macs.padding": Sum(_on_padding),
    "macs.train": _trained(lambda macs: macs.total),
    "macs.train.forward": _trained(lambda macs: macs.forward),
    "macs.train.data": _trained(lambda macs: macs.data),
    "macs.train.weights": _trained(lambda macs: macs.weights),
    "flops": _at_inference(lambda facts: facts.flops.total),
    "flops.multiply_add": _at_inference(lambda facts: facts.flops.multiply_add),
    "flops.bias": _at_inference(lambda facts: facts.flops.bias),
    "flops.normalisation": _at_inference(lambda facts: facts.flops.normalisation),
    "flops.activation": _at_inference(lambda facts: facts.flops.activation),
    "flops.elementwise": _at_inference(lambda facts: facts.flops.elementwise),
    "flops_training_only": _in_training(lambda facts: facts.flops.total),
    "flops.train": _trained(lambda macs: macs.flops),
    "weights.bytes": Sum(_weight_bytes, takes=("bits",)),
    "activations.bytes": Sum(_activation_bytes, takes=("batch", "bits")),
    "traffic.bytes": Sum(_traffic, takes=("batch", "bits")),
    "connections": _each(_connections),
    "layers": _each(lambda facts: 0 if isinstance(facts.node.layer, InputLayer) else 1),
}
"""Of one sample, where no batch is given; all but parameters, buffers and training of inference."""


def _layers_of(word: str) -> Sum:
    return _each(lambda facts: int(facts.node.word == word))


LAYER_COUNTS: Mapping[str, Sum] = {f"layers.{word}": _layers_of(word) for word in LAYERS}
"""How many layers there are of one kind."""

ALL_SUMS: Mapping[str, Sum] = {**SUMS, **LAYER_COUNTS}


# --- of several layers together -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Together:
    """A number of the layers of a net or block that is no sum; None where it is not known.

    What leads to it is a `path` of layers, or the layers whose `shares` of something (`sum_of`) are largest.
    """

    measure: Callable[[Layers, Setting], Value | None]
    takes: tuple[str, ...] = ()
    path: Callable[[Layers], list[Node]] | None = None
    shares: Callable[[Analysis, Setting], Callable[[LayerFacts], Dim | Fraction | None]] | None = None
    sum_of: str = ""


def _longest(layers: Layers) -> list[Node]:
    return longest_path(facts.node for facts in layers if facts.at_inference)


def _running(layers: Layers) -> list[LayerFacts]:
    return [facts for facts in layers if facts.node.inputs and facts.at_inference]


def _intensity(layers: Layers, under: Setting) -> Value | None:
    running = _running(layers)
    work = total(facts.flops.total * under.batch for facts in running)
    moved = total(traffic(facts, under.batch, under.bits) for facts in running)
    if not isinstance(work, int) or not isinstance(moved, int) or not moved:
        return None
    return simplest(Fraction(work, moved))


def _seconds(layers: Layers, under: Setting) -> Value | None:
    times = [_time(facts, under) for facts in _running(layers)]
    known = [time for time in times if time is not None]
    return simplest(sum(known, Fraction(0))) if len(known) == len(times) else None


def _times(analysis: Analysis, under: Setting) -> Callable[[LayerFacts], Fraction | None]:
    del analysis
    return lambda facts: _time(facts, under) if facts.node.inputs and facts.at_inference else Fraction(0)


def _time(facts: LayerFacts, under: Setting) -> Fraction | None:
    """The least time of a layer for a batch on the device."""
    if under.device is None:
        return None
    moved = traffic(facts, under.batch, under.bits)
    found = roof(facts.flops.total * under.batch, moved, under.device)
    return found.seconds if found else None


TOGETHER: Mapping[str, Together] = {
    "depth": Together(lambda layers, under: len(_longest(layers)), path=_longest),
    "intensity": Together(_intensity, takes=("batch", "bits"), shares=_traffic, sum_of="traffic.bytes"),
    "seconds": Together(_seconds, takes=("batch", "bits", *DEVICE), shares=_times, sum_of="seconds"),
}


# --- of a whole net -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OfNet:
    """Bytes that a whole net needs at once, and the peak that sets them at the symbols' defaults."""

    measure: Callable[[Analysis, Setting], Dim]
    peak: Callable[[Analysis, Setting], Peak]
    takes: tuple[str, ...] = ("batch", "bits")


def _inference_weights(analysis: Analysis, under: Setting) -> Dim:
    sums = analysis.totals
    return bytes_of(sums.params_inference + sums.buffers_inference, under.bits)


def _inference_memory(analysis: Analysis, under: Setting) -> Dim:
    return _inference_weights(analysis, under) + _activation_peak(analysis, under)


def _activation_peak(analysis: Analysis, under: Setting) -> Dim:
    return greatest_inference(analysis.graph, under.batch, under.bits // 8)


def _training_memory(analysis: Analysis, under: Setting) -> Dim:
    return greatest_training(analysis.graph, under.batch, under.bits // 8, under.optimiser)


def _at_inference_peak(analysis: Analysis, under: Setting) -> Peak:
    return inference_peak(analysis.graph, under.batch, under.bits // 8)


def _with_weights(analysis: Analysis, under: Setting) -> Peak:
    peak, weights = _at_inference_peak(analysis, under), _inference_weights(analysis, under)
    return Peak(peak.bytes + weights, peak.path, {**peak.parts, "weights": weights})


def _at_training_peak(analysis: Analysis, under: Setting) -> Peak:
    return training_peak(analysis.graph, under.batch, under.bits // 8, optimiser=under.optimiser)


MEMORY: Mapping[str, OfNet] = {
    "memory.infer": OfNet(_inference_memory, _with_weights),
    "memory.train": OfNet(_training_memory, _at_training_peak, takes=("batch", "bits", "optimizer")),
    "activations.peak": OfNet(_activation_peak, _at_inference_peak),
}
"""Weights and the fullest moment of activations; in training gradients and the optimiser's memory, too."""


# --- of a tensor --------------------------------------------------------------------------------------------

OfTensor = Callable[[Analysis, Tensor], Value]


def field_size(analysis: Analysis, tensor: Tensor) -> Value:
    """The receptive field of a tensor; unknown where it depends on symbols in a way that has no formula."""
    axes = analysis.field_of(tensor).axes
    return Axes(axis.size if axis.is_decided else UNKNOWN for axis in axes)


def field_smallest(analysis: Analysis, tensor: Tensor) -> Value:
    """The receptive field through the branch that sees least."""
    axes = analysis.field_of(tensor).axes
    return Axes(axis.smallest if axis.is_decided else UNKNOWN for axis in axes)


def field_start(analysis: Analysis, tensor: Tensor) -> Value:
    """The first index that unit 0 sees, negative in the padding; unknown where only a bound is."""
    return Axes(axis.start if axis.by_slope else UNKNOWN for axis in analysis.field_of(tensor).axes)


def field_stride(analysis: Analysis, tensor: Tensor) -> Value:
    """The effective stride of a tensor; unknown where it depends on symbols."""
    strides = (axis.stride for axis in analysis.field_of(tensor).axes)
    return Axes(UNKNOWN if stride is None else simplest(stride) for stride in strides)


OF_TENSOR: Mapping[str, OfTensor] = {
    "receptive_field": field_size,
    "receptive_field.min": field_smallest,
    "receptive_field.start": field_start,
    "stride": field_stride,
}
"""What is measured of a tensor, besides its sizes; alone it is of the first output."""


# --- all of them --------------------------------------------------------------------------------------------

WORDS = (*SUMS, *TOGETHER, *MEMORY, *OF_TENSOR)
"""Everything that can be asked of a net, but for the counts of layers of one kind."""

LEGAL_SIZES = "sizes"
"""What is a set and no number: see `size_contracts`."""

CHIEF_WORDS = tuple(
    word for word in WORDS if not any(word.startswith((f"{other}.", f"{other}_")) for other in WORDS)
)
"""Without the parts of others."""

ALL_WORDS = frozenset({*WORDS, *LAYER_COUNTS})

OF_PARTS = ALL_WORDS - MEMORY.keys() - SIZES.keys()
"""What can be asked of a part of a net: `depth` of a tensor is its size along an axis."""


def main_output(analysis: Analysis) -> Tensor:
    """The first output of inference."""
    graph = analysis.graph
    return (graph.inference_outputs or graph.outputs)[0].tensor


def inside(analysis: Analysis, path: str) -> Iterator[LayerFacts]:
    """The layers of the block at a path; of the net for ""."""
    start = f"{path}." if path else ""
    for facts in analysis.layers:
        if facts.path.startswith(start) and not facts.path[len(start) :][:1].isdigit():
            yield facts


def called(analysis: Analysis, name: str) -> Iterator[LayerFacts]:
    """The layers that a label names: one, or those of a block, however often the label or layer occurs."""
    for facts in analysis.layers:
        if facts.path == name or facts.path.startswith(f"{name}."):
            yield facts


COSTS = (*SUMS, *MEMORY)
"""Everything that is one number of a net, or one formula."""


def cost(analysis: Analysis, word: str) -> Dim:
    """One of the `COSTS` of a whole net, of one sample.

    Raises ValueError for any other word and where it is not known, and SizeLimitError where a peak of memory
    has no short formula.
    """
    if word in MEMORY:
        return MEMORY[word].measure(analysis, AS_USUAL)
    if word not in ALL_SUMS:
        raise ValueError(f"{word!r} is no cost; these are: {', '.join(COSTS)}")
    found = ALL_SUMS[word].over(analysis.layers, analysis)
    if found is None:
        raise ValueError(f"{word!r} is not known of {analysis.graph.name!r}: a window is a formula")
    return found
