"""Timing on a machine that others use too: many short samples, of which the quick ones tell."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

Run = Callable[[], object]


_LEAST_SAMPLES = 4


@dataclass(frozen=True)
class Timing:
    """Seconds of one call: the quickest, the tenth percentile and the median of all samples."""

    least: float
    tenth: float
    middle: float
    samples: int


def interleaved(runs: Mapping[str, Run], seconds: float) -> dict[str, Timing]:
    """Time several things in turns until each has had its share of `seconds`."""
    repeats = {name: _repeats(run) for name, run in runs.items()}
    samples: dict[str, list[float]] = {name: [] for name in runs}
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or min(map(len, samples.values())) < _LEAST_SAMPLES:
        for name, run in runs.items():
            if repeats[name] > 1:
                run()  # the caches are this one's now
            begin = time.perf_counter()
            for _ in range(repeats[name]):
                run()
            samples[name].append((time.perf_counter() - begin) / repeats[name])
    return {name: _timing(values) for name, values in samples.items()}


def _repeats(run: Run) -> int:
    """So many calls that a sample takes some milliseconds, short enough to fall between interruptions."""
    run()
    begin = time.perf_counter()
    run()
    return max(1, int(0.004 / (time.perf_counter() - begin)))


def _timing(values: list[float]) -> Timing:
    ordered = sorted(values)
    return Timing(ordered[0], ordered[len(ordered) // 10], median(ordered), len(ordered))
