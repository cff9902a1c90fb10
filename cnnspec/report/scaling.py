"""How the costs of a net grow with its free symbols: the foot of a symbolic table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from cnnspec.analysis.facts import Analysis
from cnnspec.analysis.leading import dominant, growth
from cnnspec.diagnostics.legible import legible, wrap
from cnnspec.diagnostics.styled import Line, Style, line
from cnnspec.dims import Dim, evaluate, symbols_of
from cnnspec.graph import Graph


def scaling_lines(analysis: Analysis, width: int | None) -> Iterator[Line]:
    """The dominant terms, and what doubling a symbol does at the defaults; nothing where all is a number."""
    sums = analysis.totals
    costs = {"parameters": sums.params, "MACs": sums.macs, "activation bytes": sums.activation_bytes}
    costs = {name: cost for name, cost in costs.items() if symbols_of(cost)}
    known = {name: size for name, size in analysis.graph.symbols.items() if size is not None}
    if costs:
        yield ()
    doubled = {name: list(_doublings(cost, known)) for name, cost in costs.items()}
    for name, cost in costs.items():
        leading = dominant(cost)
        parts = [f"{name} ≈ {leading}" if leading else name, *doubled[name]]
        for text in wrap("; ".join(parts), width) if len(parts) > 1 or leading else ():
            yield line((text, Style.QUIET))
    at = known if any(doubled.values()) else {}
    yield from (line((text, Style.QUIET)) for text in _remarks(analysis.graph, at, width))


def _doublings(cost: Dim, at: Mapping[str, int]) -> Iterator[str]:
    """`doubling H or W ×2, H and W ×3.98`, exactly at the defaults."""
    names = sorted(symbols_of(cost))
    if not names or not at.keys() >= set(names) or evaluate(cost, at) == 0:
        return
    by_factor: dict[str, list[str]] = {}
    for name in names:
        by_factor.setdefault(_factor(growth(cost, [name], at)), []).append(legible(name))
    parts = [f"{' or '.join(group)} {factor}" for factor, group in by_factor.items()]
    if len(names) > 1:
        *most, last = map(legible, names)
        parts.append(f"{', '.join(most)} and {last} {_factor(growth(cost, names, at))}")
    yield f"doubling {', '.join(parts)}"


def _factor(value: Fraction) -> str:
    return f"×{float(value):.3g}" if value < 1000 else f"×{round(value):,}"


def _remarks(graph: Graph, at: Mapping[str, int], width: int | None) -> Iterator[str]:
    """At which sizes, and what a net parameter that was left free is taken to be."""
    if at:
        defaults = ", ".join(f"{legible(name)} = {size:,}" for name, size in at.items())
        yield from wrap(f"(doubled from {defaults})", width)
    sizes = {name for given in graph.inputs for dim in given.tensor.shape for name in symbols_of(dim)}
    free = [legible(name) for name in graph.symbols if name not in sizes]
    if free:
        yield from wrap(f"formulas in {', '.join(free)} are exact for whole numbers from 1 on", width)
