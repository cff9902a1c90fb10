"""`cnnspec compile`: kernels into the cache, programs into files, and nothing overwritten unasked."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cnnspec as package
from cnnspec.backend import code_cache
from cnnspec.backend.compilation import Compilation, watching

Run = Callable[..., Any]
Write = Callable[..., Path]

TINY = """\
net tiny:
    input image: [1, 8, 8]
    conv(4, 3) -> relu -> flatten
    output linear(3)
"""


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def script(text: str) -> str:
    """What a Python script prints that runs in this folder."""
    environment = os.environ | {"PYTHONPATH": "."}
    result = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, check=False, env=environment
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_a_net_is_compiled_into_the_cache(process: Run, spec: Write, tmp_path: Path) -> None:
    path, cache = spec(TINY), str(tmp_path / "cache")
    first = process("compile", path, "--threads", "1", NUMBA_CACHE_DIR=cache).stdout.decode()
    second = process("compile", path, "--threads", "1", NUMBA_CACHE_DIR=cache).stdout.decode()
    assert first.startswith("tiny is ready in ")
    assert ", 0 found in the cache" in first
    assert ": 0 compiled, " in second
    assert f"cache  {cache}/kernels  " in second
    cleared = process("compile", "--clear-cache", NUMBA_CACHE_DIR=cache).stdout.decode()
    assert "files removed from" in cleared
    assert not list((tmp_path / "cache/kernels").iterdir())


def test_a_program_is_written_with_its_weights_beside_it(cnnspec: Run, spec: Write) -> None:
    net = package.load(spec(TINY)).net()
    trained = package.compile(net, seed=11, training=False)
    trained.save("trained.safetensors")
    image = np.linspace(-1, 1, 64, dtype=np.float32).reshape(1, 1, 8, 8)
    result = cnnspec("compile", spec(TINY), "--emit", "tiny.py", "--weights", "trained.safetensors")
    assert result.code == 0, result.err
    assert [line.split()[0] for line in result.out.splitlines()] == ["tiny.py", "tiny.safetensors"]
    found = script(
        "import numpy, tiny;"
        "print(tiny.forward(numpy.linspace(-1, 1, 64, dtype='float32').reshape(1, 1, 8, 8)).tobytes().hex())"
    )
    assert found == trained.forward(image).tobytes().hex()


def test_files_are_not_overwritten_unasked(cnnspec: Run, spec: Write) -> None:
    path = spec(TINY)
    Path("tiny.py").write_text("mine")
    refused = cnnspec("compile", path, "--emit", "tiny.py")
    assert (refused.code, Path("tiny.py").read_text()) == (2, "mine")
    assert "tiny.py is there already" in refused.err
    assert "--force" in refused.err
    assert cnnspec("compile", path, "--emit", "tiny.py", "--force").code == 0
    assert "def forward" in Path("tiny.py").read_text(encoding="utf-8")


def test_weights_of_another_net_are_refused_and_nothing_is_written(cnnspec: Run, spec: Write) -> None:
    other = package.loads("net o:\n    input x: [1, 4]\n    output conv(1, 2)\n").net()
    package.compile(other, training=False).save("other.safetensors")
    result = cnnspec("compile", spec(TINY), "--emit", "tiny.py", "--weights", "other.safetensors")
    assert result.code == 2
    assert "weights-mismatch" in result.err
    assert not Path("tiny.py").exists()
    assert not Path("tiny.safetensors").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "give a SPEC"),
        (["--clear-cache", "--batch", "8"], "give a SPEC"),
        (["--clear-cache", "--emit", "net.py"], "give a SPEC"),
        (["net.cnn", "--emit", "net.txt"], "such as net.py"),
        (["net.cnn", "--emit", "my-net.py"], "such as net.py"),
        (["net.cnn", "--emit", "class.py"], "such as net.py"),
        (["net.cnn", "--weights", "w.safetensors"], "--weights goes with --emit"),
        (["net.cnn", "--seed", "0"], "--seed goes with --emit"),
        (["net.cnn", "--force"], "--force goes with --emit"),
        (["net.cnn", "--recompute"], "--recompute goes with --training"),
        (["net.cnn", "--recompute", "--training", "--math", "plain"], "--recompute is for fast kernels"),
        (["net.cnn", "--emit", "nowhere/net.py"], "nowhere"),
        (["net.cnn", "--emit", "net.py", "--weights", "none.safetensors"], "none.safetensors"),
    ],
)
def test_what_cannot_be_done_is_said(options: list[str], said: str, cnnspec: Run, spec: Write) -> None:
    spec(TINY)
    result = cnnspec("compile", *options)
    assert result.code == 2
    assert said in result.err
    assert not Path("net.py").exists()


def test_a_full_disk_is_said(cnnspec: Run, spec: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, text: str, encoding: str) -> int:
        del self, text, encoding
        raise OSError(28, "No space left on device")

    path = spec(TINY)
    monkeypatch.setattr(Path, "write_text", full)
    result = cnnspec("compile", path, "--emit", "tiny.py")
    assert result.code == 2
    assert "no space left on device" in result.err
    assert not list(Path().glob("*.py")) + list(Path().glob(".*partial"))


# --- progress ---------------------------------------------------------------------------------------------


def test_progress_is_told_and_an_exception_ends_the_compilation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = package.loads(TINY.replace("conv(4, 3)", "conv(5, 3)")).net()
    states: list[Compilation] = []
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    code_cache.user_cache.cache_clear()
    try:
        with watching(states.append):
            package.compile(net, training=False).forward(np.zeros((1, 1, 8, 8)))
    finally:
        code_cache.user_cache.cache_clear()
    assert states[-1].done == states[-1].total > 0
    assert [state.done for state in states] == sorted(state.done for state in states)

    def stop(state: Compilation) -> None:
        raise KeyboardInterrupt

    other = package.compile(package.loads(TINY.replace("conv(4, 3)", "conv(7, 3)")).net(), training=False)
    with watching(stop), pytest.raises(KeyboardInterrupt):
        other.forward(np.zeros((1, 1, 8, 8)))
    other.forward(np.zeros((1, 1, 8, 8)))


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
def test_ctrl_c_says_what_is_kept(tmp_path: Path) -> None:
    specs = Path(__file__).parents[2] / "specs"
    command = [sys.executable, "-m", "cnnspec", "compile", str(specs / "densenet121.cnn"), "--threads", "1"]
    folder = tmp_path / "cache/kernels"
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        while process.poll() is None and not (folder.is_dir() and len(list(folder.iterdir())) > 3):
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert said.strip().startswith("interrupted: the ")
    assert said.strip().endswith(" kernels compiled so far are kept")
