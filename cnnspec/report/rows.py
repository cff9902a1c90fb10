"""The rows of the table: one a layer or block, repeats folded, each number as it is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from cnnspec.analysis.facts import Analysis, LayerFacts, total
from cnnspec.dims import Dim, render
from cnnspec.graph import Tensor
from cnnspec.layers.spatial import shape_text
from cnnspec.report.operation import operation
from cnnspec.report.quantities import per_axis, ratio_text
from cnnspec.report.tree import Branch, Folded, fold, tree_of

FactsText = Callable[[LayerFacts], str]

EVERYTHING = "all"
"""The receptive field of a unit that sees the whole input."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one line of the table says. `params` and `macs` are of one repeat; `times` is their number."""

    name: str
    level: int
    is_block: bool
    what: str
    output: str
    params: Dim
    macs: Dim
    field: str
    stride: str
    times: int
    aside: bool


def rows(analysis: Analysis, depth: int | None = None) -> Iterator[Row]:
    """The rows of all layers; blocks deeper than `depth` levels are one row each (None: all are opened)."""
    for folded in fold(tree_of(analysis)):
        yield from _rows(analysis, folded, 0, depth)


def _rows(analysis: Analysis, folded: Folded, level: int, depth: int | None) -> Iterator[Row]:
    first, last = folded.first, folded.last
    if first.leaf and last.leaf:
        yield _layer_row(folded, first.leaf, last.leaf, level)
    elif depth is not None and level >= depth:
        yield _closed_row(analysis, folded, level)
    else:
        only = not any(facts.at_inference for facts in first.layers)
        yield Row(folded.name, level, True, first.call, "", 0, 0, "", "", folded.times, only)
        for child in folded.children():
            yield from _rows(analysis, child, level + 1, depth)


def _layer_row(folded: Folded, first: LayerFacts, last: LayerFacts, level: int) -> Row:
    return Row(
        name=folded.name,
        level=level,
        is_block=False,
        what=operation(first.node),
        output=_shapes(first.node.outputs),
        params=first.params,
        macs=first.macs,
        field=_from_to(field_text(first), field_text(last)),
        stride=_from_to(stride_text(first), stride_text(last)),
        times=folded.times,
        aside=not first.at_inference,
    )


def _closed_row(analysis: Analysis, folded: Folded, level: int) -> Row:
    layers = folded.first.layers
    results, last_results = _results(analysis, folded.first), _results(analysis, folded.last)
    return Row(
        name=folded.name,
        level=level,
        is_block=True,
        what=folded.first.call,
        output=_shapes([tensor for _, tensor in results]),
        params=total(facts.params for facts in layers),
        macs=total(facts.macs for facts in layers),
        field=_from_to(_only(field_text, results), _only(field_text, last_results)),
        stride=_from_to(_only(stride_text, results), _only(stride_text, last_results)),
        times=folded.times,
        aside=not any(facts.at_inference for facts in layers),
    )


def _results(analysis: Analysis, branch: Branch) -> list[tuple[LayerFacts, Tensor]]:
    """What leaves a block: the tensors that something outside reads or that are outputs of the net."""
    inside = {facts.path for facts in branch.layers}
    outputs = {(output.tensor.node, output.tensor.port) for output in analysis.graph.outputs}
    return [
        (facts, tensor)
        for facts in branch.layers
        for tensor in facts.node.outputs
        if (tensor.node, tensor.port) in outputs
        or any(reader.path not in inside for reader, _ in analysis.graph.consumers(tensor))
    ]


def _only(text: FactsText, results: Sequence[tuple[LayerFacts, Tensor]]) -> str:
    return text(results[0][0]) if len(results) == 1 else ""


def _shapes(tensors: Sequence[Tensor]) -> str:
    return ", ".join(shape_text(tensor.shape) for tensor in tensors)


def _from_to(first: str, last: str) -> str:
    return first if first == last else f"{first}…{last}"


def field_text(facts: LayerFacts) -> str:
    """The receptive field through all branches: `11`, `3×5`, `all`."""
    axes = facts.field.axes
    if axes and all(axis.is_global for axis in axes):
        return EVERYTHING
    return per_axis([render(axis.size) if axis.is_decided else "?" for axis in axes]) if axes else ""


def stride_text(facts: LayerFacts) -> str:
    """The effective stride; empty where a unit sees the whole input."""
    axes = facts.field.axes
    if not axes or all(axis.is_global for axis in axes):
        return ""
    return per_axis([ratio_text(axis.stride) for axis in axes])
