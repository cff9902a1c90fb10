"""The parts of a pass, run one by one, do what the pass does."""

from __future__ import annotations

import numpy as np
import pytest
from backend.nets import LENET, plan, samples

from cnnspec.backend.executable import Executable, Precision
from cnnspec.backend.sections import Stage

RESIDUAL = """
    net residual():
        input image: [3, 16, 16]
        x = conv(16, 3, pad=1, bias=false) -> bn -> relu
        y = x -> conv(16, 3, pad=1, bias=false) -> bn
        x + y -> relu -> lrn(5) -> maxpool(2)
        flatten
        output linear(4)
"""


@pytest.mark.parametrize("math", ["fast", "exact"])
@pytest.mark.parametrize("text", [LENET, RESIDUAL], ids=["lenet", "residual"])
@pytest.mark.parametrize("threads", [1, 2])
def test_the_parts_of_a_training_step_give_its_gradients(text: str, math: Precision, threads: int) -> None:
    made = plan(text, batch=2)
    net = Executable(made, threads=threads, math=math)
    net.forward(samples(made))
    net.loss([0, 1])
    net.backward()
    wanted = {name: gradient.copy() for name, gradient in net.gradients.items()}
    sections = net.sections(samples(made))
    for gradient in net.gradients.values():
        gradient.fill(np.nan)
    stages = [part.stage for part in sections.parts]
    for part in sections.parts:
        part.run()
        sections.idle()
    assert {Stage.FORWARD, Stage.BACKWARD} <= set(stages)
    assert stages == sorted(stages, key=list(Stage).index)
    for name, gradient in net.gradients.items():
        np.testing.assert_array_equal(gradient, wanted[name], err_msg=name)


@pytest.mark.parametrize("math", ["fast", "exact"])
def test_the_parts_of_an_inference_give_its_outputs(math: Precision) -> None:
    made = plan(RESIDUAL, batch=2, training=False)
    net = Executable(made, math=math)
    inputs = samples(made)
    wanted = net.forward(inputs)
    for part in net.sections(inputs).parts:
        part.run()
    np.testing.assert_array_equal(net.forward(inputs), wanted)


@pytest.mark.parametrize("math", ["fast", "exact", "plain"])
def test_every_layer_has_a_part_or_runs_with_one_that_has_or_does_nothing(math: Precision) -> None:
    made = plan(RESIDUAL, batch=1, training=False)
    net = Executable(made, math=math)
    sections = net.sections(samples(made))
    parts = {part.path for part in sections.parts if part.stage is Stage.FORWARD}
    assert set(sections.fused.values()) <= parts
    assert not set(sections.fused) & set(sections.fused.values())
    nothing = {step.path for step in made.forward} - parts - set(sections.fused)
    assert nothing <= {"flatten1"}
