"""What is said of a measurement, with times and limits made up."""

from __future__ import annotations

from collections.abc import Callable

from cnnspec.analysis.facts import Analysis
from cnnspec.bench.benching import Bench
from cnnspec.bench.contest import Result
from cnnspec.bench.limits import Limits
from cnnspec.bench.timing import Timing
from cnnspec.diagnostics.styled import plain_text
from cnnspec.report.bench import describe_bench

NET = """
net n():
    input x: [1, 8, 8]
    output conv(2, 3)
"""


def steady(seconds: float, ninetieth: float = 1.05) -> Timing:
    return Timing(0.9 * seconds, 0.95 * seconds, seconds, ninetieth * seconds, 100)


def said(analysis: Analysis, *, peak: float, winograd: bool = False, **times: Timing) -> str:
    """The report of a net of a million FLOP, ours and peers timed as said, on a machine of this peak."""
    results = tuple(Result(name, timing) for name, timing in times.items())
    limits = Limits(1, peak, 1e10, 1e11)
    bench = Bench(analysis, 1, 1, "fast", False, 1_000_000, winograd, results, limits)
    return plain_text(describe_bench(bench, None))


def test_a_share_of_the_peak_is_said_where_the_peak_can_be_believed(
    analysis: Callable[..., Analysis],
) -> None:
    text = said(analysis(NET), peak=2e10, cnnspec=steady(1e-4))
    assert "This machine: 20 GFLOP/s, 10 GB/s from memory" in text
    assert "50 %" in text
    assert "busy" not in text


def test_a_peak_below_what_a_net_reached_is_no_peak(analysis: Callable[..., Analysis]) -> None:
    text = said(analysis(NET), peak=5e9, cnnspec=steady(1e-4))
    assert "This machine is too busy to measure what it can do" in text
    assert "of peak" not in text


def test_winograd_may_be_faster_than_the_peak_but_not_ten_times(analysis: Callable[..., Analysis]) -> None:
    assert "200 %" in said(analysis(NET), peak=5e9, winograd=True, cnnspec=steady(1e-4))
    assert "too busy" in said(analysis(NET), peak=1e9, winograd=True, cnnspec=steady(1e-4))


def test_samples_far_apart_are_said_to_be_disturbed(analysis: Callable[..., Analysis]) -> None:
    assert "something else used the machine" in said(analysis(NET), peak=1e11, cnnspec=steady(1e-4, 3))
    assert "something else" not in said(analysis(NET), peak=1e11, cnnspec=steady(1e-4))


def test_ratios_have_no_powers_of_ten(analysis: Callable[..., Analysis]) -> None:
    text = said(analysis(NET), peak=1e11, cnnspec=steady(1e-5), slow=steady(0.37312), near=steady(1.25e-5))
    assert "37,300×" in text
    assert "1.25×" in text
    assert "<0.01 %" in text
    assert "e+" not in text
