"""How the tests call the command line."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from cnnspec.cli.main import run

ROOT = Path(__file__).parents[2]

LENET = (ROOT / "specs/lenet5.cnn").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Result:
    """How a command ended."""

    code: int
    out: str
    err: str


Cnnspec = Callable[..., Result]


@pytest.fixture
def cnnspec(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cnnspec:
    """Call a command in this process: `cnnspec("check", path, stdin=b"…")`."""
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "CNNSPEC_DEBUG"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: str | Path, stdin: bytes = b"") -> Result:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code = run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return call


@pytest.fixture
def process() -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Call a command in a process of its own, with some variables of the environment set."""

    def call(
        *arguments: str | Path, stdin: bytes = b"", **environment: str
    ) -> subprocess.CompletedProcess[bytes]:
        kept = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "NO_COLOR"}}
        return subprocess.run(
            [sys.executable, "-m", "cnnspec", *map(str, arguments)],
            cwd=ROOT,
            input=stdin,
            env=kept | environment,
            capture_output=True,
            timeout=60,
            check=False,
        )

    return call


@pytest.fixture
def spec(tmp_path: Path) -> Callable[..., Path]:
    """Write a spec file."""

    def write(text: str, name: str = "net.cnn") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write
