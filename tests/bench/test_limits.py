"""The kernels that measure the machine do the work they are credited with. How fast is not asked."""

from __future__ import annotations

import numpy as np
import pytest

from cnnspec.backend.fast.library import Library, host_library
from cnnspec.backend.fast.program import Program, Row
from cnnspec.backend.fast.simd.target import Real
from cnnspec.bench import limits
from cnnspec.bench.limits import Copying, Limits, MultiplyAdds, Reading, measure_limits

STREAMS = 8


@pytest.fixture(params=["float32", "float64"])
def library(request: pytest.FixtureRequest) -> Library:
    return host_library(Real(request.param))


@pytest.mark.parametrize("threads", [1, 2])
def test_every_multiply_add_is_done(library: Library, threads: int) -> None:
    """From 0 each chain is `k` after its start, then `v·0 + 1`: their sum is the number of chains."""
    room = np.zeros(threads * library.lanes, library.real.value)
    kernel = MultiplyAdds(threads, chains=5, rounds=3)
    Program([Row(kernel, (room.ctypes.data,))], library, threads).run()
    np.testing.assert_array_equal(room, 5)


def test_chains_are_as_long_as_said(library: Library) -> None:
    start, chains, rounds = 2.0, 3, 4
    room = np.full(library.lanes, start, library.real.value)
    Program([Row(MultiplyAdds(1, chains, rounds), (room.ctypes.data,))], library, 1).run()
    wanted = 0.0
    for k in range(chains):
        value = start + k
        for _ in range(rounds):
            value = value * (start * 0.5) + (start + 1)
        wanted += value
    np.testing.assert_allclose(room, wanted, rtol=1e-6)


@pytest.mark.parametrize("threads", [1, 2])
def test_every_number_is_read(library: Library, threads: int) -> None:
    numbers, rounds = 3 * STREAMS * library.lanes, 2
    source = np.arange(threads * numbers, dtype=library.real.value)
    sums = np.zeros(threads * library.lanes, library.real.value)
    row = Row(Reading(threads, numbers, rounds), (source.ctypes.data, sums.ctypes.data))
    Program([row], library, threads).run()
    for share, found in zip(source.reshape(threads, -1), sums.reshape(threads, -1), strict=True):
        np.testing.assert_array_equal(found, rounds * share.reshape(-1, library.lanes).sum(axis=0))


@pytest.mark.parametrize("threads", [1, 2])
def test_every_number_is_copied(library: Library, threads: int) -> None:
    numbers = 5 * STREAMS * library.lanes
    source = np.random.default_rng(0).standard_normal(threads * numbers).astype(library.real.value)
    target = np.zeros_like(source)
    row = Row(Copying(threads, numbers), (target.ctypes.data, source.ctypes.data))
    Program([row], library, threads).run()
    np.testing.assert_array_equal(target, source)


def test_limits_are_positive_and_the_best_of_two_is_the_greater_of_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "MEMORY_BYTES", 1 << 20)
    found = measure_limits(1, 0.01)
    assert min(found.peak, found.memory, found.cache) > 0
    best = Limits(1, 5.0, 2.0, 3.0).best(Limits(1, 4.0, 6.0, 3.0))
    assert best == Limits(1, 5.0, 6.0, 3.0)
    assert best.device.ridge * 6 == 5
