"""The graph that a spec stands for: what is recorded in it, and that symbols and numbers agree."""

from __future__ import annotations

import time
from fractions import Fraction
from pathlib import Path

import pytest

from cnnspec.dims import Dim, Relation, substitute, symbol
from cnnspec.graph import Graph, InputLayer
from cnnspec.graph.invariants import verify_graph
from cnnspec.language.elaborate import FREE, Binding, elaborate
from cnnspec.language.spec import Spec, load_spec, load_text
from cnnspec.layers.convolution import Conv

ZOO = sorted((Path(__file__).parents[2] / "specs").glob("*.cnn"))


def spec_of(text: str) -> Spec:
    loaded = load_text(text)
    assert loaded.diagnostics == ()
    assert loaded.spec is not None
    return loaded.spec


def graph_of(text: str, *, symbolic: bool = False, **bindings: Binding) -> Graph:
    result = elaborate(spec_of(text), None, bindings, symbolic=symbolic)
    assert result.diagnostics == ()
    assert result.graph is not None
    verify_graph(result.graph)
    return result.graph


def findings(text: str, net: str | None = None, **bindings: Binding) -> list[tuple[str, str]]:
    return [(d.code, d.message) for d in elaborate(spec_of(text), net, bindings).diagnostics]


SMALL = """
net small(classes = 10, width):
    \"\"\"A small net.\"\"\"
    input image: [3, H = 32, W] where H >= 8, W >= 4
    conv(8, 3, pad=1) as stem -> relu
    shape = it
    global_avgpool -> flatten
    output linear(classes)
    output features = shape
"""


# --- what is in the graph -----------------------------------------------------------------------------------


def test_a_graph_has_its_name_inputs_outputs_and_labels() -> None:
    graph = graph_of(SMALL, W=16)
    assert (graph.name, graph.doc) == ("small", "A small net.")
    assert [(i.name, i.tensor.shape) for i in graph.inputs] == [("image", (3, 32, 16))]
    assert [(o.name, o.tensor.shape) for o in graph.outputs] == [("output", (10,)), ("features", (8, 32, 16))]
    assert {name: tensor.node for name, tensor in graph.labels.items()} == {
        "image": "image",
        "stem": "stem",
        "shape": "relu1",
        "features": "relu1",
    }
    assert isinstance(graph.node("image").layer, InputLayer)


def test_layers_stand_in_execution_order_with_their_weights_and_origins() -> None:
    graph = graph_of(SMALL, W=16)
    assert [node.path for node in graph] == [
        "image",
        "stem",
        "relu1",
        "global_avgpool1",
        "flatten1",
        "linear1",
    ]
    stem = graph.node("stem")
    assert stem.layer == Conv(8, 3, pad=1)
    assert [weight.shape for weight in stem.weights] == [(8, 3, 3, 3), (8,)]
    assert (stem.word, stem.owner, stem.origin.span and stem.origin.span.text) == (
        "conv",
        "stem",
        "conv(8, 3, pad=1)",
    )


def test_layers_in_blocks_know_the_blocks_they_come_from() -> None:
    text = """
block inner(c, skip: tensor):
    conv(c, 3) + (skip -> conv(c, 3))

block outer(c = 4, act = relu):
    inner(2*c, in) -> act

net traced:
    input image: [3, 8, 8]
    outer(act=leaky_relu(0.1))
"""
    graph = graph_of(text)
    trace = graph.node("outer1.inner1.conv1").origin.trace
    assert [frame.call for frame in trace] == ["inner(c=8, skip=a tensor)", "outer(act=leaky_relu(0.1))"]
    assert [frame.span.text for frame in trace] == ["inner(2*c, in)", "outer(act=leaky_relu(0.1))"]
    assert [frame.call for frame in graph.node("outer1.leaky_relu1").origin.trace] == [
        "act",
        "outer(act=leaky_relu(0.1))",
    ]


