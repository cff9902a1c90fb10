"""Specs in a few lines, ready to run: what the tests of the backend share."""

from __future__ import annotations

from textwrap import dedent

import numpy as np

import cnnspec
from cnnspec.backend.executable import Executable
from cnnspec.backend.plan import Plan, make_plan
from cnnspec.graph import Graph

LENET = """
    net lenet5(classes = 10):
        input image: [1, 32, 32]
        conv(6, 5) -> tanh -> avgpool(2)
        conv(16, 5) -> tanh -> avgpool(2)
        flatten
        linear(120) -> tanh -> linear(84) -> tanh
        output linear(classes)
"""

TINY = """
    net tiny():
        input image: [2, 8, 8]
        conv(4, 3) -> relu -> maxpool(2) -> flatten
        output linear(3)
"""


def graph(text: str, **bindings: int) -> Graph:
    """The graph of the first net of a text."""
    return cnnspec.loads(dedent(text)).net().bind(**bindings).graph


def plan(text: str, *, batch: int = 3, training: bool = True, dtype: str = "float64") -> Plan:
    """A plan with gradients of the inputs."""
    return make_plan(graph(text), batch=batch, training=training, dtype=dtype, input_gradients=training)


def executable(
    text: str, *, seed: int = 0, threads: int | None = None, **options: int | str | bool
) -> Executable:
    """Such a plan, ready to run."""
    return Executable(plan(text, **options), seed=seed, threads=threads)  # type: ignore[arg-type]


def samples(made: Plan, count: int | None = None, seed: int = 0) -> dict[str, np.ndarray]:
    """Normal numbers for every input."""
    random = np.random.default_rng(seed)
    return {port.name: random.standard_normal((count or made.batch, *port.shape)) for port in made.inputs}
