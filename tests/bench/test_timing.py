"""Samples in turns, and what they say. Clocks are not asked: only what is done with what they say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnspec.bench.timing import LEAST_SAMPLES, Stopwatch, interleaved, take_turns, timing


@given(st.lists(st.floats(1e-9, 1e3), min_size=1, max_size=200))
def test_percentiles_are_samples_in_their_order(samples: list[float]) -> None:
    found = timing(samples)
    assert found.least == min(samples)
    assert found.least <= found.tenth <= found.middle <= found.ninetieth <= max(samples)
    assert {found.tenth, found.ninetieth} <= set(samples)
    assert found.samples == len(samples)


def test_everyone_has_a_turn_before_anyone_has_a_second() -> None:
    turns: list[str] = []

    def sampler(name: str) -> float:
        turns.append(name)
        return 1.0

    samples: dict[str, list[float]] = {}
    take_turns({name: lambda name=name: sampler(name) for name in "abc"}, 0, samples)
    assert turns == ["a", "b", "c"] * LEAST_SAMPLES
    assert samples == {name: [1.0] * LEAST_SAMPLES for name in "abc"}


def test_what_was_sampled_stays_when_it_is_stopped() -> None:
    def stop() -> float:
        raise KeyboardInterrupt

    samples: dict[str, list[float]] = {}
    with pytest.raises(KeyboardInterrupt):
        take_turns({"quick": lambda: 0.5, "stopped": stop}, 1, samples)
    assert samples == {"quick": [0.5], "stopped": []}


def test_a_quick_run_is_called_many_times_a_sample() -> None:
    calls = 0

    def run() -> None:
        nonlocal calls
        calls += 1

    watch = Stopwatch(run)
    before = calls
    assert watch() > 0
    assert calls - before > 10


def test_interleaved_times_all() -> None:
    found = interleaved({"a": lambda: None, "b": lambda: None}, 0.01)
    assert list(found) == ["a", "b"]
    assert all(one.samples >= LEAST_SAMPLES for one in found.values())