def test_training_outputs_are_marked_also_those_of_blocks() -> None:
    text = """
block tapped(w):
    training output aux = global_avgpool -> flatten -> linear(10) weight w
    relu

net taps:
    input image: [3, 8, 8]
    tapped(0.3) as early -> conv(4, 3)
    tapped(0.1)
    training output last = conv(1, 1)
    output flatten
"""
    graph = graph_of(text)
    assert [(o.name, o.training_only, o.loss_weight) for o in graph.outputs] == [
        ("early.aux", True, 0.3),
        ("tapped1.aux", True, 0.1),
        ("last", True, 1.0),
        ("output", False, 1.0),
    ]
    assert graph.needed_at_inference() == {"image", "early.relu1", "conv1", "tapped1.relu1", "flatten1"}


def test_shared_layers_name_their_owner() -> None:
    text = """
net shared:
    input image: [3, 8, 8]
    layer f = conv(3, 3, pad=1) -> bn
    f -> f -> f
"""
    graph = graph_of(text)
    assert [(node.path, node.owner) for node in graph if node.weights] == [
        ("f.conv1", "f.conv1"),
        ("f.bn1", "f.bn1"),
        ("f.1.conv1", "f.conv1"),
        ("f.1.bn1", "f.bn1"),
        ("f.2.conv1", "f.conv1"),
        ("f.2.bn1", "f.bn1"),
    ]


def test_given_weights_are_written_out_row_by_row() -> None:
    text = """
net given:
    input image: [2, 8, 8]
    conv(2, (2, 1), weights=[[[1], [2]], [[3], [0.5]]], bias=false, frozen) as first
    depthwise(3, weights=sobel_x) as second
    conv(1, 1, weights=7) as third
"""
    graph = graph_of(text)
    assert graph.node("first").given == (1.0, 2.0, 1.0, 2.0, 3.0, 0.5, 3.0, 0.5)
    assert graph.node("first").frozen
    assert graph.node("second").given == (-1.0, 0.0, 1.0, -2.0, 0.0, 2.0, -1.0, 0.0, 1.0) * 2
    assert not graph.node("second").frozen
    assert graph.node("third").given == (7.0, 7.0)


def test_compositions_are_lowered_to_primitives_under_their_own_word() -> None:
    node = graph_of("net x:\n    input image: [6, 8, 8]\n    depthwise(3, pad=1)\n").node("depthwise1")
    assert node.layer == Conv(6, 3, pad=1, groups=6)
    assert node.word == "depthwise"


# --- symbols ------------------------------------------------------------------------------------------------


def test_symbols_and_parameters_are_bound_or_free() -> None:
    graph = graph_of(SMALL, W=16)
    assert graph.bindings == {"classes": 10, "H": 32, "W": 16}
    assert graph.symbols == {"width": None}
    graph = graph_of(SMALL, W=16, H=64, classes=7, width=Fraction(1, 2))
    assert graph.bindings == {"classes": 7, "H": 64, "W": 16, "width": Fraction(1, 2)}
    assert graph.symbols == {}


def test_symbolic_leaves_sizes_free_and_free_leaves_anything() -> None:
    graph = graph_of(SMALL, symbolic=True)
    assert graph.symbols == {"width": None, "H": 32, "W": None}
    assert graph.bindings == {"classes": 10}
    graph = graph_of(SMALL, H=FREE, W=4, classes=FREE)
    assert graph.symbols == {"width": None, "H": 32, "classes": 10}
    assert graph.outputs[0].tensor.shape == (symbol("classes"),)


def test_assumptions_on_free_symbols_are_kept() -> None:
    graph = graph_of(SMALL, symbolic=True)
    assert graph.at_least == {"H": 8, "W": 4}
    assert [(a.left, a.relation, a.right) for a in graph.assumptions] == [
        (symbol("H"), Relation.AT_LEAST, 8),
        (symbol("W"), Relation.AT_LEAST, 4),
    ]
    assert graph_of(SMALL, W=4).assumptions == []


def test_what_holds_for_some_sizes_only_becomes_a_condition() -> None:
    text = """
net some:
    input image: [3, H, W]
    skip = in
    maxpool(2) -> maxpool(2) -> upsample(4)
    concat(it, skip)
"""
    graph = graph_of(text)
    assert [(c.path, c.requirement.relation, c.requirement.right) for c in graph.conditions] == [
        ("maxpool1", Relation.AT_LEAST, 2),
        ("maxpool1", Relation.AT_LEAST, 2),
        ("maxpool2", Relation.AT_LEAST, 2),
        ("maxpool2", Relation.AT_LEAST, 2),
        ("concat1", Relation.EQUAL, symbol("H")),
        ("concat1", Relation.EQUAL, symbol("W")),
    ]


