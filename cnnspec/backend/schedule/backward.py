"""The backward steps: each layer's gradients as kernels, or as plain calls where there is no kernel."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from cnnspec.backend.fast.kernels.copies import Accumulate, Zeros
from cnnspec.backend.fast.kernels.norms import BatchNormSums, PartGradients
from cnnspec.backend.fast.kernels.pointwise import Pointwise, repeated
from cnnspec.backend.fast.kernels.pools import PoolGradient
from cnnspec.backend.kernels import operations as ops
from cnnspec.backend.plan.model import Add, AddToWeight, Backward, Clear, Use
from cnnspec.backend.schedule.convolution_gradients import (
    add_convolution_gradient,
    add_linear_gradient,
    add_transposed_gradient,
)
from cnnspec.backend.schedule.draft import Draft, Held, lent, run_pointwise
from cnnspec.backend.schedule.endings import Tail, may_fuse, reads_output, tail_of
from cnnspec.backend.schedule.layer_gradient import LayerGradient, covers_inputs
from cnnspec.backend.schedule.layouts import size_of
from cnnspec.backend.schedule.model import Plain, PlainBackward


def add_backward(draft: Draft) -> None:
    """Add all backward steps of the plan, leaving out those that were fused."""
    fused: set[int] = set()
    for position, step in enumerate(draft.plan.backward):
        if position in fused:
            continue
        match step:
            case Backward():
                fused.update(_add_layer(draft, step, position))
            case Clear():
                held = draft.new_map(step.target)
                draft.run(step.path, "zeros", Zeros(held.map.numbers), held.spot)
            case Add():
                _add_part(draft, step)
            case AddToWeight():
                part = draft.arrays[step.part]
                kernel = Accumulate(prod(part.shape))
                draft.run(step.path, "add", kernel, draft.weight_gradient(step.target.slot), part.spot)


def _add_part(draft: Draft, step: Add) -> None:
    target, part = draft.map(step.target), draft.map(step.part)
    draft.forget(step.target)
    total = draft.new_map(step.target)
    kernel = Pointwise(total.map, (target.map.place(), part.map.place()))
    run_pointwise(draft, step.path, "add", kernel, total, target, part)


def _add_layer(draft: Draft, step: Backward, position: int) -> tuple[int, ...]:
    lower = _LOWERINGS.get(type(step.call.operation))
    part = step.input_gradients[0] if len(step.input_gradients) == 1 else None
    tail = None
    if part is not None:
        tail = tail_of(draft.plan, position, part)
        if not may_fuse(step, tail) or not covers_inputs(step):
            tail = Tail((part,))
    if step.path in draft.plain or lower is None or not lower(LayerGradient(draft, step, tail)):
        _add_plain(draft, step)
        return ()
    return tail.fused if tail else ()


def _add_plain(draft: Draft, step: Backward) -> None:
    def arrays(buffers: tuple[int, ...]) -> tuple[Plain, ...]:
        return tuple(draft.array(buffer) for buffer in buffers)

    def new(buffer: int | None) -> Plain | None:
        return None if buffer is None else draft.new_array(buffer)

    def weight(goal: Use | int | None) -> Plain | None:
        if isinstance(goal, Use):
            return Plain(draft.weight_gradient(goal.slot), goal.shape)
        if goal is None:
            return None
        shape = draft.plan.buffers[goal].shape
        draft.arrays[goal] = Plain(draft.room(f"{step.path} part", prod(shape)), shape)
        return draft.arrays[goal]

    call = step.call
    shapes = [(draft.count, *shape[1:]) for shape in call.input_shapes]
    results = [(draft.count, *shape[1:]) for shape in call.output_shapes]
    wanted = call.operation.workspace(tuple(shapes), tuple(results))
    made = PlainBackward(
        call=call,
        input_shapes=tuple(shapes),
        inputs=arrays(step.inputs),
        outputs=arrays(step.outputs),
        output_gradients=arrays(step.output_gradients),
        input_gradients=tuple(new(buffer) for buffer in step.input_gradients),
        weight_gradients=tuple(weight(goal) for goal in step.weight_gradients),
        weights=tuple(Plain(draft.weight(use.slot), use.shape) for use in call.weights),
        saved=tuple(draft.arrays[buffer] for buffer in call.saved),
        workspace=tuple(lent(draft, want) for want in wanted),
    )
    draft.run_plain(made)


# --- normalisation, pools, element by element ------------------------------------------------------------


def _norm(layer: LayerGradient) -> bool:
    draft, call = layer.draft, layer.step.call
    source, gradient = layer.source(), layer.gradient()
    mean, inverse = draft.kept[layer.path]
    scale, shift = (layer.trained(0), layer.trained(1)) if layer.operation.affine else (None, None)
    if layer.operation.affine and (scale is None) != (shift is None):
        return False
    padded = source.map.blocks * draft.machine.lanes
    a, b, c = (draft.room(f"{layer.path} {name}", padded) for name in "abc")
    affine: bool = layer.operation.affine
    summing = PartGradients(source.map, gradient.map)
    parts = draft.room(f"{layer.path} parts", summing.parts.numbers)
    draft.run(layer.path, "sums", summing, source.spot, gradient.spot, mean, parts)
    kernel = BatchNormSums(source.map, affine, writes=scale is not None)
    factor = draft.weight(call.weights[0].slot) if affine else a
    goals = scale or a, shift or a
    draft.run(layer.path, "norm sums", kernel, parts, inverse, factor, *goals, a, b, c)
    into = layer.into()
    if into:
        target, ending = into
        held = [gradient, source, *([ending.addend] if ending.addend else [])]
        spread = Pointwise(
            target.map,
            tuple(operand.map.place() for operand in held),
            affine=True,
            blends=True,
            gate=ending.gate.map.place() if ending.gate else None,
            gate_activation=ending.gate_activation,
        )
        run_pointwise(
            draft,
            layer.path,
            "norm gradient",
            spread,
            target,
            *held,
            channelwise=(a, c, b),
            centres=mean,
            gate=ending.gate,
        )
    return True


def _pool(layer: LayerGradient) -> bool:
    """Of a greatest or a mean: to where it was found, or to all in equal parts."""
    gradient = layer.gradient()
    into = layer.into()
    if into is None:
        return True
    target, ending = into
    places = layer.draft.places.get(layer.path)
    kernel = PoolGradient(
        target.map,
        gradient.map,
        layer.operation.window,
        places.map.place() if places else None,
        getattr(layer.operation, "count_pad", True),
        ending.gate.map.place() if ending.gate else None,
        ending.gate_activation,
    )
    gate = ending.gate.spot if ending.gate else target.spot
    spot = places.spot if places else target.spot
    layer.draft.run(layer.path, "pool gradient", kernel, target.spot, gradient.spot, spot, gate)
    return True


def _global_average(layer: LayerGradient) -> bool:
    sizes = size_of(layer.step.call.input_shapes[0]), size_of(layer.step.call.output_shapes[0])
    if sizes[1] != (1, 1, 1) and sizes[0] != sizes[1]:
        return False
    gradient = layer.gradient()
    into = layer.into()
    if into is None:
        return True
    target, ending = into
    kernel = Pointwise(
        target.map,
        (repeated(gradient.map, target.map),),
        factor=prod(sizes[1]) / prod(sizes[0]),
        gate=ending.gate.map.place() if ending.gate else None,
        gate_activation=ending.gate_activation,
    )
    run_pointwise(layer.draft, layer.path, "mean gradient", kernel, target, gradient, gate=ending.gate)
    return True


def _activation(layer: LayerGradient) -> bool:
    activation = reads_output(layer.step)
    if activation is None:
        return False
    gradient, output = layer.gradient(), layer.draft.map(layer.step.outputs[0])
    into = layer.into()
    if into is None:
        return True
    kernel = Pointwise(
        into[0].map, (gradient.map.place(),), gate=output.map.place(), gate_activation=activation
    )
    run_pointwise(layer.draft, layer.path, "slope", kernel, into[0], gradient, gate=output)
    return True


def _sum(layer: LayerGradient) -> bool:
    """Every operand of a sum of equal shapes has the gradient of the sum."""
    call = layer.step.call
    if any(shape != call.output_shapes[0] for shape in call.input_shapes):
        return False
    gradient = layer.gradient()
    for part in layer.step.input_gradients:
        if part is not None:
            layer.draft.maps[part] = gradient
    return True


def _concat(layer: LayerGradient) -> bool:
    """The parts of the gradient of joined channels are slices of it, where they begin blocks."""
    gradient = layer.gradient()
    shapes = layer.step.call.input_shapes
    lanes = layer.draft.machine.lanes
    if layer.operation.axis != 1 or any(shape[1] % lanes for shape in shapes[:-1]):
        return False
    start = 0
    for part, shape in zip(layer.step.input_gradients, shapes, strict=True):
        if part is not None:
            view, offset = gradient.map.slice(start, shape[1])
            layer.draft.maps[part] = Held(view, gradient.spot.moved(offset))
        start += shape[1]
    return True


def _reshape(layer: LayerGradient) -> bool:
    """The same numbers in the same order."""
    part = layer.step.input_gradients[0]
    if part is not None:
        plain = layer.draft.array(layer.step.output_gradients[0])
        layer.draft.arrays[part] = Plain(plain.spot, layer.draft.shape(part))
    return True


_LOWERINGS: dict[type[ops.Operation], Callable[[LayerGradient], bool]] = {
    ops.Convolution: add_convolution_gradient,
    ops.TransposedConvolution: add_transposed_gradient,
    ops.Linear: add_linear_gradient,
    ops.BatchNorm: _norm,
    ops.MaxPool: _pool,
    ops.AveragePool: _pool,
    ops.AdaptiveAveragePool: _global_average,
    ops.Activation: _activation,
    ops.Add: _sum,
    ops.Concat: _concat,
    ops.Reshape: _reshape,
}
