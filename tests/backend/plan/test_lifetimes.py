"""No two buffers that are alive together share memory, and a buffer is alive whenever a step touches it."""

from __future__ import annotations

from itertools import combinations

import pytest
from backend.nets import LENET, graph
from hypothesis import given
from hypothesis import strategies as st

from cnnspec.backend.plan import Plan, make_plan
from cnnspec.backend.plan.arena import pack
from cnnspec.backend.plan.model import (
    ALIGNMENT,
    Add,
    AddToWeight,
    Backward,
    BackwardStep,
    Buffer,
    Clear,
    Forward,
    Role,
)

BRANCHES = """
    net n():
        input x: [3, 8, 8]
        layer shared = conv(3, 3, pad=1)
        a, b, c = conv(9, 3, pad=1) -> bn -> split(3)
        u = a -> shared -> maxpool(3, stride=1, pad=1) -> dropout
        v = shared + u
        training output early = v -> global_avgpool -> flatten -> linear(2) -> softmax
        output late = concat(u, v, a) -> lrn -> flatten -> linear(2) -> log_softmax
"""


def buffers_of(step: Forward | BackwardStep) -> set[int]:
    """Every buffer that a step reads or writes."""
    match step:
        case Forward():
            return {*step.inputs, *step.outputs, *step.call.saved, *step.workspace}
        case Backward():
            gradients = (*step.output_gradients, *step.input_gradients, *step.weight_gradients)
            own = {part for part in gradients if isinstance(part, int)}
            return own | {*step.inputs, *step.outputs, *step.call.saved, *step.workspace}
        case Clear():
            return {step.target}
        case Add():
            return {step.target, step.part}
        case AddToWeight():
            return {step.part}


def timeline(plan: Plan) -> list[set[int]]:
    """The buffers touched at every time: first also the inputs, at time F the outputs, last the gradients."""
    ends = {port.buffer for port in plan.outputs} | {head.logits for head in plan.heads}
    ends |= {end.gradient for end in (*plan.outputs, *plan.heads) if end.gradient is not None}
    steps = [
        *(buffers_of(step) for step in plan.forward),
        ends,
        *(buffers_of(step) for step in plan.backward),
    ]
    steps[0] |= {port.buffer for port in plan.inputs}
    return [*steps, {port.gradient for port in plan.inputs if port.gradient is not None}]


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("text", [LENET, BRANCHES])
def test_buffers_live_as_long_as_they_are_used(text: str, training: bool) -> None:
    plan = make_plan(graph(text), batch=2, training=training, input_gradients=training)
    touched = timeline(plan)
    for index, buffer in enumerate(plan.buffers):
        times = [time for time, step in enumerate(touched) if index in step]
        assert (buffer.first, buffer.last) == (times[0], times[-1]), buffer.name


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("text", [LENET, BRANCHES])
def test_what_lives_together_lies_apart(text: str, training: bool) -> None:
    plan = make_plan(graph(text), batch=2, training=training, input_gradients=training)
    assert_apart(plan.buffers, plan.memory.arena)
    assert sum(plan.memory.peak.values()) <= plan.memory.arena


def assert_apart(buffers: tuple[Buffer, ...], arena: int) -> None:
    """Brute force over all pairs."""
    for buffer in buffers:
        assert buffer.offset % ALIGNMENT == 0
        assert 0 <= buffer.offset <= buffer.offset + buffer.bytes <= arena
    for one, other in combinations(buffers, 2):
        together = one.first <= other.last and other.first <= one.last
        apart = one.offset + one.bytes <= other.offset or other.offset + other.bytes <= one.offset
        assert apart or not together, f"{one.name} and {other.name} overlap"


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 20), st.integers(0, 8)), max_size=40))
def test_any_lifetimes_are_packed(lives: list[tuple[int, int, int]]) -> None:
    buffers = [
        Buffer(str(index), "", Role.TENSOR, (size,), "float32", first, first + length)
        for index, (size, first, length) in enumerate(lives)
    ]
    packed, arena = pack(buffers)
    assert [buffer.name for buffer in packed] == [buffer.name for buffer in buffers]
    assert_apart(packed, arena)
    alive_together = max((_alive(buffers, time) for time in range(30)), default=0)
    assert alive_together <= arena <= sum(-(-buffer.bytes // ALIGNMENT) * ALIGNMENT for buffer in buffers)


def _alive(buffers: list[Buffer], time: int) -> int:
    return sum(buffer.bytes for buffer in buffers if buffer.first <= time <= buffer.last)


def test_a_chain_at_inference_needs_its_two_largest_neighbours_only() -> None:
    plan = make_plan(graph(LENET), batch=1)
    assert plan.memory.arena == 2 * 6 * 28 * 28 * 4
    assert not plan.backward
    assert plan.memory.gradients == 0
