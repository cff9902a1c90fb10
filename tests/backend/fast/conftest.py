"""What the tests of fast kernels share: guarded memory, plain and blocked arrays, a way to run one kernel."""

from __future__ import annotations

import numpy as np
import pytest

from cnnspec.backend.code_cache import CodeCache, user_cache
from cnnspec.backend.fast.kernel import Kernel
from cnnspec.backend.fast.layout import BlockedMap
from cnnspec.backend.fast.library import Library
from cnnspec.backend.fast.program import Program, Row
from cnnspec.backend.fast.simd.compiler import host
from cnnspec.backend.fast.simd.target import Real, without_avx512

GUARD = 4096


class Memory:
    """Arrays between bands of NaN: who reads past an end computes NaN, who writes there is caught."""

    def __init__(self, dtype: str) -> None:
        self.dtype = np.dtype(dtype)
        self._whole: list[np.ndarray] = []

    def array(self, numbers: int, fill: float = 0.0) -> np.ndarray:
        whole = np.full(numbers + 2 * GUARD, np.nan, self.dtype)
        shift = -whole.ctypes.data % 64 // self.dtype.itemsize
        inside = whole[GUARD + shift : GUARD + shift + numbers]
        inside[:] = fill
        self._whole.append((whole, GUARD + shift, numbers))
        return inside

    def of(self, values: np.ndarray) -> np.ndarray:
        inside = self.array(values.size)
        inside[:] = np.ascontiguousarray(values).ravel()
        return inside

    def blocked(self, map_: BlockedMap, values: np.ndarray | None = None) -> np.ndarray:
        """A map's buffer: its halo zero, its inside the values (or NaN, to see what is not written)."""
        inside = self.array(map_.numbers)
        view = self._view(map_, inside)
        if values is None:
            view[:] = np.nan
        else:
            padded = np.zeros((map_.batch, map_.blocks * map_.block, *map_.size), self.dtype)
            padded[:, : map_.channels] = values.reshape(map_.batch, map_.channels, *map_.size)
            view[:] = padded.reshape(map_.batch, map_.blocks, map_.block, *map_.size).transpose(
                0, 1, 3, 4, 5, 2
            )
        return inside

    def plain(self, map_: BlockedMap, buffer: np.ndarray) -> np.ndarray:
        """The inside of a map as `(N, C, D, H, W)`."""
        values = self._view(map_, buffer).transpose(0, 1, 5, 2, 3, 4)
        return values.reshape(map_.batch, map_.blocks * map_.block, *map_.size)[:, : map_.channels]

    @staticmethod
    def _view(map_: BlockedMap, buffer: np.ndarray) -> np.ndarray:
        whole = buffer.reshape(map_.batch, map_.room or map_.blocks, *map_.padded, map_.block)[
            :, : map_.blocks
        ]
        (d, h, w), (nd, nh, nw) = map_.halo[0], map_.size
        return whole[:, :, d : d + nd, h : h + nh, w : w + nw]

    def check(self) -> None:
        for whole, start, numbers in self._whole:
            assert np.isnan(whole[:start]).all(), "written before a buffer"
            assert np.isnan(whole[start + numbers :]).all(), "written past a buffer"


class Bench:
    """Runs kernels on arrays, with one thread and with two, and compares the bytes."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.real = library.real
        self.lanes = library.lanes
        self.accumulators = library.target.accumulators
        self.memory = Memory(library.real.value)

    def run(self, *steps: tuple[Kernel, tuple[np.ndarray | int, ...]]) -> None:
        def address(of: np.ndarray | int) -> int:
            return of if isinstance(of, int) else of.ctypes.data

        rows = [Row(kernel, tuple(map(address, used))) for kernel, used in steps]
        arrays = {id(array): array for _, used in steps for array in used if not isinstance(array, int)}
        before = {key: array.copy() for key, array in arrays.items()}
        Program(rows, self.library, 1).run()
        alone = {key: array.copy() for key, array in arrays.items()}
        for key, array in arrays.items():
            array[:] = before[key]
        Program(rows, self.library, 2).run()
        for key, array in arrays.items():
            assert array.tobytes() == alone[key].tobytes(), "two threads give other bytes than one"
        self.memory.check()


def _bench(real: Real, *, narrow: bool = False) -> Bench:
    target = without_avx512(host()) if narrow else host()
    return Bench(Library(target, real, user_cache()))


@pytest.fixture(params=["float32", "float64", "float32 without AVX-512"])
def bench(request: pytest.FixtureRequest) -> Bench:
    """Each number type, and the host held back to AVX2."""
    real, _, narrow = request.param.partition(" ")
    return _bench(Real(real), narrow=bool(narrow))


@pytest.fixture
def exact_bench() -> Bench:
    """Double precision alone."""
    return _bench(Real.FLOAT64)


@pytest.fixture
def empty_cache() -> CodeCache:
    """A cache that keeps nothing."""
    return CodeCache(None)
