"""What holds for every test: the oracles are counted, and in CI nothing may be skipped."""

from __future__ import annotations

import gc
import os
import re
import signal
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from hypothesis import settings

# Machines are shared: no test fails for being slow once. CI repeats its examples; users get new ones.
settings.register_profile("cnnspec", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("cnnspec")

ORACLES = ("torch", "onnxruntime")
_IMPORT = re.compile(rf"""\b(?:import|from|importorskip\(["'])\s*[\w.]*(?:{"|".join(ORACLES)})""")


@pytest.fixture(autouse=True, scope="module")
def _own_heap() -> None:
    """Set aside what other modules left on the heap: it is not walked through again by every full collection.

    A process that only checks a spec has no such heap; here a collection would take a good part of the second
    that a test allows.
    """
    gc.collect()
    gc.freeze()


@cache
def _asks_an_oracle(path: Path) -> bool:
    return path.suffix == ".py" and _IMPORT.search(path.read_text(encoding="utf-8")) is not None


def pytest_configure() -> None:
    """Let Ctrl-C be heard, for the tests of it: a job that a shell starts in the background ignores it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of every module that asks another framework, by itself or through ours that does."""
    for item in items:
        if _asks_an_oracle(item.path):
            item.add_marker("oracle")


def _skipped(config: pytest.Config) -> list[pytest.TestReport]:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return reporter.stats.get("skipped", []) if reporter else []


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI an oracle that is missing is an error; on a user's machine its tests skip."""
    if os.environ.get("CI") and _skipped(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests passed that may compare with another framework."""
    asked = sum("oracle" in report.keywords for report in terminalreporter.stats.get("passed", []))
    skipped = len(_skipped(terminalreporter.config))
    frameworks = " or ".join(f"{name} {_version(name)}" for name in ORACLES)
    terminalreporter.write_line(
        f"oracles: {asked} tests passed in modules that ask {frameworks}; {skipped} tests skipped"
    )
    if skipped and os.environ.get("CI"):
        terminalreporter.write_line("In CI a skipped test is an error.", red=True)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(absent)"
