"""A kernel is compiled once; what its machine code depends on is in its name."""

from __future__ import annotations

from pathlib import Path

from cnnspec.backend.code_cache import CodeCache, private_folder
from cnnspec.backend.fast.cache import key_of
from cnnspec.backend.fast.kernels.copies import Zeros
from cnnspec.backend.fast.library import Library
from cnnspec.backend.fast.simd.compiler import host
from cnnspec.backend.fast.simd.target import Real, without_avx512


def compiled(folder: Path) -> int:
    """How many kernels a new library had to compile for one that may lie in a folder."""
    count = [0]

    def note() -> None:
        count[0] += 1

    Library(host(), Real.FLOAT32, CodeCache(private_folder(folder))).address(Zeros(100), note)
    return count[0]


def test_the_second_library_compiles_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "kernels"
    assert [compiled(folder), compiled(folder)] == [1, 0]


def test_a_spoiled_entry_is_compiled_again(tmp_path: Path) -> None:
    folder = tmp_path / "kernels"
    compiled(folder)
    (entry,) = folder.iterdir()
    entry.write_bytes(entry.read_bytes()[:-1])
    assert [compiled(folder), compiled(folder)] == [1, 0]


def test_keys_tell_processors_types_and_sizes_apart() -> None:
    keys = {
        key_of(Zeros(numbers), real, target)
        for numbers in (1, 2)
        for real in Real
        for target in (host(), without_avx512(host()))
    }
    assert len(keys) == 8
