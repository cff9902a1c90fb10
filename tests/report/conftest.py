"""Analyses of specs written in the tests."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent

import pytest

from cnnspec import pipeline
from cnnspec.analysis.facts import Analysis


@pytest.fixture
def analysis() -> Callable[..., Analysis]:
    """Analyse the first net of a text: `analysis("net a: …", symbolic=True)`."""

    def analyse(text: str, *, symbolic: bool = False) -> Analysis:
        loaded = pipeline.load_text(dedent(text), "net.cnn")
        assert not loaded.diagnostics
        assert loaded.spec
        made = pipeline.elaborate(loaded.spec, symbolic=symbolic)
        assert not made.diagnostics
        assert made.graph
        return pipeline.analyse(made.graph)

    return analyse
