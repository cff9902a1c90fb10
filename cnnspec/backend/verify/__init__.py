"""Hold the analysis of a net to account by running it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnspec.analysis.facts import Analysis, analyse
from cnnspec.backend.certificate import Certificate, Section, Topic, Verdict, compared
from cnnspec.backend.executable import Executable
from cnnspec.backend.plan import Plan, make_plan
from cnnspec.backend.verify.counting import check_macs
from cnnspec.backend.verify.fields import check_fields
from cnnspec.backend.verify.gradients import check_gradients
from cnnspec.backend.verify.memory import check_memory
from cnnspec.backend.verify.parameters import check_parameters
from cnnspec.backend.verify.shapes import check_shapes
from cnnspec.graph import Graph

Array = NDArray[Any]

__all__ = ["verify"]

_FORWARDS_A_TENSOR = 4
_FORWARDS = 8
"""A gradient check takes about so many forward passes, and so many more for every weight tensor."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much to run: samples at a time, the seed of all random numbers, seconds for gradients and for fields."""

    batch: int = 3
    seed: int = 0
    seconds: float = 60.0
    threads: int | None = None


def verify(analysis: Analysis, effort: Effort = Effort(), smaller: Iterable[Graph] = ()) -> Certificate:  # noqa: B008
    """Run the net of an analysis, forward and backward in float64, and compare each claim with what is measured.

    `smaller` are the same net for smaller inputs, the largest first: gradients and receptive fields are checked on
    the first that fits in the time, which the certificate says. Raises DiagnosticError where the net cannot be run.
    """
    start = perf_counter()
    graph = analysis.graph
    plan = make_plan(graph, batch=effort.batch, training=True, dtype="float64", input_gradients=True)
    executable = Executable(plan, seed=effort.seed, threads=effort.threads)
"""
"""
