"""The facts as plain records, for JSON and CSV: one place for what each entry is called.

Numbers are whole and exact whatever their size; formulas are text.
"""

from __future__ import annotations

from dataclasses import fields
from fractions import Fraction

from cnnspec import __version__
from cnnspec.analysis.facts import Analysis, LayerFacts, Totals
from cnnspec.analysis.receptive_field import AxisField
from cnnspec.dims import Dim, Symbolic, render
from cnnspec.graph import Tensor
from cnnspec.layers.base import Flops, Shape
from cnnspec.report.operation import arguments, as_json
from cnnspec.report.totals import inference_peak

Record = dict[str, object]


def net_record(analysis: Analysis, spec: str) -> Record:
    """A whole net, as `docs/schema/show.schema.json` describes it."""
    graph = analysis.graph
    return {
        "cnnspec": __version__,
        "spec": spec,
        "net": graph.name,
        "inputs": [{"name": entry.name, "shape": shape(entry.tensor.shape)} for entry in graph.inputs],
        "outputs": [
            {
                "name": output.name,
                "layer": output.tensor.node,
                "shape": shape(output.tensor.shape),
                "training_only": output.training_only,
                "loss_weight": output.loss_weight,
            }
            for output in graph.outputs
        ],
        "bindings": {name: as_json(value) for name, value in graph.bindings.items()},
        "symbols": sorted(graph.symbols),
        "totals": totals_record(analysis),
        "layers": [layer_record(facts) for facts in analysis.layers],
    }


def totals_record(analysis: Analysis) -> Record:
    """The sums. `macs` and `flops` are of inference; what exists only while training stands apart."""
    sums: Totals = analysis.totals
    peak = inference_peak(analysis)
    return {
        "params": size(sums.params),
        "trainable": size(sums.trainable),
        "frozen": size(sums.frozen),
        "buffers": size(sums.buffers),
        "macs": size(sums.macs),
        "flops": size(sums.flops.total),
        **{f"flops_{name}": value for name, value in flops_record(sums.flops).items() if name != "total"},
        "weight_bytes": size(sums.weight_bytes),
        "activation_bytes": size(sums.activation_bytes),
        "peak_activation_bytes": size(peak.bytes) if peak else None,
        "depth": sums.depth,
        "params_training_only": size(sums.params_training_only),
        "buffers_training_only": size(sums.buffers_training_only),
        "macs_training_only": size(sums.macs_training_only),
        "flops_training_only": size(sums.flops_training_only.total),
    }


def layer_record(facts: LayerFacts) -> Record:
    """One layer."""
    node = facts.node
    span = node.origin.span
    return {
        "path": facts.path,
        "op": node.word,
        "arguments": arguments(node),
        "inputs": [_edge(tensor) for tensor in node.inputs],
        "output": shape(facts.output),
        "outputs": [shape(tensor.shape) for tensor in node.outputs],
        "params": size(facts.params),
        "buffers": size(facts.buffers),
        "macs": size(facts.macs),
        "flops": flops_record(facts.flops),
        "activation_bytes": size(facts.activation_bytes),
        "receptive_field": field_record(facts.field.axes),
        "depth": facts.depth,
        "shares": None if node.owns_weights else node.owner,
        "frozen": node.frozen,
        "training_only": facts.training_only,
        "dead": facts.dead,
        "file": span.source.name if span else None,
        "line": span.line if span else None,
    }


def flops_record(flops: Flops) -> Record:
    """Operations column by column, and their total."""
    record: Record = {column.name: size(getattr(flops, column.name)) for column in fields(flops)}
    return record | {"total": size(flops.total)}


def field_record(axes: tuple[AxisField, ...]) -> Record | None:
    """The receptive field, one entry a spatial axis; None where the input has no spatial axes.

    An extent is None where it depends on symbols in a way that has no formula.
    """
    if not axes:
        return None
    return {
        "size": [size(axis.size) if axis.is_decided else None for axis in axes],
        "min": [size(axis.smallest) if axis.is_decided else None for axis in axes],
        "stride": [_slope(axis.stride) for axis in axes],
        "start": [size(axis.start) for axis in axes],
        "global": [axis.is_global for axis in axes],
    }


def size(value: Dim) -> int | str:
    """A number as it is, a formula as text."""
    return render(value) if isinstance(value, Symbolic) else value


def shape(sizes: Shape) -> list[int | str]:
    """The sizes of a tensor without the batch."""
    return [size(value) for value in sizes]


def _edge(tensor: Tensor) -> Record:
    return {"layer": tensor.node, "port": tensor.port, "shape": shape(tensor.shape)}


def _slope(value: Fraction | None) -> int | str | None:
    if value is None:
        return None
    return value.numerator if value.denominator == 1 else str(value)
