"""Conventions give the numbers that the tools themselves gave; `peers/record.py` says how they were got."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from analysis.peers.nets import NAMES, SPECS, graph_of
from analysis.peers.record import count

from cnnspec import pipeline
from cnnspec.analysis.conventions import CONVENTIONS, compare
from cnnspec.cli.show_views import TOOLS
from cnnspec.dims import evaluate

COUNTS: dict[str, dict[str, int | None]] = json.loads(
    (Path(__file__).parent / "peers" / "counts.json").read_text(encoding="utf-8")
)
PAIRS = [(tool, name) for tool in CONVENTIONS for name in NAMES if COUNTS[name][tool] is not None]


def test_everything_was_recorded() -> None:
    assert set(COUNTS) == set(NAMES)
    assert all(set(counts) == set(CONVENTIONS) for counts in COUNTS.values())
    # What a tool gives up on cannot be compared: the operators that onnx-tool or the export lack.
    given_up = {tool: [name for name in NAMES if COUNTS[name][tool] is None] for tool in CONVENTIONS}
    assert [tool for tool, names in given_up.items() if names] == ["onnx-tool"]
    assert len(given_up["onnx-tool"]) == 9


def test_the_command_offers_every_tool() -> None:
    assert tuple(CONVENTIONS) == TOOLS


def test_tools_that_are_installed_count_what_was_recorded() -> None:
    """The group `test` has all but calflops: they are asked anew, at the versions of the conventions."""
    for tool, convention in CONVENTIONS.items():
        try:
            installed = version(tool)
        except PackageNotFoundError:
            continue
        if installed == convention.version:
            for name in ("lenet5", "resnet18", "conv(9, 3, groups=3, dilation=2) on [6, 8, 10]"):
                assert count(tool, name) == COUNTS[name][tool]


def test_formulas() -> None:
    spec = pipeline.load(SPECS / "resnet18.cnn").spec
    assert spec is not None
    free = pipeline.elaborate(spec, symbolic=True).graph
    bound = pipeline.elaborate(spec, bindings={"H": 96, "W": 130}).graph
    assert free is not None
    assert bound is not None
    for convention in CONVENTIONS.values():
        formula = compare(pipeline.analyse(free), convention).total
        assert evaluate(formula, {"H": 96, "W": 130}) == compare(pipeline.analyse(bound), convention).total


def test_a_word_is_one_line_that_says_why() -> None:
    comparison = compare(pipeline.analyse(graph_of("resnet18")), CONVENTIONS["thop"])
    lines = {line.word: line for line in comparison.lines}
    assert (lines["relu"].layers, lines["relu"].theirs, lines["relu"].says) == (17, 0, "not counted")
    assert lines["bn"].theirs == 4 * sum(
        int(str(facts.elements))
        for facts in pipeline.analyse(graph_of("resnet18")).layers
        if facts.node.word == "bn"
    )
    assert sum(line.layers for line in comparison.lines) == 69


def test_every_tool_says_what_it_does_about_lengths_angles_and_tiles() -> None:
    layers = "hypot(it, it) -> atan2(it, it) -> pixel_unshuffle(2)"
    spec = pipeline.load_text(f"net n():\n    input x: [3, 4, 4]\n    output {layers}\n").spec
    assert spec is not None
    graph = pipeline.elaborate(spec).graph
    assert graph is not None
    for tool, convention in CONVENTIONS.items():
        lines = {line.word: line for line in compare(pipeline.analyse(graph), convention).lines}
        counts = [lines[word].theirs for word in ("hypot", "atan2", "pixel_unshuffle")]
        assert counts == ([0, 48 * 72, 0] if tool == "onnx-tool" else [0, 0, 0])
        assert lines["hypot"].says == ("not exported" if tool == "onnx-tool" else "not counted")


@pytest.mark.parametrize(("tool", "name"), PAIRS)
def test_a_convention_counts_what_its_tool_counts(tool: str, name: str) -> None:
    analysis = pipeline.analyse(graph_of(name))
    assert compare(analysis, CONVENTIONS[tool]).total == COUNTS[name][tool]
