"""Start-up is a feature: what `check` loads, and how long whole processes take."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("numpy", "sympy", "numba", "rich", "torch", "onnx", "scipy")

MARGIN = 1.4
"""For noise; `benchmarks/startup.py` measures the figure itself."""

PROBE = """
import sys
from cnnspec.cli.main import run
{before}
code = run({arguments!r})
print(code, *sorted({{name.partition(".")[0] for name in sys.modules}} & set({heavy!r})), file=sys.stderr)
"""


def loaded_by(*arguments: str, before: str = "") -> list[str]:
    """The exit code of a command and which of the heavy packages it imported."""
    program = PROBE.format(arguments=list(arguments), heavy=HEAVY, before=before)
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    return result.stderr.split()


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "specs/lenet5.cnn"),
        ("check", "specs/resnet50.cnn", "--format", "json"),
        ("show", "specs/resnet50.cnn"),
        ("explain", "specs/lenet5.cnn", "conv1"),
        ("--help",),
    ],
)
def test_what_needs_no_arrays_loads_none(arguments: tuple[str, ...]) -> None:
    assert loaded_by(*arguments) == ["0"]


@pytest.mark.parametrize("package", ["numpy", "sympy"])
def test_a_heavy_import_would_be_noticed(package: str) -> None:
    assert loaded_by("check", "specs/lenet5.cnn", before=f"import {package}") == ["0", package]


@pytest.mark.parametrize(
    ("command", "bound"), [("check specs/lenet5.cnn", 0.25), ("show specs/resnet50.cnn", 0.5)]
)
def test_a_whole_process_is_quick(command: str, bound: float) -> None:
    """The bound is for a machine that imports networkx in 0.1 s; a slower one gets as much more."""
    yardstick = processor_seconds("-c", "import networkx")
    taken = processor_seconds("-m", "cnnspec", *command.split())
    assert taken <= MARGIN * bound * max(1.0, yardstick / 0.1)


def processor_seconds(*arguments: str) -> float:
    """The least of a few runs; processor time, as other programs may be running too."""
    return min(_one_run(arguments) for _ in range(5))


def _one_run(arguments: tuple[str, ...]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
