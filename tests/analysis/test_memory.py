"""Peaks are what the plan of the executable takes, for every layer and every net of the zoo."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_nets import random_net

from cnnspec import pipeline
from cnnspec.analysis.memory import (
    Optimiser,
    Peak,
    best_segments,
    greatest_inference,
    greatest_training,
    inference_peak,
    training_peak,
)
from cnnspec.analysis.retention import Reads, reads, runs_in_place, saved
from cnnspec.analysis.timeline import Policy, Role
from cnnspec.backend.plan import Plan
from cnnspec.backend.plan.build import make_plan
from cnnspec.backend.plan.lowering import lower
from cnnspec.backend.plan.model import WIDTHS
from cnnspec.dims import Dim, evaluate, symbol
from cnnspec.graph import Graph

SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.cnn"))
ROLES = tuple(role.value for role in Role)

TRICKY = """
net n(classes = 5):
    input x: [4, H = 16, W = 16]
    layer shared = conv(4, 3, pad=1)
    conv(4, 3, pad=1, frozen) -> relu
    a = it -> shared -> bn -> relu -> dropout
    b = a -> shared -> maxpool(3, stride=1, pad=1) -> leaky_relu(-1)
    c, d = b -> split(2)
    training output early = b -> global_avgpool -> flatten -> linear(classes) -> softmax
    concat(a + b, c, d) -> groupnorm(4) -> lrn -> layernorm -> layernorm(over=channels) -> lppool(2)
    it * (global_maxpool -> sigmoid) -> instancenorm -> prelu -> scale -> identity -> adaptive_maxpool(2)
    conv_transpose(4, 2, stride=2) -> upsample(2) -> elu -> flatten
    output linear(classes) -> log_softmax
"""


def graph_of(text: str, symbolic: bool = False) -> Graph:
    loaded = pipeline.load_text(text)
    assert loaded.spec is not None, loaded.diagnostics
    made = pipeline.elaborate(loaded.spec, symbolic=symbolic)
    assert made.graph is not None, made.diagnostics
    return made.graph


def graph_at(path: Path) -> Graph:
    spec = pipeline.load(path).spec
    assert spec is not None
    graph = pipeline.elaborate(spec).graph
    assert graph is not None
    return graph


@pytest.fixture(autouse=True)
def _any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plans are only made, never run, so that they may be larger than this machine."""
    monkeypatch.setattr("cnnspec.backend.plan.build.refuse_too_big", lambda *_: None)


def held(peak: Peak) -> Dim:
    """What lies in the arena."""
    return sum(size for name, size in peak.parts.items() if name in ROLES)  # type: ignore[arg-type]


def plans(graph: Graph, batch: int) -> tuple[Plan, Plan]:
    return make_plan(graph, batch=batch), make_plan(graph, batch=batch, training=True)


@pytest.mark.parametrize("batch", [1, 8])
@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_the_zoo_takes_what_is_said(path: Path, batch: int) -> None:
    graph = graph_at(path)
    inference, training = plans(graph, batch)
    infer = inference_peak(graph, batch, 4).bytes
    train = training_peak(graph, batch, 4, optimiser=Optimiser.SGD)
    assert infer == sum(inference.memory.peak.values())
    assert held(train) == sum(training.memory.peak.values())
    assert infer <= inference.memory.arena <= 1.1 * infer
    assert train.bytes <= training.memory.total <= 1.1 * train.bytes


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch", [1, 3])
def test_every_kind_of_layer_takes_what_is_said(batch: int, dtype: str) -> None:
    graph = graph_of(TRICKY)
    width = WIDTHS[dtype]
    inference = make_plan(graph, batch=batch, dtype=dtype)
    training = make_plan(graph, batch=batch, training=True, dtype=dtype)
    assert inference_peak(graph, batch, width).bytes == sum(inference.memory.peak.values())
    assert held(training_peak(graph, batch, width)) == sum(training.memory.peak.values())


@settings(max_examples=40)
@given(st.integers(0, 10**6))
def test_random_nets_take_what_is_said(seed: int) -> None:
    graph = graph_of(random_net(seed).text)
    inference, training = make_plan(graph, batch=2), make_plan(graph, batch=2, training=True)
    assert inference_peak(graph, 2, 4).bytes == sum(inference.memory.peak.values())
    assert held(training_peak(graph, 2, 4)) == sum(training.memory.peak.values())


def test_what_is_kept_is_what_the_operations_read() -> None:
    """Two rooms say what a backward pass needs; here they are held together."""
    nodes = [node for path in SPECS for node in graph_at(path) if node.inputs]
    nodes += [node for node in graph_of(TRICKY) if node.inputs]
    for node in nodes:
        operation = lower(node, 0)
        said = reads(node.layer)
        assert (Reads.INPUTS in said, Reads.OUTPUTS in said) == (
            operation.keeps_inputs,
            operation.keeps_outputs,
        ), node.word
        assert runs_in_place(node.layer) == operation.in_place, node.word
        first = saved(node.layer, node.input_shapes[0], node.output_shapes[0])
        assert (first.bytes(1, 4) != 0) == bool(
            operation.saved(((1, *node.input_shapes[0]),), ((1, *node.output_shapes[0]),))
        )


CHAIN = """
net n(classes = 10):
    input x: [3, H = 32, W = 32] where H >= 32, W >= 32
    repeat 8:
        conv(16, 3, pad=1, bias=false) -> bn -> relu
    global_avgpool -> flatten
    output linear(classes)
"""


