"""The format `csv`: one line a layer, every fact a column."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from cnnspec.analysis.facts import LayerFacts
from cnnspec.diagnostics.styled import Line, line
from cnnspec.layers.spatial import shape_text
from cnnspec.report.operation import operation
from cnnspec.report.records import Record, flops_record, layer_record
from cnnspec.report.rows import field_text, stride_text
from cnnspec.report.view import View


def render(view: View, width: int | None) -> Iterator[Line]:
    """A header and the layers in execution order (repeats are not folded)."""
    del width
    text = io.StringIO()
    table = [flat_record(facts) for facts in view.analysis.layers]
    writer = csv.DictWriter(text, list(table[0]) if table else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    return map(line, text.getvalue().splitlines())


def flat_record(facts: LayerFacts) -> Record:
    """The facts of one layer without nesting."""
    nested = layer_record(facts)
    record = {name: nested[name] for name in ("path", "op")}
    record |= {"operation": operation(facts.node), "output": shape_text(facts.output)}
    record |= {name: nested[name] for name in ("params", "buffers", "macs")}
    flops = flops_record(facts.flops)
    record["flops"] = flops.pop("total")
    record |= {f"flops_{column}": value for column, value in flops.items()}
    record["activation_bytes"] = nested["activation_bytes"]
    record |= {"receptive_field": field_text(facts), "stride": stride_text(facts)}
    return record | {name: nested[name] for name in ("depth", "training_only", "line")}
