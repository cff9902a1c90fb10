"""Shapes: what the arrays of a run really are, and how many windows really fit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cnnspec.analysis.facts import Analysis, LayerFacts
from cnnspec.backend.certificate import Claim, Section, Topic, Verdict, compared, text_of, unchecked
from cnnspec.backend.executable import Array, Arrays, Executable
from cnnspec.backend.kernels.arrays import Context
from cnnspec.backend.kernels.operations import Shape
from cnnspec.backend.plan.sizes import whole
from cnnspec.backend.program import PlainProgram
from cnnspec.layers.convolution import Conv
from cnnspec.layers.pooling import WindowPool
from cnnspec.layers.window import AxisWindow

_HOW = (
    "every layer ran on arrays of these shapes and wrote every element of them; the windows of convolutions "
    "and pools were put down one by one and counted"
)

_UNWRITTEN = 0x7FF8_5A5A_5A5A_5A5A
"""The bits of a number that no computation makes."""


def check_shapes(analysis: Analysis, executable: Executable, inputs: Arrays) -> Section:
    """Run layer by layer, in float64."""
    found = dict(_run(executable, inputs))
    claims = (claim for facts in analysis.layers if facts.node.inputs for claim in _claims(facts, found))
    return Section(Topic.SHAPES, _HOW, tuple(claims))


def _run(executable: Executable, inputs: Arrays) -> Iterator[tuple[str, list[Shape] | str]]:
    """For every layer the shapes of what it wrote, or what went wrong; nothing after a layer that refuses."""
    plan, program = executable.plan, PlainProgram(executable.plan, executable.storage)
    context = Context(plan.training, executable.seed, 1, executable.threads)
    for port in plan.inputs:
        target = program.tensor(port.buffer, plan.batch)
        target[...] = inputs[port.name].reshape(target.shape)
    for step in plan.forward:
        targets = [program.tensor(output, plan.batch) for output in step.outputs]
        for target in targets:
            target.view(np.uint64).fill(_UNWRITTEN)
        try:
            program.run(step, plan.batch, context)
        except ValueError as refusal:
            yield step.path, f"refused: {refusal}"
            return
        missing = sum(_clear_unwritten(target) for target in targets)
        yield step.path, f"{missing} elements not written" if missing else [t.shape for t in targets]


def _clear_unwritten(target: Array) -> int:
    """How many elements were not written; they become 0, so that later layers are not blamed."""
    unwritten = target.view(np.uint64) == _UNWRITTEN
    target[unwritten] = 0
    return int(unwritten.sum())


def _claims(facts: LayerFacts, found: dict[str, list[Shape] | str]) -> Iterator[Claim]:
    expected = facts.node.output_shapes
    measured = found.get(facts.path)
    if measured is None:
        yield unchecked(
            Topic.SHAPES, facts.path, expected[0], "it did not run: no output of the net needs it"
        )
    elif isinstance(measured, str):
        yield Claim(Topic.SHAPES, facts.path, text_of(expected[0]), measured, Verdict.FAILS)
    else:
        counted = _counted(facts)
        for wanted, shape in zip(expected, measured, strict=True):
            seen = _as_people_see_it(shape, len(wanted))
            yield compared(Topic.SHAPES, facts.path, wanted, (seen[0], *(counted or seen[1:])))


def _as_people_see_it(shape: Shape, rank: int) -> Shape:
    """Without the batch and the axes that kernels add before the spatial ones."""
    return (shape[1], *shape[len(shape) - rank + 1 :])


def _counted(facts: LayerFacts) -> Shape:
    """How many windows fit along every axis; empty for layers without windows."""
    match facts.node.layer:
        case Conv() as layer:
            return tuple(_places(window, ceil=False) for window in layer.window(facts.node.input_shapes[0]))
        case WindowPool() as layer:
            return tuple(_places(axis, ceil=layer.ceil) for axis in layer.window(facts.node.input_shapes[0]))
        case _:
            return ()


def _places(window: AxisWindow, *, ceil: bool) -> int:
    """Put the window down from the first padding pixel on, as often as it may be.

    With `ceil` it may hang over the end by less than a stride if it starts before the end of the map.
    """
    stride, size = whole(window.stride), whole(window.size_in)
    end = size + whole(window.after)
    start, places = -whole(window.before), 0
    while True:
        over = start + whole(window.extent) - end
        if over > 0 and not (ceil and over < stride and start < size):
            return places
        places += 1
        start += stride
