"""The whole verification: what is run, on which sizes, for how long."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from hashlib import blake2b
from itertools import chain
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnspec.analysis.facts import Analysis
from cnnspec.backend.certificate import Certificate, Section, Topic, compared
from cnnspec.backend.executable import Arrays, Executable, Precision
from cnnspec.backend.plan import Plan, make_plan
from cnnspec.backend.plan.sizes import whole
from cnnspec.backend.verify.agreement import check_agreement
from cnnspec.backend.verify.counting import check_macs
from cnnspec.backend.verify.fields import check_fields
from cnnspec.backend.verify.gradients import check_gradients
from cnnspec.backend.verify.memory import check_memory
from cnnspec.backend.verify.parameters import check_parameters
from cnnspec.backend.verify.shapes import check_shapes
from cnnspec.graph import Graph

Array = NDArray[Any]

_STEPS = 6
"""Checking gradients takes about as long as so many training steps."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much to run: the batch, the seed, and the seconds for gradients and for receptive fields each.

    `math` is the kernels that run a training step; what is not `plain` is also held against those that are.
    """

    batch: int = 3
    seed: int = 0
    seconds: float = 30.0
    threads: int | None = None
    math: Precision = "exact"


def verify(analysis: Analysis, effort: Effort | None = None, smaller: Iterable[Analysis] = ()) -> Certificate:
    """Run a net forward and backward in float64, and compare what is measured with what its analysis claims.

    The gradients are those of the kernels that `effort.math` chooses; shapes, products, receptive fields and
    memory are measured on the plain ones, layer by layer, which is what they are claimed of.
    `smaller` are the same net on smaller inputs, the largest first: gradients and receptive fields are
    checked on the first for which there is time, and the certificate says so. Raises DiagnosticError where
    the net cannot be run at all.
    """
    effort = effort or Effort()
    executable = _executable(analysis.graph, effort)
    inputs = _inputs(executable.plan, effort.seed)
    shapes = check_shapes(analysis, executable, inputs)
    sections = [shapes, check_parameters(analysis, executable)]
    conditions = [
        f"float64, {effort.math} kernels, a batch of {effort.batch} at {_sizes(analysis.graph)}, "
        f"seed {effort.seed}"
    ]
    if not any(claim.measured.startswith("refused") for claim in shapes.claims):
        sections.append(check_macs(analysis, executable.plan, executable.threads))
        repeatable, seconds = _check_repeatable(executable, inputs)
        chosen = _affordable(analysis, seconds, effort, smaller)
        if chosen is not analysis:
            conditions.append(f"{_reduced(effort)} at {_sizes(chosen.graph)}, for lack of time")
            executable = _executable(chosen.graph, effort)
            inputs = _inputs(executable.plan, effort.seed)
        if effort.math != "plain":
            sections.append(check_agreement(executable, inputs))
        sections.append(check_gradients(executable, inputs, effort.seconds))
        del executable
        sections += [
            check_fields(chosen, effort.seconds, effort.seed, effort.threads),
            _memory(analysis, effort),
            repeatable,
        ]
    return Certificate(analysis.graph.name, tuple(conditions), tuple(sections))


def _executable(graph: Graph, effort: Effort) -> Executable:
    plan = make_plan(graph, batch=effort.batch, training=True, dtype="float64", input_gradients=True)
    return Executable(plan, seed=effort.seed, threads=effort.threads, math=effort.math)


def _reduced(effort: Effort) -> str:
    """What is checked on a smaller input where there is no time for the net itself."""
    agreement = "" if effort.math == "plain" else "agreement, "
    return f"{agreement}gradients and receptive fields"


def _inputs(plan: Plan, seed: int) -> Arrays:
    random = np.random.default_rng(seed)
    return {port.name: random.standard_normal((plan.batch, *port.shape)) for port in plan.inputs}


def _memory(analysis: Analysis, effort: Effort) -> Section:
    """One sample at inference, in the precision that the analysis counts in."""
    plan = make_plan(analysis.graph, batch=1)
    return check_memory(
        analysis, Executable(plan, seed=effort.seed, threads=effort.threads), _inputs(plan, effort.seed)
    )


def _check_repeatable(executable: Executable, inputs: Arrays) -> tuple[Section, float]:
    """Whether a training step gives the same bytes again, and on one thread; and the seconds it takes."""
    threads, seconds = executable.threads, math.inf
    digests: list[str] = []
    for executable.threads in (threads, threads, 1):
        executable.steps = 0
        start = perf_counter()
        executable.forward(inputs)
        executable.backward(dict(executable.outputs))
        seconds = min(seconds, perf_counter() - start)  # the first compiles, the last has one thread
        digests.append(_digest([*executable.outputs.values(), executable.storage.gradients]))
    executable.threads = threads
    first, again, alone = digests
    claims = (
        compared(Topic.REPEATABLE, "a training step again", first, again),
        compared(Topic.REPEATABLE, "a training step on one thread", first, alone),
    )
    return Section(Topic.REPEATABLE, "digests of outputs and gradients of a training step", claims), seconds


def _digest(arrays: Iterable[Array]) -> str:
    digest = blake2b(digest_size=6)
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _affordable(
    analysis: Analysis, step_seconds: float, effort: Effort, smaller: Iterable[Analysis]
) -> Analysis:
    """The net itself if there is time to check its gradients, else the first smaller one for which there is.

    Time is taken to go with the multiply-accumulates.
    """
    chosen = analysis
    for chosen in chain((analysis,), smaller):
        share = Fraction(whole(chosen.totals.macs), whole(analysis.totals.macs) or 1)
        if _STEPS * step_seconds * share <= effort.seconds:
            break
    return chosen


def _sizes(graph: Graph) -> str:
    """`image 3×224×224`."""
    return ", ".join(f"{spec.name} {'×'.join(map(str, spec.tensor.shape))}" for spec in graph.inputs)
