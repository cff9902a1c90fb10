"""A profile as a picture: every layer below the roofline of the machine."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from cnnspec.bench.benching import Bench
from cnnspec.bench.limits import Limits
from cnnspec.bench.profile import LayerTime

_NAMED = 3
"""The layers that take most of the time have their names beside them."""

_LARGEST, _SMALLEST = 300.0, 12.0
"""Areas of points, in square points: the greatest and the least time."""


def draw_roofline(bench: Bench, path: str) -> None:
    """Write a picture. Raises ImportError without matplotlib, OSError, and ValueError without a profile."""
    if bench.profile is None:
        raise ValueError("a roofline is drawn from a profile")
    figure_module: Any = import_module("matplotlib.figure")
    rows = [row for row in bench.profile.rows if row.seconds and row.flops and row.moved]
    figure = figure_module.Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    axes.set_xscale("log")
    axes.set_yscale("log")
    _draw_layers(axes, rows)
    _draw_roofs(axes, rows, bench.limits)
    what = f"{bench.run}, batch {bench.batch}, {bench.threads} thread{'s' * (bench.threads > 1)}"
    axes.set(xlabel="FLOP a byte moved", ylabel="GFLOP/s", title=f"{bench.analysis.graph.name}: {what}")
    axes.legend(loc="lower right", fontsize="small")
    axes.grid(visible=True, which="both", alpha=0.2)
    figure.savefig(path, format="png", dpi=110)


def _draw_layers(axes: Any, rows: list[LayerTime]) -> None:
    """Points whose areas are the times, a colour for every algorithm."""
    longest = max((row.seconds for row in rows), default=1.0)
    for algorithm in dict.fromkeys(row.algorithm for row in rows):
        mine = [row for row in rows if row.algorithm == algorithm]
        axes.scatter(
            [row.intensity for row in mine],
            [row.rate / 1e9 for row in mine],
            s=[max(_SMALLEST, _LARGEST * row.seconds / longest) for row in mine],
            alpha=0.6,
            label=algorithm,
        )
    for row in sorted(rows, key=lambda row: -row.seconds)[:_NAMED]:
        axes.annotate(
            row.path, (row.intensity, row.rate / 1e9), (5, 5), textcoords="offset points", fontsize="x-small"
        )


def _draw_roofs(axes: Any, rows: list[LayerTime], limits: Limits) -> None:
    """The peak, and what memory and the cache deliver, from the least to the greatest intensity there is."""
    ridge = limits.peak / limits.memory
    intensities = [row.intensity for row in rows]
    first, last = min(intensities, default=ridge) / 2, max([*intensities, ridge]) * 2
    for name, bandwidth, style in (("memory", limits.memory, "-"), ("cache", limits.cache, "--")):
        knee = limits.peak / bandwidth
        points = [first, max(first, knee), last]
        rates = [min(limits.peak, bandwidth * x) / 1e9 for x in points]
        axes.plot(points, rates, style, color="black", linewidth=1, label=f"roof of {name}")
