"""What a contract can ask for: numbers of a net, a block or a tensor, by the words of the language."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from cnnspec.analysis.facts import BYTES_PER_ELEMENT, Analysis, LayerFacts, total
from cnnspec.analysis.memory import greatest_inference, greatest_training
from cnnspec.dims import Dim
from cnnspec.graph import InputLayer, Tensor
from cnnspec.language.arithmetic import simplest
from cnnspec.language.values import UNKNOWN, Axes, Value

Share = Callable[[LayerFacts], Dim]
"""What one layer adds to a sum."""


def _at_inference(share: Share) -> Share:
    return lambda facts: 0 if facts.training_only else share(facts)


def _in_training(share: Share) -> Share:
    return lambda facts: share(facts) if facts.training_only else 0


def _params(facts: LayerFacts) -> Dim:
    return facts.params


def _buffers(facts: LayerFacts) -> Dim:
    return facts.buffers


def _macs(facts: LayerFacts) -> Dim:
    return facts.macs


def _flops(facts: LayerFacts) -> Dim:
    return facts.flops.total


SUMS: Mapping[str, Share] = {
    "params": _params,
    "params.trainable": lambda facts: facts.trainable,
    "params.frozen": lambda facts: facts.params - facts.trainable,
    "params.inference": _at_inference(_params),
    "params_training_only": _in_training(_params),
    "buffers": _buffers,
    "buffers_training_only": _in_training(_buffers),
    "macs": _at_inference(_macs),
    "macs_training_only": _in_training(_macs),
    "flops": _at_inference(_flops),
    "flops.multiply_add": _at_inference(lambda facts: facts.flops.multiply_add),
    "flops.bias": _at_inference(lambda facts: facts.flops.bias),
    "flops.normalisation": _at_inference(lambda facts: facts.flops.normalisation),
    "flops.activation": _at_inference(lambda facts: facts.flops.activation),
    "flops.elementwise": _at_inference(lambda facts: facts.flops.elementwise),
    "flops_training_only": _in_training(_flops),
    "weights.bytes": lambda facts: (facts.params + facts.buffers) * BYTES_PER_ELEMENT,
    "activations.bytes": _at_inference(lambda facts: facts.activation_bytes),
    "layers": lambda facts: 0 if isinstance(facts.node.layer, InputLayer) else 1,
}
"""Sums over the layers of a net or of a block, of one sample; all but parameters and buffers of inference."""


def _inference_memory(analysis: Analysis, batch: int) -> Dim:
    return analysis.totals.weight_bytes + greatest_inference(analysis.graph, batch, BYTES_PER_ELEMENT)


def _training_memory(analysis: Analysis, batch: int) -> Dim:
    return greatest_training(analysis.graph, batch, BYTES_PER_ELEMENT)


MEMORY: Mapping[str, Callable[[Analysis, int], Dim]] = {
    "memory.infer": _inference_memory,
    "memory.train": _training_memory,
}
"""Of a net with a batch: bytes of weights (when training of gradients and momentum, too) and activations."""


def _depth(analysis: Analysis) -> Value:
    return analysis.totals.depth


WHOLE: Mapping[str, Callable[[Analysis], Value]] = {
    "depth": _depth,
    "receptive_field": lambda analysis: field_size(analysis, main_output(analysis)),
    "stride": lambda analysis: field_stride(analysis, main_output(analysis)),
}
"""Of a net as a whole; the last two of its first output."""


def main_output(analysis: Analysis) -> Tensor:
    """The first output of inference."""
    graph = analysis.graph
    return (graph.inference_outputs or graph.outputs)[0].tensor


def field_size(analysis: Analysis, tensor: Tensor) -> Value:
    """The receptive field of a tensor; unknown where it depends on symbols in a way that has no formula."""
    axes = analysis.by_path[tensor.node].field.axes
    return Axes(axis.size if axis.is_decided else UNKNOWN for axis in axes)


def field_stride(analysis: Analysis, tensor: Tensor) -> Value:
    """The effective stride of a tensor; unknown where it depends on symbols."""
    strides = (axis.stride for axis in analysis.by_path[tensor.node].field.axes)
    return Axes(UNKNOWN if stride is None else simplest(stride) for stride in strides)


OF_TENSOR: Mapping[str, Callable[[Analysis, Tensor], Value]] = {
    "receptive_field": field_size,
    "stride": field_stride,
}
"""What is measured of a tensor, besides its sizes."""

WORDS = (*SUMS, *MEMORY, *WHOLE)
"""Everything that can be asked of a net."""


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


def summed(layers: Iterable[LayerFacts], word: str) -> Dim:
    """One of the `SUMS`."""
    return total(map(SUMS[word], layers))


COSTS = (*SUMS, *MEMORY)
"""Everything that is one number of a net, or one formula."""


def cost(analysis: Analysis, word: str) -> Dim:
    """One of the `COSTS` of a whole net, of one sample.

    Raises ValueError for any other word, and SizeLimitError where a peak of memory has no short formula.
    """
    if word in SUMS:
        return summed(analysis.layers, word)
    if word in MEMORY:
        return MEMORY[word](analysis, 1)
    raise ValueError(f"{word!r} is no cost; these are: {', '.join(COSTS)}")
