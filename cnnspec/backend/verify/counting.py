"""Multiply-accumulates, counted by the kernels themselves.

A convolution or linear layer whose weights and inputs are all 1 adds up 1·1 for every multiply-accumulate;
so the sum over its outputs is how many there are. The padding is made of ones as well, for the count
includes it. One output channel a group is run, and the others taken to cost the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import singledispatch

import numpy as np

from cnnspec.analysis.facts import Analysis
from cnnspec.backend.certificate import Claim, Section, Topic, compared
from cnnspec.backend.kernels import registry
from cnnspec.backend.kernels.arrays import Context, Forward
from cnnspec.backend.kernels.operations import (
    Convolution,
    Linear,
    Operation,
    Shape,
    TransposedConvolution,
    Window,
)
from cnnspec.backend.plan.model import Call, Plan

_HOW = (
    "each layer's kernel ran once with ones for weights, inputs and padding: the sum of its outputs is the "
    "number of products"
)


def check_macs(analysis: Analysis, plan: Plan, threads: int) -> Section:
    """Count layer by layer, and compare the total of the layers that inference needs."""
    counted = {step.path: _count(step.call, threads) for step in plan.forward}
    return Section(Topic.MACS, _HOW, tuple(_claims(analysis, counted)))


def _claims(analysis: Analysis, counted: dict[str, int]) -> Iterator[Claim]:
    at_inference = sum(
        counted[facts.path] for facts in analysis.layers if facts.path in counted and facts.at_inference
    )
    yield compared(Topic.MACS, "the whole net", analysis.totals.macs, at_inference)
    for facts in analysis.layers:
        macs = counted.get(facts.path, 0)
        if macs or facts.macs:
            yield compared(Topic.MACS, facts.path, facts.macs, macs)


@dataclass(frozen=True, slots=True)
class _Ones:
    """A layer to be run on ones, without padding, one output channel a group; `times` stands for the rest."""

    operation: Operation
    source: Shape
    weight: Shape
    target: Shape
    times: int


def _count(call: Call, threads: int) -> int:
    ones = _on_ones(call.operation, call)
    if ones is None:
        return 0
    target = np.zeros(ones.target)
    arrays = Forward((np.ones(ones.source),), (target,), (np.ones(ones.weight),), workspace=_workspace(ones))
    registry.forward(ones.operation, arrays, Context(threads=threads))
    return round(float(target.sum())) * ones.times


def _workspace(ones: _Ones) -> tuple[np.ndarray, ...]:
    wanted = ones.operation.workspace((ones.source,), (ones.target,))
    return tuple(np.empty(want.shape, want.dtype or np.float64) for want in wanted)


@singledispatch
def _on_ones(operation: Operation, call: Call) -> _Ones | None:
    """How to count; None for operations that have no multiply-accumulates."""
    del operation, call
    return None


@_on_ones.register
def _(operation: Linear, call: Call) -> _Ones:
    outputs, inputs = call.weights[0].shape
    return _Ones(replace(operation, bias=False), (1, inputs), (1, inputs), (1, 1), outputs)


@_on_ones.register
def _(operation: Convolution, call: Call) -> _Ones:
    window, groups = operation.window, operation.groups
    outputs, *share = call.weights[0].shape
    _, channels, *spatial = call.input_shapes[0]
    padded = (n + p + q for n, p, q in zip(spatial, window.before, window.after, strict=True))
    return _Ones(
        replace(operation, bias=False, window=_unpadded(operation)),
        (1, channels, *padded),
        (groups, *share),
        (1, groups, *call.output_shapes[0][2:]),
        outputs // groups,
    )


@_on_ones.register
def _(operation: TransposedConvolution, call: Call) -> _Ones:
    window, groups = operation.window, operation.groups
    channels, outputs, *size = call.weights[0].shape
    _, _, *spatial = call.input_shapes[0]
    full = (
        s * (n - 1) + d * (k - 1) + 1
        for n, s, d, k in zip(spatial, window.stride, window.dilation, size, strict=True)
    )
    return _Ones(
        replace(operation, bias=False, window=_unpadded(operation)),
        (1, channels, *spatial),
        (channels, 1, *size),
        (1, groups, *full),
        outputs,
    )


def _unpadded(operation: Convolution) -> Window:
    return replace(operation.window, before=(0, 0, 0), after=(0, 0, 0))
