"""Counts what the fuzz tests compared, and says so at the end of the run."""

from __future__ import annotations

from collections import Counter

import pytest

MISMATCHES = "mismatches"
_KEY = pytest.StashKey[Counter[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin to count."""
    config.stash[_KEY] = Counter()


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Counter[str]:
    """What has been compared so far, by its name; tests add to it."""
    return request.config.stash[_KEY]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what was compared."""
    counts = config.stash[_KEY]
    for what in sorted(counts.keys() - {MISMATCHES}):
        terminalreporter.write_line(f"fuzz: {what}: {counts[what]:,}")
    if counts:
        terminalreporter.write_line(f"fuzz: {MISMATCHES}: {counts[MISMATCHES]:,}")
