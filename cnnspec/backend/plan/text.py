"""A plan as text: one line a step, with the buffers it reads and writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields

from cnnspec.backend.kernels.operations import Operation, Window
from cnnspec.backend.plan.model import (
    Add,
    AddToWeight,
    Backward,
    BackwardStep,
    Buffer,
    Clear,
    Forward,
    Plan,
    Use,
)
from cnnspec.backend.plan.refusals import breakdown
from cnnspec.dims.units import in_bytes


def describe(plan: Plan) -> str:
    """The whole plan: what it is for, its memory, its steps, and where each buffer lies and for how long."""
    return "\n".join(_lines(plan)) + "\n"


def _lines(plan: Plan) -> Iterator[str]:
    mode = "training" if plan.training else "inference"
    yield f"{plan.name}: {mode}, a batch of {plan.batch}, {plan.dtype}"
    yield f"memory: {in_bytes(plan.memory.total)}: {breakdown(plan.memory)}"
    yield f"the arena of {in_bytes(plan.memory.arena)} is fullest at {plan.memory.peak_path}"
    yield "\nforward"
    yield from _columns(_forward(step, plan.buffers) for step in plan.forward)
    if plan.backward:
        yield "\nbackward"
        yield from _columns(_backward(step, plan.buffers) for step in plan.backward)
    yield "\nbuffers"
    yield from _columns(map(_place, plan.buffers))


def _forward(step: Forward, buffers: tuple[Buffer, ...]) -> tuple[str, ...]:
    reads = _names(step.inputs, buffers)
    return step.path, operation_text(step.call.operation), f"{reads} → {_names(step.outputs, buffers)}"


def _backward(step: BackwardStep, buffers: tuple[Buffer, ...]) -> tuple[str, ...]:
    match step:
        case Backward():
            reads = (*step.output_gradients, *step.inputs, *step.outputs, *step.call.saved)
            written = [f"∂{item.slot}" for item in step.weight_gradients if isinstance(item, Use)]
            parts = (*step.input_gradients, *step.weight_gradients)
            written += [buffers[item].name for item in parts if isinstance(item, int)]
            return (
                step.path,
                operation_text(step.call.operation),
                f"{_names(reads, buffers)} → {', '.join(written)}",
            )
        case Clear():
            return step.path, "Clear", f"0 → {buffers[step.target].name}"
        case Add():
            return (
                step.path,
                "Add",
                f"{_names((step.target, step.part), buffers)} → {buffers[step.target].name}",
            )
        case AddToWeight():
            return step.path, "Add", f"∂{step.target.slot}, {buffers[step.part].name} → ∂{step.target.slot}"


def operation_text(operation: Operation) -> str:
    """`Convolution 1×5×5 groups=2`: what differs from the defaults."""
    words = [type(operation).__name__]
    for field in fields(operation):
        value = getattr(operation, field.name)
        if isinstance(value, Window):
            words.append(_window(value))
        elif value != field.default:
            words.append(f"{field.name}={value}")
    return " ".join(words)


def _window(window: Window) -> str:
    words = ["×".join(map(str, window.size))]
    for field in fields(window):
        value = getattr(window, field.name)
        if field.name != "size" and value != field.default:
            words.append(f"{field.name} {'×'.join(map(str, value))}")
    return " ".join(words)


def _place(buffer: Buffer) -> tuple[str, ...]:
    return (
        buffer.name,
        "×".join(map(str, buffer.shape)),
        buffer.dtype,
        f"at {buffer.offset:,}",
        f"{buffer.bytes:,} bytes",
        f"steps {buffer.first} to {buffer.last}",
    )


def _names(indices: Iterable[int], buffers: tuple[Buffer, ...]) -> str:
    return ", ".join(buffers[index].name for index in indices)


def _columns(rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """Rows of equally many cells, each column as wide as its widest cell."""
    table = list(rows)
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