@pytest.mark.parametrize(
    ("peak", "greatest"), [(inference_peak, greatest_inference), (training_peak, greatest_training)]
)
def test_formulas_say_what_numbers_say(peak: Callable[..., Peak], greatest: Callable[..., Dim]) -> None:
    free, batch = graph_of(CHAIN, symbolic=True), symbol("N")
    formula, typical = greatest(free, batch, 4), peak(free, batch, 4)
    spec = pipeline.load_text(CHAIN).spec
    assert spec is not None
    for height, width, samples in ((32, 32, 64), (40, 64, 7), (224, 33, 256)):
        bound = pipeline.elaborate(spec, bindings={"H": height, "W": width}).graph
        assert bound is not None
        values = {"H": height, "W": width, "N": samples}
        exact = peak(bound, samples, 4)
        assert evaluate(formula, values) == exact.bytes == greatest(bound, samples, 4)
        assert evaluate(typical.bytes, values) == exact.bytes
        assert {name: evaluate(part, values) for name, part in typical.parts.items()} == exact.parts


@pytest.mark.parametrize(
    "path", [path for path in SPECS if "H =" in path.read_text("utf-8")], ids=lambda p: p.stem
)
def test_the_formula_of_a_peak_gives_the_peak_at_the_default_sizes(path: Path) -> None:
    spec = pipeline.load(path).spec
    assert spec is not None
    free = pipeline.elaborate(spec, symbolic=True).graph
    assert free is not None
    peak = training_peak(free, 4, 4)
    assert evaluate(peak.bytes, {name: size or 0 for name, size in free.symbols.items()}) == (
        training_peak(graph_at(path), 4, 4).bytes
    )


def test_in_place_saves_the_copy_of_a_relu_and_of_a_flatten() -> None:
    graph = graph_of(
        "net n:\n    input x: [4, 8, 8]\n    conv(4, 3, pad=1) -> relu -> flatten\n    output it\n"
    )
    assert inference_peak(graph, 1, 4).bytes == 2 * 4 * 64 * 4
    assert inference_peak(graph, 1, 4, Policy(in_place=True)).bytes == 2 * 4 * 64 * 4
    chain = graph_of(
        "net n:\n    input x: [1, 8, 8]\n    conv(4, 3, pad=1) -> relu -> flatten\n    output it\n"
    )
    assert inference_peak(chain, 1, 4).bytes == 2 * 4 * 64 * 4
    assert inference_peak(chain, 1, 4, Policy(in_place=True)).bytes == (1 + 4) * 64 * 4


def test_what_is_read_again_is_not_overwritten() -> None:
    text = "net n:\n    input x: [1, 8, 8]\n    a = conv(4, 3, pad=1)\n    output (a -> relu) + a\n"
    graph = graph_of(text)
    assert inference_peak(graph, 1, 4, Policy(in_place=True)) == inference_peak(graph, 1, 4)


def test_recomputation_takes_less_the_more_layers_there_are() -> None:
    graph = graph_of(CHAIN.replace("repeat 8", "repeat 40"))
    everything = training_peak(graph, 32, 4).bytes
    segments = best_segments(graph, 32, 4)
    assert segments > 1
    frugal = training_peak(graph, 32, 4, Policy(segments=segments)).bytes
    assert isinstance(everything, int)
    assert isinstance(frugal, int)
    # Of n layers about 2·√n are alive at once.
    assert frugal < everything * 0.4


@pytest.mark.parametrize("symbolic", [False, True])
@pytest.mark.parametrize("in_place", [False, True])
def test_the_best_number_of_parts_is_the_first_with_the_least_peak(symbolic: bool, in_place: bool) -> None:
    graph = graph_of(CHAIN, symbolic=symbolic)
    sizes = {name: size or 0 for name, size in graph.symbols.items()}
    peaks = [
        evaluate(training_peak(graph, 2, 4, Policy(in_place, segments)).bytes, sizes)
        for segments in range(1, 11)
    ]
    assert best_segments(graph, 2, 4, in_place=in_place) == 1 + peaks.index(min(peaks))


@pytest.mark.parametrize("segments", range(1, 9))
@pytest.mark.parametrize("in_place", [False, True])
def test_every_cut_of_every_kind_of_layer_can_be_run_again(segments: int, in_place: bool) -> None:
    graph = graph_of(TRICKY)
    peak = training_peak(graph, 2, 4, Policy(in_place, segments))
    assert peak.bytes > 0  # type: ignore[operator]


def test_optimisers_remember() -> None:
    graph = graph_of("net n:\n    input x: [4]\n    output linear(8, bias=false)\n")
    sizes = [
        training_peak(graph, 1, 4, optimiser=optimiser).parts.get("optimiser", 0) for optimiser in Optimiser
    ]
    assert sizes == [0, 4 * 32, 8 * 32]
    assert training_peak(graph, 1, 4).parts["gradients of weights"] == 4 * 32


def test_frozen_layers_need_no_gradients() -> None:
    text = "net n:\n    input x: [1, 8, 8]\n    conv(4, 3, frozen) -> relu\n    output conv(2, 3{})\n"
    thawed, frozen = (graph_of(text.format(flag)) for flag in ("", ", frozen"))
    assert "gradients of weights" not in training_peak(frozen, 1, 4).parts
    assert Role.GRADIENT.value not in training_peak(frozen, 1, 4).parts
    assert "gradients of weights" in training_peak(thawed, 1, 4).parts
