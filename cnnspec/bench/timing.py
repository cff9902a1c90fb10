"""Timing on a machine that others use too: many short samples in turns, of which the quick ones tell."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

Run = Callable[[], object]
Sampler = Callable[[], float]
"""Takes one sample: the seconds of a call."""

LEAST_SAMPLES = 4
_SAMPLE_SECONDS = 0.004
_LONG, _TRIES = 0.04, 5


@dataclass(frozen=True)
class Timing:
    """Seconds of one call: the quickest, the median between two percentiles, and how many samples tell."""

    least: float
    tenth: float
    middle: float
    ninetieth: float
    samples: int


class Stopwatch:
    """Takes samples of a run that are long enough to be timed and fall between interruptions."""

    def __init__(self, run: Run) -> None:
        """Call some times: the first may compile, and those after it may wait for threads to wake."""
        self._run = run
        run()
        quickest = self._timed()
        if quickest < _LONG:
            quickest = min(quickest, *(self._timed() for _ in range(_TRIES)))
        self._repeats = max(1, int(_SAMPLE_SECONDS / quickest))

    def _timed(self) -> float:
        begin = time.perf_counter()
        self._run()
        return time.perf_counter() - begin

    def __call__(self) -> float:
        """The seconds of a call, from some calls in a row after one that brings the caches back."""
        if self._repeats > 1:
            self._run()
        begin = time.perf_counter()
        for _ in range(self._repeats):
            self._run()
        return (time.perf_counter() - begin) / self._repeats


def take_turns(
    samplers: Mapping[str, Sampler], seconds: float, samples: dict[str, list[float]], *, pause: float = 0.0
) -> None:
    """Sample several things in turns for so long, into `samples`: what was taken stays if this is stopped.

    With a pause before each, in which the threads of the one before go to sleep.
    """
    end = time.perf_counter() + seconds
    for name in samplers:
        samples.setdefault(name, [])
    while time.perf_counter() < end or min(len(samples[name]) for name in samplers) < LEAST_SAMPLES:
        for name, sampler in samplers.items():
            if pause:
                time.sleep(pause)
            samples[name].append(sampler())


def interleaved(runs: Mapping[str, Run], seconds: float) -> dict[str, Timing]:
    """Time several things in turns until all of it took `seconds`."""
    samples: dict[str, list[float]] = {}
    take_turns({name: Stopwatch(run) for name, run in runs.items()}, seconds, samples)
    return {name: timing(values) for name, values in samples.items()}


def timing(samples: Sequence[float]) -> Timing:
    """What at least one sample says."""
    ordered = sorted(samples)
    last = len(ordered) - 1
    return Timing(ordered[0], ordered[last // 10], median(ordered), ordered[last - last // 10], len(ordered))
