"""A kernel is compiled once a machine; an entry with anything wrong is not trusted but compiled again."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import numpy as np
from cnnspec.backend.kernels.activation import KERNELS
compiled, _ = KERNELS["relu"]
x = np.array([-1.0, 2.0])
compiled(0, 2, x, x, 0.0)
print(x.tolist(), sum(compiled.stats.cache_hits.values()), sum(compiled.stats.cache_misses.values()))
"""
COMPILED, LOADED = "[0.0, 2.0] 0 1", "[0.0, 2.0] 1 0"


def run_program(folder: Path, **environment: str) -> str:
    variables = {**os.environ, "NUMBA_CACHE_DIR": str(folder), **environment}
    arguments = [sys.executable, "-W", "ignore", "-c", PROGRAM]
    done = subprocess.run(arguments, env=variables, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    assert run_program(folder) == COMPILED
    return folder


def entry_in(folder: Path) -> Path:
    (entry,) = (folder / "kernels").iterdir()
    return entry


def test_the_next_process_loads_it(filled: Path) -> None:
    assert run_program(filled) == LOADED


def test_other_options_are_another_entry(filled: Path) -> None:
    known = set((filled / "kernels").iterdir())
    assert run_program(filled, CNNSPEC_BOUNDSCHECK="1") == COMPILED
    (other,) = set((filled / "kernels").iterdir()) - known
    other.unlink()


def test_a_damaged_entry_is_compiled_again(filled: Path) -> None:
    entry = entry_in(filled)
    entry.write_bytes(entry.read_bytes()[:-100])
    assert run_program(filled) == COMPILED
    assert run_program(filled) == LOADED


class Poison:
    def __reduce__(self) -> tuple[object, ...]:
        return (os.mkdir, ("poisoned",))


def test_a_foreign_pickle_is_not_opened(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    entry_in(filled).write_bytes(pickle.dumps(Poison()))
    assert run_program(filled) == COMPILED
    assert not (tmp_path / "poisoned").exists()


def test_a_folder_that_others_can_write_is_not_used(filled: Path) -> None:
    (filled / "kernels").chmod(0o777)
    try:
        assert run_program(filled) == COMPILED
    finally:
        (filled / "kernels").chmod(0o700)
