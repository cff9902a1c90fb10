"""Residual sums are written over the tensor that is added, where nothing reads that tensor later."""

from __future__ import annotations

import numpy as np
import pytest
from backend.nets import graph, samples

from cnnspec.backend.executable import Executable
from cnnspec.backend.fast.kernels.taps import ADDEND, TARGET, TapConvolution
from cnnspec.backend.plan import make_plan
from cnnspec.backend.schedule.model import KernelStep

HEAD = "output global_avgpool -> flatten -> linear(3)"
NETS = {
    "a block after the other": (
        f"""
        net n():
            input x: [3, 9, 9]
            a = conv(16, 3, pad=1) -> relu
            a -> conv(16, 1) -> bn -> relu -> conv(16, 3, pad=1) -> bn
            b = it + a -> relu
            b -> conv(20, 1) -> relu -> conv(16, 1)
            it + b -> relu
            {HEAD}
        """,
        [True, True],
    ),
    "what is added is read again": (
        f"""
        net n():
            input x: [3, 9, 9]
            a = conv(16, 3, pad=1) -> relu
            a -> conv(20, 1) -> relu -> conv(16, 1)
            b = it + a -> relu
            b * a -> conv(8, 3)
            {HEAD}
        """,
        [False],
    ),
    "what is added is read by the sum's own layer": (
        f"""
        net n():
            input x: [3, 9, 9]
            a = conv(16, 3, pad=1) -> relu
            a -> conv(16, 3, pad=1)
            it + a -> relu
            {HEAD}
        """,
        [False],
    ),
    "the result needs another halo": (
        f"""
        net n():
            input x: [3, 9, 9]
            a = conv(16, 3, pad=1) -> relu
            a -> conv(20, 1) -> relu -> conv(16, 1)
            it + a -> conv(8, 5, pad=2)
            {HEAD}
        """,
        [False],
    ),
    "what is added is an output": (
        """
        net n():
            input x: [3, 9, 9]
            a = conv(16, 3, pad=1) -> relu
            output middle = a
            a -> conv(20, 1) -> relu -> conv(16, 1)
            output sum = it + a
        """,
        [False],
    ),
}


@pytest.mark.parametrize("name", NETS)
def test_results_are_those_of_the_plain_kernels(name: str) -> None:
    text, expected = NETS[name]
    plan = make_plan(graph(text), batch=2, training=False, dtype="float64")
    plain, fast = Executable(plan, seed=1), Executable(plan, seed=1, math="exact", threads=2)
    inputs = samples(plan)
    for executable in (plain, fast):
        for _ in range(2):
            executable.forward(inputs)
    for output, values in plain.outputs.items():
        np.testing.assert_allclose(fast.outputs[output], values, rtol=1e-11, atol=1e-12)
    steps = fast._program.schedule(training=False, threads=1).forward
    sums = [step for step in steps if isinstance(step, KernelStep) and _adds(step)]
    assert [step.spots[TARGET] == step.spots[ADDEND] for step in sums] == expected


def _adds(step: KernelStep) -> bool:
    return isinstance(step.kernel, TapConvolution) and step.kernel.epilogue.addend is not None
