"""The sums at the foot of the table, each as every digit and in round figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

from cnnspec.analysis.facts import Analysis
from cnnspec.analysis.memory import Peak
from cnnspec.diagnostics.legible import cells
from cnnspec.diagnostics.styled import Line, Style, line
from cnnspec.dims import Dim, sum_of
from cnnspec.dims.units import in_bytes, rounded
from cnnspec.layers.base import Flops
from cnnspec.report.quantities import exact, wrap_formula

INDENT = "  "
_LONGEST_NUMBER = 40
"""Longer ones, formulas mostly, begin at the left, and are not what the others are set to the right of."""


@dataclass(frozen=True, slots=True)
class Total:
    """One sum: its name, how far it is indented, every digit, and round figures or a remark."""

    name: str
    level: int
    exact: str
    about: str = ""


def totals(analysis: Analysis) -> list[Total]:
    """All sums that are not zero."""
    return [*_inference(analysis), *_training_only(analysis), *_dead(analysis)]


def _inference(analysis: Analysis) -> Iterator[Total]:
    sums = analysis.totals
    yield _counted("parameters", sums.params)
    if sums.frozen:
        yield _counted("trainable", sums.trainable, 1)
        yield _counted("frozen", sums.frozen, 1)
    if sums.buffers:
        yield _counted("buffers", sums.buffers)
    yield _counted("MACs", sums.macs)
    yield _counted("FLOPs", sums.flops.total)
    yield from _flops_by_column(sums.flops)
    yield _sized("weights", sums.weight_bytes)
    yield _sized("activations", sums.activation_bytes)
    peak = inference_peak(analysis)
    if peak is not None:
        yield _sized("peak", peak.bytes, 1, f"at {peak.path}" if peak.path else "")
    yield Total("depth", 0, str(sums.depth), "layers with weights")


def inference_peak(analysis: Analysis) -> Peak | None:
    """The peak of one sample at inference; None where sizes are formulas: it would be a long maximum."""
    return analysis.inference_peak() if isinstance(analysis.totals.elements, int) else None


def _training_only(analysis: Analysis) -> Iterator[Total]:
    sums = analysis.totals
    if any(facts.training_only for facts in analysis.layers):
        yield Total("training only", 0, "")
        yield _counted("parameters", sums.params_training_only, 1)
        if sums.buffers_training_only:
            yield _counted("buffers", sums.buffers_training_only, 1)
        yield _counted("MACs", sums.macs_training_only, 1)
        yield _counted("FLOPs", sums.flops_training_only.total, 1)


def _dead(analysis: Analysis) -> Iterator[Total]:
    idle = [facts for facts in analysis.layers if facts.dead]
    if idle:
        yield Total("no output needs", 0, str(len(idle)), "layer" if len(idle) == 1 else "layers")
        yield _counted("parameters", sum_of(facts.params for facts in idle), 1)
        yield _counted("MACs", sum_of(facts.macs for facts in idle), 1)


def _flops_by_column(flops: Flops) -> Iterator[Total]:
    for column in fields(flops):
        value = getattr(flops, column.name)
        if value:
            yield _counted(column.name.replace("_", "-"), value, 1)


def _counted(name: str, value: Dim, level: int = 0) -> Total:
    return Total(name, level, exact(value), rounded(value))


def _sized(name: str, value: Dim, level: int = 0, remark: str = "") -> Total:
    about = in_bytes(value) if isinstance(value, int) and value >= 1024 else ""
    return Total(name, level, f"{exact(value)} B", f"{about}  {remark}".strip())


def total_lines(sums: list[Total], width: int | None) -> Iterator[Line]:
    """Names to the left, digits set to the right, round figures behind; long formulas are wrapped."""
    names = max(cells(INDENT * total.level + total.name) for total in sums)
    short = [cells(total.exact) for total in sums if cells(total.exact) <= _LONGEST_NUMBER]
    digits = max(short, default=0)
    for total in sums:
        name = f"{INDENT * total.level}{total.name}"
        first, *more = wrap_formula(total.exact, width and max(20, width - names - 2))
        number = f"{first:>{digits}}"
        used = names + 2 + cells(number) + 2 + cells(total.about)
        about = f"  {total.about}" if total.about and (width is None or used <= width) else ""
        quiet, strong = (Style.QUIET, Style.QUIET) if total.level else (Style.PLAIN, Style.STRONG)
        yield line((f"{name:<{names}}  ", quiet), (number, strong), (about, Style.QUIET))
        for text in more:
            yield line(" " * (names + 2) + text)
