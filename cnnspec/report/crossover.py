"""Where one net is cheaper than another, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnnspec.analysis.crossover import Run
from cnnspec.diagnostics.legible import legible
from cnnspec.diagnostics.styled import Line, Style, line

LISTED = 20
"""How many runs are listed."""


def describe_runs(runs: Sequence[Run], quantity: str, symbol: str, nets: Sequence[str]) -> Iterator[Line]:
    """One line a run of sizes, the smallest first."""
    first, second = (legible(name) for name in nets)
    fewer = {
        -1: f"{first} has fewer {quantity}",
        0: f"both have the same {quantity}",
        1: f"{second} has fewer",
    }
    if not runs:
        yield line(("no size is legal for both nets", Style.ERROR))
    for run in runs[:LISTED]:
        yield line((f"{_sizes(run, legible(symbol)):<20}", Style.STRONG), f"  {fewer[run.sign]}")
    if len(runs) > LISTED:
        yield line((f"… {len(runs) - LISTED:,} more changes", Style.QUIET))


def runs_record(runs: Sequence[Run], quantity: str, symbol: str, nets: Sequence[str]) -> dict[str, object]:
    """The same as plain data for JSON, every run."""
    return {
        "before": nets[0],
        "after": nets[1],
        "quantity": quantity,
        "symbol": symbol,
        "runs": [{"low": run.low, "high": run.high, "sign": run.sign} for run in runs],
    }


def _sizes(run: Run, symbol: str) -> str:
    if run.high is None:
        return f"{symbol} ≥ {run.low}"
    return f"{symbol} = {run.low}" if run.low == run.high else f"{run.low} ≤ {symbol} ≤ {run.high}"
