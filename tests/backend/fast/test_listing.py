"""What `cnnspec plan` says of a net."""

from __future__ import annotations

import pytest
from backend.nets import LENET, graph, plan

from cnnspec.backend.fast.simd.target import Real, Target
from cnnspec.backend.plan import make_plan
from cnnspec.backend.schedule.inference import schedule_inference
from cnnspec.backend.schedule.listing import entries
from cnnspec.backend.schedule.machine import Math, machine_for
from cnnspec.backend.schedule.model import KernelStep
from cnnspec.backend.schedule.training import schedule_training

WIDE = Target("some", "", 64, 32)
RESIDUAL = """
    net n():
        input x: [16, 28, 28]
        skip = conv(32, 1, bias=false) -> bn
        conv(32, 3, pad=1, bias=false) -> bn -> relu -> conv(32, 3, pad=1, bias=false) -> bn
        it + skip -> relu
        output lrn(3) -> global_avgpool -> flatten -> linear(5)
"""


def said(text: str, math: Math, *, training: bool = False) -> list[tuple[str, str, str, str]]:
    made = plan(text, batch=2, training=training, dtype="float32")
    machine = machine_for(WIDE, Real.FLOAT32, 1, math)
    schedule = (schedule_training if training else schedule_inference)(made, machine, 2)
    found = entries(schedule, machine)
    return [(entry.when, entry.path, entry.algorithm, entry.fused) for entry in found]


def test_normalisation_sum_and_activation_are_fused_to_the_convolution() -> None:
    lines = said(RESIDUAL, "exact")
    assert ("forward", "conv3", "direct", "bias + sum + relu") in lines
    assert {"affine", "add", "relu"}.isdisjoint(algorithm for _, _, algorithm, _ in lines)


def test_winograd_is_for_fast_mathematics_alone() -> None:
    assert any(algorithm == "winograd products" for _, _, algorithm, _ in said(RESIDUAL, "fast"))
    assert not any("winograd" in algorithm for _, _, algorithm, _ in said(RESIDUAL, "exact"))


def test_a_layer_without_a_fast_kernel_is_plain() -> None:
    assert [path for _, path, algorithm, _ in said(RESIDUAL, "fast") if algorithm == "plain"] == ["lrn1"]


def test_flattening_for_a_linear_layer_costs_no_step() -> None:
    paths = [path for when, path, *_ in said(LENET, "exact") if when == "forward"]
    assert "flatten1" not in paths


@pytest.mark.parametrize("recompute", [False, True])
def test_what_is_cheaply_made_again_is_kept_for_the_backward_pass_or_made_again(recompute: bool) -> None:
    made = make_plan(graph(RESIDUAL), batch=2, training=True, recompute=recompute)
    schedule = schedule_training(made, machine_for(WIDE, Real.FLOAT32, 1, "fast"), 2)
    lives = [(room.first, room.last) for room in schedule.rooms if room.name == "relu1"]
    end = sum(step.waits if isinstance(step, KernelStep) else 1 for step in schedule.forward)
    assert [first < end for first, _ in lives] == ([True, False] if recompute else [True])
    assert (lives[0][1] < end) is recompute


def test_of_a_maximum_of_an_activation_the_maximum_is_kept() -> None:
    text = """
        net n():
            input x: [3, 32, 32]
            conv(16, 3, pad=1) -> relu -> maxpool(2) -> conv(16, 3) -> relu
            output global_avgpool -> flatten -> linear(5)
    """
    made = plan(text, batch=2, training=True, dtype="float32")
    schedule = schedule_training(made, machine_for(WIDE, Real.FLOAT32, 1, "fast"), 2)
    lives = {room.name: room.last for room in schedule.rooms}
    end = sum(step.waits if isinstance(step, KernelStep) else 1 for step in schedule.forward)
    assert lives["relu1"] < end < lives["maxpool1"]


def test_a_training_step_lists_its_gradients() -> None:
    lines = said(LENET, "exact", training=True)
    assert ("backward", "conv2", "weight gradient", "") in lines
    assert ("backward", "conv2", "data gradient", "") in lines
