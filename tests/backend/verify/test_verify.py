"""Right nets are certified, and every kind of mistake in an analysis or a kernel is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from backend.nets import LENET, graph

import cnnspec
from cnnspec.analysis.facts import Analysis, analyse
from cnnspec.backend.certificate import Certificate, Topic, Verdict, text_of
from cnnspec.backend.executable import Precision
from cnnspec.backend.kernels import operations, registry
from cnnspec.backend.plan import make_plan
from cnnspec.backend.verify import Effort, smaller_inputs, verify
from cnnspec.dims import IndexMap
from cnnspec.layers.base import Init, Layer, Shape, Weight
from cnnspec.layers.convolution import Conv
from cnnspec.layers.pooling import MaxPool

QUICK = Effort(seconds=20, threads=2)

NET = """
    net n(classes = 5):
        input image: [4, 18, 15]
        conv(8, 3, stride=2, pad=1, groups=2) -> bn -> relu as stem
        maxpool(3, stride=2, pad=1, ceil=true)
        a = conv(6, 3, pad=same, dilation=2) -> relu6
        b = conv_transpose(6, 2, stride=2) -> crop(((0, 5), (0, 5)))
        a + b -> dropout(0.3)
        training output early = global_avgpool -> flatten -> linear(classes) weight 0.3
        output flatten -> linear(classes) -> softmax
"""


def certificate(text: str = NET, **bindings: int) -> Certificate:
    return verify(analyse(graph(text, **bindings)), QUICK)


def by_plain_kernels(text: str) -> Certificate:
    """For mistakes in those: what is verified by default is the others."""
    return verify(analyse(graph(text)), replace(QUICK, math="plain"))


def failed(found: Certificate) -> set[tuple[Topic, str]]:
    return {(claim.topic, claim.where) for claim in found.failures}


# --- what is right ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [LENET, NET])
def test_a_right_net_is_certified_claim_by_claim(text: str) -> None:
    found = certificate(text)
    assert found.holds, found.failures
    assert [section.topic for section in found.sections] == list(Topic)
    assert all(section.claims for section in found.sections)
    assert not [claim for claim in found.claims if claim.verdict is Verdict.UNCHECKED]


def test_every_layer_has_its_claims() -> None:
    analysis = analyse(graph(NET))
    found = verify(analysis, QUICK)
    by_topic = {section.topic: {claim.where for claim in section.claims} for section in found.sections}
    layers = {facts.path for facts in analysis.layers if facts.node.inputs}
    assert by_topic[Topic.SHAPES] == layers
    assert by_topic[Topic.MACS] - {"the whole net"} == {facts.path for facts in analysis.layers if facts.macs}
    assert by_topic[Topic.GRADIENTS] == {
        "image",
        *(slot.name for slot in make_plan(graph(NET), batch=1, training=True).trainable),
    }


def test_measured_values_are_said_as_people_read_them() -> None:
    claims = {(claim.topic, claim.where): claim for claim in certificate(LENET).claims}
    assert claims[Topic.SHAPES, "conv2"].measured == "[16, 10, 10]"
    assert claims[Topic.PARAMETERS, "all parameters"].measured == "61,706"
    assert claims[Topic.MACS, "the whole net"].measured == "416,520"
    assert claims[Topic.RECEPTIVE_FIELDS, "conv1"].measured == "14…18 × 14…18"
    assert text_of((1, 2)) == "[1, 2]"


def test_what_cannot_be_measured_is_said_and_does_not_count_as_right() -> None:
    found = certificate("""
        net n():
            input x: [4, 9, 9]
            conv(4, 3) -> instancenorm -> relu -> conv(2, 3)
            output permute((0, 2, 1)) -> maxpool(2)
    """)
    notes = {claim.where: claim.note for claim in found.claims if claim.verdict is Verdict.UNCHECKED}
    assert "statistics of instancenorm1" in notes["conv2"]
    assert found.holds


def test_a_net_without_weights_and_one_in_three_dimensions() -> None:
    assert certificate("net n():\n    input x: [2, 6, 6]\n    output maxpool(2) -> avgpool(3)\n").holds
    assert certificate(
        "net n():\n    input x: [1, 5, 6, 4]\n    output conv(2, 3) -> bn -> maxpool(2)\n"
    ).holds


def test_a_frozen_net_is_checked_by_its_input() -> None:
    found = certificate("""
        net edges():
            input photo: [1, 9, 9]
            output conv(1, 3, weights=sobel_x, frozen)
    """)
    assert found.holds
    assert {claim.where for claim in found.claims if claim.topic is Topic.GRADIENTS} == {"photo"}


SCALABLE = """
net n():
    input x: [1, H = 90, W = 60] where H >= 20
    output conv(2, 3) -> maxpool(2) -> conv(2, 3)
