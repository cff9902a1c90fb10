"""What this machine can do at most: multiply-adds a second, bytes a second from memory and from the cache.

Measured with vector code of our own, by as many threads as the net runs on. The roofline is drawn from these
(Williams, Waterman & Patterson 2009).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce
from typing import Any, ClassVar

from numpy.typing import NDArray

from cnnspec.analysis.roofline import Device
from cnnspec.backend.fast.execution import allocate
from cnnspec.backend.fast.library import Library, host_library
from cnnspec.backend.fast.program import Program, Row, usable_threads
from cnnspec.backend.fast.simd.emitter import Emitter
from cnnspec.backend.fast.simd.target import Real
from cnnspec.backend.fast.simd.values import Vector, Word

MEMORY_BYTES = 1 << 27
"""Beyond the last cache that a processor of nearly all machines reaches."""

CACHE_BYTES = 1 << 18
"""For each thread: within the second cache of nearly all machines."""

LIMITS_SECONDS = 0.4
"""How long a measurement takes by default."""

_STREAMS = 8
_CALL_SECONDS = 2e-3


@dataclass(frozen=True, slots=True)
class Limits:
    """FLOP a second (a multiply-add is two), and bytes a second of memory and of the cache, at `threads`."""

    threads: int
    peak: float
    memory: float
    cache: float

    @property
    def device(self) -> Device:
        """The same as the roofline of the analysis wants it."""
        return Device(Fraction(self.peak), Fraction(self.memory))

    def best(self, other: Limits) -> Limits:
        """The greater of each: a limit is what was reached once."""
        return Limits(
            self.threads,
            max(self.peak, other.peak),
            max(self.memory, other.memory),
            max(self.cache, other.cache),
        )


@dataclass(frozen=True, slots=True)
class MultiplyAdds:
    """Buffer: a vector for each task, read and written. Chains of multiply-adds, each on its own."""

    buffers: ClassVar[int] = 1
    tasks: int
    chains: int
    rounds: int

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """All chains of one task; their sum is kept so that they are computed."""
        address = buffers[0] + task * (e.bytes * e.lanes)
        start = e.load(address)
        factor, term = start * 0.5, start + 1.0

        def step(index: Word, sums: list[Vector]) -> list[Vector]:
            del index
            return [e.fma(value, factor, term) for value in sums]

        sums = e.fold(self.rounds, [start + float(k) for k in range(self.chains)], step)
        e.store(_sum(sums), address)


@dataclass(frozen=True, slots=True)
class Reading:
    """Buffers: numbers that are read, and a vector for each task, where their sum goes. `numbers` a task.

    They are read `rounds` times over.
    """

    buffers: ClassVar[int] = 2
    tasks: int
    numbers: int
    rounds: int

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """Some vectors at a time, each added to a sum of its own."""
        first = buffers[0] + task * (e.bytes * self.numbers)
        step = e.lanes * _STREAMS

        def pass_over(index: Word, sums: list[Vector]) -> list[Vector]:
            del index

            def add(group: Word, sums: list[Vector]) -> list[Vector]:
                address = first + group * (e.bytes * step)
                return [value + e.load(address, k * e.lanes) for k, value in enumerate(sums)]

            return e.gather_up(0, self.numbers // step, sums, add)

        sums = e.fold(self.rounds, [e.vector(0.0)] * _STREAMS, pass_over)
        e.store(_sum(sums), buffers[1] + task * (e.bytes * e.lanes))


@dataclass(frozen=True, slots=True)
class Copying:
    """Buffers: numbers that are written, numbers that are read. `numbers` a task."""

    buffers: ClassVar[int] = 2
    tasks: int
    numbers: int

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """Some vectors at a time."""
        start, step = task * (e.bytes * self.numbers), e.lanes * _STREAMS
        with e.loop(0, self.numbers // step) as group:
            at = start + group * (e.bytes * step)
            for k in range(_STREAMS):
                e.store(e.load(buffers[1] + at, k * e.lanes), buffers[0] + at, k * e.lanes)


def _sum(vectors: Sequence[Vector]) -> Vector:
    total = vectors[0]
    for vector in vectors[1:]:
        total = total + vector
    return total


def measure_limits(threads: int, seconds: float, real: Real = Real.FLOAT32) -> Limits:
    """Measure for about so long; the quickest call of each kind tells.

    Where several threads seldom have their processors at once, one alone may reach more: that counts too.
    """
    library = host_library(real)
    counts = {usable_threads(threads), 1}
    found = [_limits(library, count, seconds / len(counts)) for count in counts]
    return replace(reduce(Limits.best, found), threads=threads)


def _limits(library: Library, threads: int, seconds: float) -> Limits:
    each = seconds / 4
    memory = max(_reading(library, threads, each), _copying(library, threads, each))
    cache = _reading_cache(library, threads, each)
    return Limits(threads, _multiply_adds(library, threads, each), memory, cache)


def _multiply_adds(library: Library, threads: int, seconds: float) -> float:
    chains, rounds = library.target.accumulators, 1 << 15
    kernel = MultiplyAdds(threads, chains, rounds)
    room = _ones(library, threads * library.lanes)
    program = Program([Row(kernel, (room.ctypes.data,))], library, threads)
    return 2 * threads * chains * rounds * library.lanes / _quickest(program.run, seconds)


def _reading(library: Library, threads: int, seconds: float) -> float:
    numbers = _share(library, threads, MEMORY_BYTES)
    source, sums = _ones(library, threads * numbers), _ones(library, threads * library.lanes)
    row = Row(Reading(threads, numbers, 1), (source.ctypes.data, sums.ctypes.data))
    return source.nbytes / _quickest(Program([row], library, threads).run, seconds)


def _copying(library: Library, threads: int, seconds: float) -> float:
    """Counts what is read and what is written."""
    numbers = _share(library, threads, MEMORY_BYTES // 2)
    source, target = _ones(library, threads * numbers), _ones(library, threads * numbers)
    row = Row(Copying(threads, numbers), (target.ctypes.data, source.ctypes.data))
    return 2 * source.nbytes / _quickest(Program([row], library, threads).run, seconds)


def _reading_cache(library: Library, threads: int, seconds: float) -> float:
    numbers = _share(library, 1, CACHE_BYTES)
    rounds = max(1, int(_CALL_SECONDS * 5e10 / CACHE_BYTES))
    source, sums = _ones(library, threads * numbers), _ones(library, threads * library.lanes)
    row = Row(Reading(threads, numbers, rounds), (source.ctypes.data, sums.ctypes.data))
    return rounds * source.nbytes / _quickest(Program([row], library, threads).run, seconds)


def _share(library: Library, threads: int, size: int) -> int:
    """Numbers of a thread's share of so many bytes, in whole steps."""
    step = library.lanes * _STREAMS
    return max(1, size // (threads * library.real.bytes * step)) * step


def _ones(library: Library, numbers: int) -> NDArray[Any]:
    array = allocate(numbers * library.real.bytes).view(library.real.value)
    array.fill(1.0)
    return array


def _quickest(run: Callable[[], None], seconds: float) -> float:
    """Seconds of the quickest of the calls in so long."""
    run()
    end, best = time.perf_counter() + seconds, float("inf")
    while True:
        begin = time.perf_counter()
        run()
        now = time.perf_counter()
        best = min(best, now - begin)
        if now > end:
            return best