def test_a_multiple_of_the_strides_satisfies_every_merge() -> None:
    text = """
net multiples:
    input image: [3, H, W] where H >= 4, W >= 4
    maxpool(2) -> maxpool(2) -> upsample(4) as up
    up -> crop([(0, 0), (0, 0)])
"""
    assert graph_of(text).conditions == []


def graph_at(path: Path, *, symbolic: bool = False, **bindings: Binding) -> Graph:
    loaded = load_spec(path)
    assert loaded.spec is not None
    graph = elaborate(loaded.spec, None, bindings, symbolic=symbolic).graph
    assert graph is not None
    return graph


@pytest.mark.parametrize("path", ZOO, ids=lambda path: path.stem)
def test_formulas_have_the_values_of_the_numbers(path: Path) -> None:
    """Shapes and weights of the zoo with free symbols, at sizes that are not the defaults."""
    free = graph_at(path, symbolic=True)
    verify_graph(free)
    for shift in (0, 32):
        sizes = {name: (default or 64) + shift for name, default in free.symbols.items()}
        numeric = graph_at(path, **sizes)
        for node, other in zip(free, numeric, strict=True):
            assert node.path == other.path
            assert [known(t.shape, sizes) for t in node.outputs] == [t.shape for t in other.outputs]
            assert [known(w.shape, sizes) for w in node.weights] == [w.shape for w in other.weights]


def known(shape: tuple[Dim, ...], sizes: dict[str, int]) -> tuple[Dim, ...]:
    return tuple(substitute(size, sizes) for size in shape)


# --- which net, which bindings ------------------------------------------------------------------------------

TWO = """
net first:
    input image: [1, 8, 8]
    relu

net second(classes = 2):
    input image: [1, H = 8, 8]
    flatten -> linear(classes)
"""


def test_the_first_net_is_the_default() -> None:
    assert graph_of(TWO).name == "first"
    made = elaborate(spec_of(TWO), "second").graph
    assert made is not None
    assert made.name == "second"


@pytest.mark.parametrize(
    ("net", "bindings", "code", "message"),
    [
        ("secnd", {}, "unknown-net", "has no net `secnd`"),
        (None, {"H": 3}, "unknown-name", "`first` has no symbol or parameter `H`"),
        ("second", {"clases": 3}, "unknown-name", "no symbol or parameter `clases`"),
        ("second", {"H": 0}, "bad-size", "a size is a whole number, at least 1, not the number 0"),
        ("second", {"H": Fraction(1, 2)}, "bad-size", "at least 1, not the number 0.5"),
    ],
)
def test_what_does_not_exist_is_said(
    net: str | None, bindings: dict[str, Binding], code: str, message: str
) -> None:
    ((found, said),) = findings(TWO, net, **bindings)
    assert found == code
    assert message in said


def test_near_names_are_suggested() -> None:
    (finding,) = elaborate(spec_of(TWO), "second", {"clases": 3}).diagnostics
    assert finding.help is not None
    assert finding.help.text == "did you mean `classes`?"
    (finding,) = elaborate(spec_of(TWO), "secnd").diagnostics
    assert finding.help is not None
    assert finding.help.text == "did you mean `second`?"


def test_a_file_of_blocks_has_no_net() -> None:
    assert findings("block b:\n    relu\n") == [("no-net", "<text> defines no net")]


# --- the same every time, and quickly -----------------------------------------------------------------------


def test_elaborating_twice_gives_the_same_graph() -> None:
    spec = spec_of(SMALL)
    first, second = elaborate(spec).graph, elaborate(spec).graph
    assert first is not None
    assert second is not None
    assert list(first) == list(second)


def test_a_deep_net_is_elaborated_in_an_instant() -> None:
    """ResNet-152, 516 nodes: about 15 ms; ten times that is allowed for."""
    (path,) = [path for path in ZOO if path.stem == "resnet152"]
    loaded = load_spec(path)
    assert loaded.spec is not None
    best = min(timed(loaded.spec) for _ in range(3))
    assert best < 0.15


def timed(spec: Spec) -> float:
    start = time.process_time()
    assert elaborate(spec).graph
    return time.process_time() - start
