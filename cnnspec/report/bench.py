"""How fast a net runs, as tables: here and in other frameworks, and layer by layer beside the roofline."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

from cnnspec.analysis.roofline import Bound
from cnnspec.bench.benching import Bench
from cnnspec.bench.contest import OURS, Result
from cnnspec.bench.profile import LayerTime, Profile
from cnnspec.diagnostics.legible import legible, wrap
from cnnspec.diagnostics.styled import Line, Piece, Style, line
from cnnspec.report.costs import seconds_text
from cnnspec.report.layout import Column, Concession, body, fit, header, left_out, narrowed, rule
from cnnspec.report.render_table import title

LARGE_DIFFERENCE = 1e-2
"""Beyond rounding: the two do not compute the same."""


def describe_bench(bench: Bench, width: int | None) -> Iterator[Line]:
    """What was timed and on what; a row an implementation; then, where it was asked for, a row a layer."""
    yield from title(bench.analysis, width)
    yield from _conditions(bench, width)
    yield ()
    columns = fit(_implementations(bench), width, _CONCESSIONS)
    yield header(columns)
    yield rule(columns)
    yield from body(columns)
    for result in bench.results:
        if result.problem:
            yield line((result.name, Style.STRONG), f"  left out: {legible(result.problem)}")
    yield from _remarks(bench, width)
    if bench.profile:
        yield ()
        yield from _profile(bench, bench.profile, width)


def _conditions(bench: Bench, width: int | None) -> Iterator[Line]:
    limits = bench.limits
    text = (
        f"{bench.run} of batch {bench.batch:,} on {_threads(bench.threads)}, math {bench.math}: "
        f"{rate_text(bench.flops, 'FLOP')}. "
    )
    if bench.peak_is_known:
        text += (
            f"This machine: {rate_text(limits.peak, 'FLOP/s')}, {rate_text(limits.memory, 'B/s')} from "
            f"memory, {rate_text(limits.cache, 'B/s')} from the cache"
        )
    else:
        text += "This machine is too busy to measure what it can do"
    for part in wrap(text, width):
        yield line((part, Style.QUIET))


def _threads(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"


def rate_text(amount: float, unit: str) -> str:
    """Three digits and a unit: `262 GFLOP/s`."""
    prefixes = ("", "k", "M", "G", "T", "P")
    power = 0
    while amount >= 999.5 and power + 1 < len(prefixes):
        amount, power = amount / 1000, power + 1
    return f"{amount:.3g} {prefixes[power]}{unit}"


# --- implementations --------------------------------------------------------------------------------------


def _implementations(bench: Bench) -> dict[str, Column]:
    rows = [result for result in bench.results if result.timing]
    ours = next((row.timing.middle for row in rows if row.name == OURS and row.timing), None)

    def column(name: str, text: Callable[[Result, float], str]) -> Column:
        pieces = [Piece(text(row, row.timing.middle) if row.timing else "") for row in rows]
        return Column(name, pieces, right=True)

    return {
        "name": Column("", [Piece(row.name, Style.STRONG) for row in rows]),
        "median": column("median", lambda _, middle: time_text(middle)),
        "least": column("least", lambda row, _: time_text(row.timing.least) if row.timing else ""),
        "spread": column("10–90 %", lambda row, _: _spread(row)),
        "images": column("images/s", lambda _, middle: _count(bench.batch / middle)),
        "rate": column("GFLOP/s", lambda _, middle: _count(bench.flops / middle / 1e9)),
        "share": column(
            "of peak", lambda _, middle: _of_limit(bench, bench.flops / middle / bench.limits.peak)
        ),
        "ratio": column("÷ ours", lambda row, middle: _ratio(row, middle, ours)),
        "difference": Column("difference", [_difference(row) for row in rows], right=True),
    }


def time_text(seconds: float) -> str:
    """A time to three digits, in the unit that fits."""
    return seconds_text(Fraction(seconds))


def _count(amount: float) -> str:
    """Three digits, all of those before the point, and no powers of ten but for what is next to nothing."""
    return f"{round(amount):,}" if amount >= 99.95 else f"{amount:.3g}"


def _spread(result: Result) -> str:
    """How far the percentiles are from the median, as shares of it."""
    timing = result.timing
    if timing is None:
        return ""
    return f"−{_percent(1 - timing.tenth / timing.middle)} +{_percent(timing.ninetieth / timing.middle - 1)}"


def _percent(share: float) -> str:
    return f"{_count(100 * share)} %" if share == 0 or abs(share) >= 1e-4 else "<0.01 %"


def _of_limit(bench: Bench, share: float) -> str:
    """A share of what the machine can do; nothing where that is not known."""
    return _percent(share) if bench.peak_is_known else ""


def _ratio(result: Result, middle: float, ours: float | None) -> str:
    """How many times ours: `1.25×`, `37,300×`."""
    if not ours or result.name == OURS:
        return ""
    times = middle / ours
    return f"{_count(float(f'{times:.3g}'))}×"


def _difference(result: Result) -> Piece:
    if result.difference is None:
        return Piece("")
    agrees = result.difference <= LARGE_DIFFERENCE  # False for NaN
    return Piece(
        f"{result.difference:.1e}" if result.difference else "0", Style.PLAIN if agrees else Style.ERROR
    )


_CONCESSIONS: Sequence[Concession] = (("spread", left_out), ("least", left_out), ("rate", left_out))


def _remarks(bench: Bench, width: int | None) -> Iterator[Line]:
    remarks: list[str] = []
    if bench.interrupted:
        remarks.append("stopped before the end: this is what was measured until then")
    if bench.disturbed:
        remarks.append(
            "something else used the machine: a tenth of the samples took more than twice the median. "
            "Believe `least`, or measure again when it is idle"
        )
    if not bench.peak_is_known:
        remarks.append("a net was faster than the peak that was measured: shares of it would mean nothing")
    if len(bench.results) > 1:
        remarks.append(_about_differences(bench))
    if bench.winograd:
        remarks.append(
            "FLOP are those that the layers define; Winograd's algorithm does fewer, so that its GFLOP/s may "
            "exceed the peak"
        )
    for remark in remarks:
        for text in wrap(remark, width):
            yield line((text, Style.QUIET))
    far = [r.name for r in bench.results if r.difference is not None and not r.difference <= LARGE_DIFFERENCE]
    if far:
        yield line((f"the results of {', '.join(far)} are not ours: something is wrong", Style.ERROR))


def _about_differences(bench: Bench) -> str:
    if not bench.training:
        return (
            "difference: the largest of the outputs to ours, over the part of them that depends on the input"
        )
    if any(result.timing and result.difference is None for result in bench.results[1:]):
        return "dropout draws other masks in other frameworks: losses are not compared"
    return "difference: of the first step's loss to ours, over it"


# --- layers -----------------------------------------------------------------------------------------------


def _profile(bench: Bench, profile: Profile, width: int | None) -> Iterator[Line]:
    rows = [row for row in profile.rows if row.seconds]
    columns = fit(_layers(bench, profile, rows), width, _LAYER_CONCESSIONS)
    yield header(columns)
    yield rule(columns)
    yield from body(columns)
    yield rule(columns)
    whole = next((r.timing.middle for r in bench.results if r.name == OURS and r.timing), None)
    beside = f", the whole {time_text(whole)}" if whole else ""
    text = f"the parts take {time_text(profile.seconds)}{beside} (medians of {profile.rounds:,} rounds)"
    roofs = [(row, row.roof(bench.limits.device)) for row in rows]
    if bench.peak_is_known and any(
        roof and roof.bound is Bound.MEMORY and roof.seconds > row.seconds for row, roof in roofs
    ):
        text += "; beyond 100 % of the roof of memory, numbers were still in the cache"
    for part in wrap(text, width):
        yield line((part, Style.QUIET))


def _layers(bench: Bench, profile: Profile, rows: Sequence[LayerTime]) -> dict[str, Column]:
    device = bench.limits.device

    def column(name: str, text: Callable[[LayerTime], str]) -> Column:
        return Column(name, [Piece(text(row)) for row in rows], right=True)

    def bound(row: LayerTime) -> str:
        roof = row.roof(device)
        return roof.bound if roof and bench.peak_is_known else ""

    def share(row: LayerTime) -> str:
        roof = row.roof(device)
        return _of_limit(bench, float(roof.seconds) / row.seconds) if roof else ""

    stages = {"prepare": "pack", "forward": "→", "backward": "←"}
    return {
        "stage": Column(
            "", [Piece(stages[row.stage] if bench.training else "", Style.QUIET) for row in rows]
        ),
        "layer": Column("layer", [Piece(legible(row.path), Style.STRONG) for row in rows]),
        "fused": Column("with", [Piece(_fused(row)) for row in rows]),
        "algorithm": Column("algorithm", [Piece(row.algorithm) for row in rows]),
        "time": column("time", lambda row: time_text(row.seconds)),
        "part": column("of all", lambda row: _percent(row.seconds / profile.seconds)),
        "rate": column("GFLOP/s", lambda row: _count(row.rate / 1e9) if row.flops else ""),
        "intensity": column("FLOP/B", lambda row: f"{row.intensity:.3g}" if row.flops else ""),
        "bound": column("bound", bound),
        "roof": column("of roof", share),
    }


def _fused(row: LayerTime) -> str:
    return legible(", ".join(path.rpartition(".")[2] for path in row.layers[1:]))


_LAYER_CONCESSIONS: Sequence[Concession] = (
    ("fused", narrowed(12)),
    ("algorithm", narrowed(16)),
    ("layer", narrowed(24)),
    ("fused", left_out),
    ("intensity", left_out),
    ("layer", narrowed(12)),
    ("algorithm", narrowed(8)),
    ("part", left_out),
)
