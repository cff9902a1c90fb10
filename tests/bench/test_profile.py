"""A profile names every layer once and counts what the analysis counts. Its times are only added up."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from textwrap import dedent

import pytest

import cnnspec
from cnnspec.analysis.facts import Analysis, analyse
from cnnspec.analysis.roofline import traffic
from cnnspec.analysis.training_compute import total_training_macs
from cnnspec.backend.executable import Executable, Precision
from cnnspec.backend.plan import make_plan
from cnnspec.bench.job import job_of, our_run
from cnnspec.bench.profile import LOSS, UPDATE, Profile, algorithm_of, profile
from cnnspec.bench.work import moved_by, work_of_run

SPECS = Path(__file__).parents[2] / "specs"

RESIDUAL = """
    net residual():
        input image: [3, 16, 16]
        x = conv(16, 3, pad=1, bias=false) -> bn -> relu
        y = x -> conv(16, 3, pad=1, bias=false) -> bn
        x + y -> relu -> lrn(5) -> maxpool(2) -> dropout(0.5)
        training output aux = (flatten -> linear(4)) weight 0.3
        flatten
        output linear(4)
"""


def residual() -> Analysis:
    return analyse(cnnspec.loads(dedent(RESIDUAL)).net().graph)


def lenet() -> Analysis:
    return analyse(cnnspec.load(SPECS / "lenet5.cnn").net().graph)


def profiled(analysis: Analysis, math: Precision, *, training: bool, batch: int = 3) -> Profile:
    plan = make_plan(analysis.graph, batch=batch, training=training)
    executable = Executable(plan, math=math, threads=1)
    job = job_of(executable, analysis.graph)
    our_run(executable, job)()
    return profile(executable, job, analysis, 0.01)


@pytest.mark.parametrize("math", ["fast", "exact", "plain"])
@pytest.mark.parametrize("net", [lenet, residual])
def test_every_layer_of_an_inference_is_in_one_row(net: object, math: Precision) -> None:
    analysis = net()  # type: ignore[operator]
    found = profiled(analysis, math, training=False)
    named = Counter(path for row in found.rows for path in row.layers)
    layers = {facts.path for facts in analysis.layers if facts.node.inputs and not facts.training_only}
    assert layers <= set(named)
    assert set(named) - layers <= {entry.tensor.node for entry in analysis.graph.inputs}
    assert set(named.values()) == {1}
    assert all(row.layers[0] == row.path for row in found.rows)


@pytest.mark.parametrize("math", ["fast", "exact", "plain"])
@pytest.mark.parametrize("net", [lenet, residual])
def test_flops_of_the_rows_are_those_of_the_analysis(net: object, math: Precision) -> None:
    analysis = net()  # type: ignore[operator]
    inference = profiled(analysis, math, training=False)
    assert inference.flops == 3 * analysis.totals.flops.total == work_of_run(analysis, 3, training=False)
    training = profiled(analysis, math, training=True)
    assert (
        training.flops == 3 * total_training_macs(analysis).flops == work_of_run(analysis, 3, training=True)
    )


def test_a_layer_alone_has_its_own_flops_and_traffic() -> None:
    analysis = lenet()
    rows = {row.path: row for row in profiled(analysis, "plain", training=False).rows}
    for facts in analysis.layers:
        if facts.node.inputs:
            assert rows[facts.path].flops == 3 * facts.flops.total
            assert rows[facts.path].moved == traffic(facts, 3, 32)


def test_what_passes_between_layers_that_run_together_is_not_moved() -> None:
    analysis = residual()
    graph, batch = analysis.graph, 2
    first = moved_by([graph.node("conv1")], graph, batch, 32)
    both = moved_by([graph.node(path) for path in ("conv1", "bn1", "relu1")], graph, batch, 32)
    norm = 4 * (4 * 16 + 1)  # bytes of its weights and statistics, and of the count of batches
    assert both == first + norm


def test_times_add_up() -> None:
    found = profiled(residual(), "fast", training=True)
    assert found.seconds == pytest.approx(sum(row.seconds for row in found.rows))
    assert all(row.seconds >= 0 for row in found.rows)
    assert found.rounds >= 3
    assert any(row.stage == "backward" for row in found.rows)
    assert {LOSS, UPDATE} <= {row.path for row in found.rows}


def test_a_row_has_its_rate_and_its_roof() -> None:
    row = next(row for row in profiled(lenet(), "fast", training=False).rows if row.path == "conv2")
    assert row.rate * row.seconds == pytest.approx(row.flops)
    assert row.intensity * row.moved == pytest.approx(row.flops)


@pytest.mark.parametrize(
    ("what", "algorithm"),
    [
        (("halo", "direct"), "direct"),
        (("transform", "winograd inputs", "winograd products", "winograd outputs"), "winograd"),
        (("to blocks", "weight gradient", "bias gradient", "unpack", "zeros", "data gradient"), "gradients"),
        (("weight gradient",), "weight gradient"),
        (("statistics", "normalise"), "statistics + normalise"),
        (("from blocks", "copy out"), "from blocks + copy out"),
        (("plain",), "plain"),
    ],
)
def test_an_algorithm_is_told_without_what_serves_it(what: tuple[str, ...], algorithm: str) -> None:
    assert algorithm_of(what) == algorithm