"""


def test_large_nets_are_checked_at_a_smaller_size_and_say_so() -> None:
    spec = cnnspec.loads(SCALABLE)
    sizes = [made.graph.inputs[0].tensor.shape for made in smaller_inputs(spec.loaded)]
    assert sizes == [(1, 45, 30), (1, 30, 20), (1, 22, 15)]
    hurried = verify(analyse(spec.net().graph), Effort(seconds=0), smaller_inputs(spec.loaded))
    assert hurried.holds
    assert hurried.conditions[1] == "agreement, gradients and receptive fields at x 1×22×15, for lack of time"
    fields = [claim for claim in hurried.claims if claim.topic is Topic.RECEPTIVE_FIELDS]
    assert {claim.note for claim in fields} == {"time was up"}
    assert not list(
        smaller_inputs(cnnspec.loads("net n():\n    input x: [1, 9]\n    output conv(1, 3)\n").loaded)
    )


# --- analyses that are wrong ------------------------------------------------------------------------------


def tampered(analysis: Analysis, path: str, **changes: Any) -> Analysis:
    layers = tuple(replace(f, **changes) if f.path == path else f for f in analysis.layers)
    return Analysis(analysis.graph, layers, analysis.totals)


def test_wrong_numbers_of_a_layer_are_found() -> None:
    right = analyse(graph(NET))
    facts = right.by_path["conv1"]
    assert failed(verify(tampered(right, "conv1", macs=facts.macs + 1), QUICK)) == {(Topic.MACS, "conv1")}
    assert failed(verify(tampered(right, "conv1", params=facts.params + 1), QUICK)) == {
        (Topic.PARAMETERS, "conv1")
    }
    other = right.by_path["maxpool1"].fields
    wrong = verify(tampered(right, "conv1", fields=other), QUICK)
    assert failed(wrong) == {(Topic.RECEPTIVE_FIELDS, "conv1")}


@pytest.mark.parametrize(
    ("total", "where"),
    [
        ("macs", (Topic.MACS, "the whole net")),
        ("params", (Topic.PARAMETERS, "all parameters")),
        ("trainable", (Topic.PARAMETERS, "all trained parameters")),
        ("buffers", (Topic.PARAMETERS, "all buffers")),
    ],
)
def test_wrong_totals_are_found(total: str, where: tuple[Topic, str]) -> None:
    right = analyse(graph(LENET))
    totals = replace(right.totals, **{total: getattr(right.totals, total) + 1})
    assert failed(verify(Analysis(right.graph, right.layers, totals), QUICK)) == {where}


def test_a_wrong_peak_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Analysis.inference_peak

    def doubled(self: Analysis, *arguments: int) -> Any:
        peak = right(self, *arguments)
        return replace(peak, bytes=2 * peak.bytes)

    monkeypatch.setattr(Analysis, "inference_peak", doubled)
    assert failed(certificate(LENET)) == {(Topic.MEMORY, "activations at inference")}


# --- rules that are wrong ---------------------------------------------------------------------------------


def resized(rule: Callable[..., tuple[Shape, ...]], change: int) -> Callable[..., tuple[Shape, ...]]:
    """A shape rule that is wrong by so many pixels an axis."""

    def wrong(self: Layer, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        ((channels, *spatial),) = rule(self, inputs)
        return ((channels, *(size + change for size in spatial)),)

    return wrong


def test_a_shape_rule_that_forgets_the_last_window_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Conv, "infer", resized(Conv.infer, -1))
    found = certificate("net n():\n    input x: [2, 9, 9]\n    output conv(3, 3)\n")
    (claim,) = [claim for claim in found.failures if claim.topic is Topic.SHAPES]
    assert (claim.where, claim.expected, claim.measured) == ("conv1", "[3, 6, 6]", "[3, 7, 7]")


def test_a_shape_rule_that_invents_a_window_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MaxPool, "infer", resized(MaxPool.infer, 1))
    found = certificate("net n():\n    input x: [2, 9, 9]\n    output maxpool(2)\n")
    (claim,) = found.failures
    assert (claim.where, claim.expected, claim.measured) == ("maxpool1", "[2, 5, 5]", "[2, 4, 4]")


def test_a_weight_rule_that_forgets_the_groups_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(self: Conv, inputs: tuple[Shape, ...]) -> tuple[Weight, ...]:
        return (Weight("weight", (self.channels, inputs[0][0], 3, 3), Init.KAIMING, fan_in=36),)

    monkeypatch.setattr(Conv, "weights", wrong)
    found = certificate("net n():\n    input x: [4, 9, 9]\n    output conv(4, 3, groups=2, bias=false)\n")
    (claim,) = [claim for claim in found.failures if claim.topic is Topic.SHAPES]
    assert claim.measured.startswith("refused: ")


def test_a_mac_rule_that_forgets_the_groups_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Conv.macs
    monkeypatch.setattr(
        Conv, "macs", lambda self, inputs, outputs: right(self, inputs, outputs) * self.groups
    )
    assert failed(certificate()) == {(Topic.MACS, "conv1"), (Topic.MACS, "the whole net")}


@pytest.mark.parametrize("error", [(-1, 0), (0, 1), (1, 0), (0, -1)])
def test_an_index_map_that_is_off_by_a_pixel_is_found(
    error: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    right = MaxPool.index_map

    def wrong(self: MaxPool, *arguments: Any) -> IndexMap:
        found = right(self, *arguments)
        return IndexMap(found.lo + error[0], found.hi + error[1])

    monkeypatch.setattr(MaxPool, "index_map", wrong)
    found = certificate(
        "net n():\n    input x: [3, 20, 20]\n    conv(4, 3) -> relu -> maxpool(3)\n    output conv(2, 2)\n"
    )
    assert failed(found) == {(Topic.RECEPTIVE_FIELDS, "maxpool1"), (Topic.RECEPTIVE_FIELDS, "conv2")}


# --- kernels that are wrong -------------------------------------------------------------------------------


def break_backward(
    monkeypatch: pytest.MonkeyPatch, operation: type, damage: Callable[[registry.Backward], None]
) -> None:
    kernel = registry.KERNELS[operation]

    def backward(operation: Any, arrays: registry.Backward, context: registry.Context) -> None:
        kernel.backward(operation, arrays, context)
        damage(arrays)

    monkeypatch.setitem(registry.KERNELS, operation, replace(kernel, backward=backward))


def test_a_gradient_that_is_a_percent_off_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def damage(arrays: registry.Backward) -> None:
        gradient = arrays.weight_gradients[0]
        if gradient is not None and gradient.shape[0] == 84:
            gradient *= 1.01

    break_backward(monkeypatch, operations.Linear, damage)
    assert failed(by_plain_kernels(LENET)) == {(Topic.GRADIENTS, "linear2.weight")}


def test_a_bias_gradient_that_forgets_a_sample_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def damage(arrays: registry.Backward) -> None:
        if (gradient := arrays.weight_gradients[1]) is not None:
            gradient -= arrays.output_gradients[0][0].sum(axis=(1, 2, 3))

    break_backward(monkeypatch, operations.Convolution, damage)
    assert failed(by_plain_kernels(LENET)) == {
        (Topic.GRADIENTS, "conv1.bias"),
        (Topic.GRADIENTS, "conv2.bias"),
    }


def test_an_input_gradient_that_is_wrong_is_found_in_all_layers_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def damage(arrays: registry.Backward) -> None:
        if (gradient := arrays.input_gradients[0]) is not None and gradient.shape[1] == 16:
            gradient[:, :, :, 0] = 0

    break_backward(monkeypatch, operations.AveragePool, damage)
    before = {"image", "conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias"}
    assert {where for topic, where in failed(by_plain_kernels(LENET)) if topic is Topic.GRADIENTS} == before


def test_an_element_that_is_not_written_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = registry.KERNELS[operations.Reshape]

    def forward(operation: Any, arrays: registry.Forward, context: registry.Context) -> None:
        arrays.outputs[0].reshape(-1)[:-1] = arrays.inputs[0].reshape(-1)[:-1]

    monkeypatch.setitem(registry.KERNELS, operations.Reshape, replace(kernel, forward=forward))
    found = by_plain_kernels(LENET)
    assert (Topic.SHAPES, "flatten1") in failed(found)
    (claim,) = [claim for claim in found.failures if claim.topic is Topic.SHAPES]
    assert claim.measured == "1 elements not written"


def test_a_kernel_that_draws_lots_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = registry.KERNELS[operations.Activation]
    lots = np.random.default_rng()

    def forward(operation: Any, arrays: registry.Forward, context: registry.Context) -> None:
        kernel.forward(operation, arrays, context)
        np.multiply(arrays.outputs[0], 1 + lots.random() * 1e-12, out=arrays.outputs[0])

    monkeypatch.setitem(registry.KERNELS, operations.Activation, replace(kernel, forward=forward))
    topics = {topic for topic, _ in failed(by_plain_kernels(LENET))}
    assert Topic.REPEATABLE in topics


# --- which kernels ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("math", ["plain", "exact", "fast"])
def test_a_right_net_is_certified_by_any_kernels(math: Precision) -> None:
    found = verify(analyse(graph(NET)), replace(QUICK, math=math))
    assert found.holds, found.failures
    assert f"float64, {math} kernels" in found.conditions[0]
    assert (Topic.AGREEMENT in {section.topic for section in found.sections}) == (math != "plain")


def test_kernels_that_disagree_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plain kernel that is wrong is found by the exact ones, and the other way round."""

    def damage(arrays: registry.Backward) -> None:
        gradient = arrays.weight_gradients[0]
        if gradient is not None and gradient.shape[0] == 84:
            gradient *= 1 + 1e-8

    break_backward(monkeypatch, operations.Linear, damage)
    assert failed(certificate(LENET)) == {(Topic.AGREEMENT, "gradient of linear2.weight")}
