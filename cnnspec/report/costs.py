"""The costs of a net as a table and as JSON: training, padding, traffic, a roofline, memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

from cnnspec.analysis.costs import Costs, LayerCosts
from cnnspec.analysis.memory import Peak
from cnnspec.diagnostics.legible import legible
from cnnspec.diagnostics.styled import Line, Piece, Style
from cnnspec.dims import Dim
from cnnspec.dims.units import in_bytes, rounded
from cnnspec.report.document import decimal, document
from cnnspec.report.layout import Column, Concession, body, fit, header, in_short, left_out, narrowed, rule
from cnnspec.report.operation import operation
from cnnspec.report.quantities import exact
from cnnspec.report.records import Record, size
from cnnspec.report.render_table import title
from cnnspec.report.totals import Total, total_lines

UNKNOWN = "?"
_SECONDS = (
    (Fraction(1), "s"),
    (Fraction(1, 1000), "ms"),
    (Fraction(1, 10**6), "µs"),
    (Fraction(1, 10**9), "ns"),
)


def describe_costs(costs: Costs, width: int | None) -> Iterator[Line]:
    """A row for every layer that computes, and the totals below."""
    columns = fit(_columns(costs), width, _CONCESSIONS)
    yield from title(costs.analysis, width)
    yield ()
    yield header(columns)
    yield rule(columns)
    yield from body(columns)
    yield rule(columns)
    yield from total_lines(list(_totals(costs)), width)


def _columns(costs: Costs) -> dict[str, Column]:
    table = [layer for layer in costs.layers if layer.facts.flops.total != 0]
    return {
        "layer": Column("layer", [Piece(legible(layer.facts.path), Style.STRONG) for layer in table]),
        "operation": Column("operation", [Piece(legible(operation(layer.facts.node))) for layer in table]),
        "macs": _numbers("MACs", table, lambda layer: layer.facts.macs),
        "padding": _numbers("on padding", table, lambda layer: layer.on_padding),
        "data": _numbers("data gradient", table, lambda layer: layer.training.data),
        "weights": _numbers("weight gradient", table, lambda layer: layer.training.weights),
        "moved": _numbers("bytes moved", table, lambda layer: layer.moved, in_bytes),
        "intensity": _texts("FLOP/B", table, lambda layer: _ratio(layer.intensity)),
        "bound": _texts("bound", table, lambda layer: layer.roof.bound if layer.roof else ""),
        "time": _texts(
            "at least", table, lambda layer: seconds_text(layer.roof.seconds) if layer.roof else ""
        ),
    }


def _numbers(
    name: str,
    table: Sequence[LayerCosts],
    value: Callable[[LayerCosts], Dim | None],
    short: Callable[[Dim], str] = rounded,
) -> Column:
    values = [value(layer) for layer in table]
    return Column(
        name,
        [Piece(UNKNOWN if number is None else exact(number) if number != 0 else "") for number in values],
        right=True,
        short=[Piece(UNKNOWN if number is None else _in_short(number, short)) for number in values],
    )


def _in_short(number: Dim, short: Callable[[Dim], str]) -> str:
    return (short(number) or exact(number)) if number != 0 else ""


def _texts(name: str, table: Sequence[LayerCosts], text: Callable[[LayerCosts], str]) -> Column:
    return Column(name, [Piece(text(layer)) for layer in table], right=True)


def _ratio(value: Fraction | None) -> str:
    return "" if value is None else f"{float(value):.3g}" if value < 1000 else f"{round(value):,}"


def seconds_text(seconds: Fraction) -> str:
    """A time to three digits, in the unit that fits."""
    step, unit = next(((step, unit) for step, unit in _SECONDS if seconds >= step), _SECONDS[-1])
    return f"{float(seconds / step):.3g} {unit}"


_CONCESSIONS: Sequence[Concession] = (
    ("operation", narrowed(24)),
    ("macs", in_short),
    ("data", in_short),
    ("weights", in_short),
    ("moved", in_short),
    ("padding", in_short),
    ("operation", narrowed(16)),
    ("operation", left_out),
    ("layer", narrowed(24)),
    ("data", left_out),
    ("padding", left_out),
    ("weights", left_out),
    ("intensity", left_out),
    ("layer", narrowed(12)),
)


# --- totals -----------------------------------------------------------------------------------------------


def _totals(costs: Costs) -> Iterator[Total]:
    yield from _compute(costs)
    yield from _traffic(costs)
    yield from _memory(costs)


def _compute(costs: Costs) -> Iterator[Total]:
    macs, training = costs.analysis.totals.macs, costs.training
    yield Total("MACs of inference", 0, exact(macs), rounded(macs))
    if costs.on_padding is None:
        yield Total("on padding", 1, UNKNOWN, "a window has no known size")
    elif costs.on_padding != 0:
        yield Total("on padding", 1, exact(costs.on_padding), _share(costs.on_padding, macs))
    yield Total("MACs of a training step", 0, exact(training.total), _times(training.total, macs))
    yield Total("forward", 1, exact(training.forward), rounded(training.forward))
    yield Total("data gradients", 1, exact(training.data), rounded(training.data))
    yield Total("weight gradients", 1, exact(training.weights), rounded(training.weights))
    yield Total("FLOPs of it", 0, exact(training.flops), rounded(training.flops))


def _share(part: Dim, whole: Dim) -> str:
    if not isinstance(part, int) or not isinstance(whole, int) or whole == 0:
        return ""
    return f"{float(Fraction(100 * part, whole)):.3g} % multiply by zero"


def _times(value: Dim, base: Dim) -> str:
    if not isinstance(value, int) or not isinstance(base, int) or base == 0:
        return ""
    return f"{float(Fraction(value, base)):.3g} × inference"


def _traffic(costs: Costs) -> Iterator[Total]:
    setting, batch = costs.setting, exact(costs.setting.batch)
    yield _bytes(f"bytes moved, batch {batch}, {setting.bits} bits", costs.moved)
    if setting.device and costs.seconds is not None:
        ridge = f"the device's ridge is at {_ratio(setting.device.ridge)} FLOP/B"
        yield Total("time of inference, at least", 0, seconds_text(costs.seconds), ridge)


def _memory(costs: Costs) -> Iterator[Total]:
    memory, setting = costs.memory, costs.setting
    yield _bytes("memory of inference", memory.weights + memory.inference.bytes)
    yield _bytes("weights", memory.weights, 1)
    yield _bytes("activations", memory.inference.bytes, 1, f"at {memory.inference.path}")
    yield _bytes("in place", memory.inference_in_place.bytes, 2, f"at {memory.inference_in_place.path}")
    yield _bytes(
        f"memory of training ({setting.optimiser})", memory.training.bytes, 0, f"at {memory.training.path}"
    )
    for name, part in memory.training.parts.items():
        yield _bytes(name, part, 1)
    yield _bytes("in place", memory.training_in_place.bytes, 1, f"at {memory.training_in_place.path}")
    if memory.segments > 1:
        name = f"and recomputed in {memory.segments} parts"
        yield _bytes(name, memory.recomputed.bytes, 1, "for about one more forward pass")


def _bytes(name: str, value: Dim, level: int = 0, remark: str = "") -> Total:
    about = in_bytes(value) if isinstance(value, int) and value >= 1024 else ""
    return Total(name, level, f"{exact(value)} B", f"{about}  {remark}".strip())


# --- JSON -------------------------------------------------------------------------------------------------


def costs_json(costs: Costs) -> Iterator[Line]:
    """The document, indented."""
    return document("costs", costs_record(costs))


def costs_record(costs: Costs) -> Record:
    """Everything of the table, every digit; numbers that are not known are null."""
    setting, memory, training = costs.setting, costs.memory, costs.training
    device = setting.device
    return {
        "net": costs.analysis.graph.name,
        "batch": size(setting.batch),
        "bits": setting.bits,
        "optimizer": setting.optimiser,
        "device": {"peak": decimal(device.peak), "bandwidth": decimal(device.bandwidth)} if device else None,
        "totals": {
            "macs": size(costs.analysis.totals.macs),
            "macs_on_padding": _optional(costs.on_padding),
            "training_macs": size(training.total),
            "training_macs_forward": size(training.forward),
            "training_macs_data": size(training.data),
            "training_macs_weights": size(training.weights),
            "training_flops": size(training.flops),
            "moved_bytes": size(costs.moved),
            "seconds": decimal(costs.seconds),
        },
        "memory": {
            "weights": size(memory.weights),
            "inference": _peak(memory.inference),
            "inference_in_place": _peak(memory.inference_in_place),
            "training": _peak(memory.training),
            "training_in_place": _peak(memory.training_in_place),
            "training_recomputed": {**_peak(memory.recomputed), "segments": memory.segments},
        },
        "layers": [_layer(layer) for layer in costs.layers],
    }


def _layer(layer: LayerCosts) -> Record:
    return {
        "path": layer.facts.path,
        "op": layer.facts.node.word,
        "macs": size(layer.facts.macs),
        "macs_on_padding": _optional(layer.on_padding),
        "training_macs_data": size(layer.training.data),
        "training_macs_weights": size(layer.training.weights),
        "moved_bytes": size(layer.moved),
        "intensity": decimal(layer.intensity),
        "bound": layer.roof.bound if layer.roof else None,
        "seconds": decimal(layer.roof.seconds) if layer.roof else None,
    }


def _peak(peak: Peak) -> Record:
    parts = {name: size(part) for name, part in peak.parts.items()}
    return {"bytes": size(peak.bytes), "layer": peak.path, "parts": parts}


def _optional(value: Dim | None) -> int | str | None:
    return None if value is None else size(value)
