"""The explanation of one layer: its sizes, weights, costs and receptive field, with the numbers put in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields

from cnnspec.analysis.facts import BYTES_PER_ELEMENT, Analysis, LayerFacts
from cnnspec.diagnostics.legible import legible, wrap
from cnnspec.diagnostics.styled import Line, Piece, Style, line
from cnnspec.dims import product, render
from cnnspec.dims.units import in_bytes
from cnnspec.layers.base import Derivation, Weight, WeightKind
from cnnspec.layers.derivation import product_text
from cnnspec.layers.spatial import shape_text
from cnnspec.report.field_steps import derive_field
from cnnspec.report.layout import Column, body, fit, left_out
from cnnspec.report.operation import call_text
from cnnspec.report.quantities import exact
from cnnspec.report.records import Record, shape

MARGIN = "  "


def explain(analysis: Analysis, facts: LayerFacts, width: int | None) -> Iterator[Line]:
    """Everything that can be said about one layer."""
    node = facts.node
    yield line((legible(facts.path), Style.HEADING), f"  {legible(call_text(node))}")
    for text in _places(facts):
        first, *more = wrap(text, width and width - 2 * len(MARGIN))
        yield line((MARGIN + first, Style.QUIET))
        yield from (line((2 * MARGIN + part, Style.QUIET)) for part in more)
    given = ", ".join(shape_text(shape) for shape in node.input_shapes)
    made = ", ".join(shape_text(shape) for shape in node.output_shapes)
    yield line(f"{MARGIN}{given} → " if given else MARGIN, (made, Style.STRONG))
    yield ()
    yield from _derivations([*_steps(analysis, facts)], width)
    if node.weights:
        yield ()
        yield from _weights(facts, width)


def explained_record(analysis: Analysis, facts: LayerFacts) -> Record:
    """The same as plain data for JSON."""
    node = facts.node
    return {
        "path": facts.path,
        "call": call_text(node),
        "written": str(node.origin.span) if node.origin.span else None,
        "trace": [{"call": frame.call, "used": str(frame.span)} for frame in node.origin.trace],
        "inputs": [shape(sizes) for sizes in node.input_shapes],
        "outputs": [shape(sizes) for sizes in node.output_shapes],
        "steps": [asdict(step) for step in _steps(analysis, facts)],
        "weights": [
            {
                "name": weight.name,
                "shape": shape(weight.shape),
                "trained": weight.kind is WeightKind.PARAMETER and not node.frozen,
            }
            for weight in node.weights
        ],
        "shares": None if node.owns_weights else node.owner,
    }


def _places(facts: LayerFacts) -> Iterator[str]:
    """Where the layer was written, and through which blocks it came."""
    origin = facts.node.origin
    if origin.span:
        yield f"written at {origin.span}"
    for frame in origin.trace:
        yield f"in {frame.call}, used at {frame.span}"


def _steps(analysis: Analysis, facts: LayerFacts) -> Iterator[Derivation]:
    node = facts.node
    yield from node.layer.derive(node.input_shapes, node.output_shapes)
    for column in fields(facts.flops):
        value = getattr(facts.flops, column.name)
        if value:
            is_macs = column.name == "multiply_add"
            numbers = f"2·{exact(facts.macs)}" if is_macs else ""
            name = f"FLOPs, {column.name.replace('_', '-')}"
            yield Derivation(name, "2·MACs" if is_macs else "", numbers, exact(value))
    shapes = " + ".join(product_text(shape) for shape in node.output_shapes)
    bytes_ = in_bytes(facts.activation_bytes)
    yield Derivation("activations", "4 bytes an element", f"{BYTES_PER_ELEMENT}·{_bracketed(shapes)}", bytes_)
    yield from derive_field(analysis, facts)


def _bracketed(text: str) -> str:
    return f"({text})" if " + " in text else text


def _derivations(steps: Sequence[Derivation], width: int | None) -> Iterator[Line]:
    equals = [f"= {step.value}" for step in steps]
    columns = {
        "what": Column("", [Piece(MARGIN + step.what) for step in steps]),
        "formula": Column("", [Piece(step.formula, Style.QUIET) for step in steps]),
        "numbers": Column("", [Piece(f"= {step.numbers}" if step.numbers else "") for step in steps]),
        "value": Column("", [Piece(text, Style.STRONG) for text in equals]),
    }
    yield from body(fit(columns, width, [("formula", left_out), ("numbers", left_out)]))


def _weights(facts: LayerFacts, width: int | None) -> Iterator[Line]:
    node = facts.node
    if not node.owns_weights:
        yield line(f"{MARGIN}its weights are those of {legible(node.owner)} and are counted there")
        return
    columns = {
        "name": Column("", [Piece(MARGIN + weight.name) for weight in node.weights]),
        "shape": Column("", [Piece(shape_text(weight.shape)) for weight in node.weights]),
        "elements": Column(
            "", [Piece(exact(product(weight.shape)), Style.STRONG) for weight in node.weights], True
        ),
        "remark": Column("", [Piece(_remark(facts, weight), Style.QUIET) for weight in node.weights]),
    }
    yield from body(fit(columns, width, [("remark", left_out)]))


def _remark(facts: LayerFacts, weight: Weight) -> str:
    if weight.kind is WeightKind.BUFFER:
        return "not trained"
    if facts.node.given is not None and weight is facts.node.weights[0]:
        start = "given"
    else:
        fan_in = f", fan-in {render(weight.fan_in)}" if weight.fan_in != 1 else ""
        start = f"starts from {weight.init}{fan_in}"
    return f"{start}, frozen" if facts.node.frozen else start
