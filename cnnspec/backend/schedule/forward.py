"""The forward steps: each group of layers as kernels, or as plain calls where there is no kernel for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod
from typing import Any

from cnnspec.backend.fast.kernels.columns import ColumnPool
from cnnspec.backend.fast.kernels.functions import Activation, known
from cnnspec.backend.fast.kernels.norms import BatchStatistics, PartStatistics
from cnnspec.backend.fast.kernels.pointwise import MOST_OPERANDS, ChannelFactors, Pointwise, repeated
from cnnspec.backend.fast.kernels.pools import AveragePool, GlobalAverage, MaxPool
from cnnspec.backend.fast.layout import NO_HALO
from cnnspec.backend.kernels import operations as ops
from cnnspec.backend.plan.model import Forward, Plan
from cnnspec.backend.schedule.convolutions import (
    activation_of,
    add_convolution,
    add_linear,
    add_transposed,
    channel_factors,
)
from cnnspec.backend.schedule.draft import Draft, Held, lent, run_pointwise
from cnnspec.backend.schedule.fusion import Group
from cnnspec.backend.schedule.layouts import in_place, size_of
from cnnspec.backend.schedule.model import Plain, PlainForward


def add_group(draft: Draft, group: Group) -> None:
    """Add the steps of a group."""
    lower = _LOWERINGS.get(type(group.root.call.operation))
    if lower is None or not lower(draft, group):
        for step in group.steps:
            add_plain(draft, step)


def add_plain(draft: Draft, step: Forward) -> None:
    """Add the plain kernel of a step, on plain arrays."""
    inputs = tuple(draft.array(buffer) for buffer in step.inputs)
    outputs = tuple(draft.new_array(buffer) for buffer in step.outputs)
    shapes = tuple(array.shape for array in inputs), tuple(array.shape for array in outputs)
    operation = step.call.operation
    saved = tuple(lent(draft, want) for want in operation.saved(*shapes)) if step.call.saved else ()
    draft.arrays.update(zip(step.call.saved, saved, strict=True))
    workspace = tuple(lent(draft, want) for want in operation.workspace(*shapes))
    weights = tuple(Plain(draft.weight(use.slot), use.shape) for use in step.call.weights)
    draft.run_plain(PlainForward(step.call, inputs, outputs, weights, saved, workspace))


# --- pools -----------------------------------------------------------------------------------------------


def _max_pool(draft: Draft, group: Group) -> bool:
    operation: Any = group.root.call.operation
    source, target = draft.map(group.root.inputs[0]), draft.new_map(group.output)
    if target.map.block == 1:
        return _column_pool(draft, group, source, target)
    kernel = MaxPool(source.map, target.map, operation.window)
    if not group.root.call.saved:
        draft.run(group.root.path, "max pool", kernel, source.spot, target.spot)
        return True
    map_ = replace(target.map, halo=NO_HALO, room=0)
    places = Held(map_, draft.room(f"{group.root.path} places", map_.numbers))
    draft.places[group.root.path] = places
    kernel = replace(kernel, places=map_.place())
    draft.run(group.root.path, "max pool", kernel, source.spot, target.spot, places.spot)
    return True


def _average_pool(draft: Draft, group: Group) -> bool:
    operation: Any = group.root.call.operation
    source, target = draft.map(group.root.inputs[0]), draft.new_map(group.output)
    if target.map.block == 1:
        return _column_pool(draft, group, source, target)
    whole = operation.window.size == source.map.size and target.map.size == (1, 1, 1)
    if whole and operation.window.before == (0, 0, 0):
        draft.run(group.root.path, "mean", GlobalAverage(source.map, target.map), source.spot, target.spot)
    else:
        kernel = AveragePool(source.map, target.map, operation.window, operation.count_pad)
        draft.run(group.root.path, "average pool", kernel, source.spot, target.spot)
    return True


def _column_pool(draft: Draft, group: Group, source: Held, target: Held) -> bool:
    operation: Any = group.root.call.operation
    kernel = ColumnPool(source.map, target.map, operation.window, isinstance(operation, ops.MaxPool))
    draft.run(group.root.path, "pool of columns", kernel, source.spot, target.spot)
    return True


def _adaptive_average(draft: Draft, group: Group) -> bool:
    """To one position, it is the mean of the map; to as many as there are, the map itself."""
    sizes = size_of(group.root.call.input_shapes[0]), size_of(group.root.call.output_shapes[0])
    if sizes[1] != (1, 1, 1) and sizes[0] != sizes[1]:
        return False
    source, target = draft.map(group.root.inputs[0]), draft.new_map(group.output)
    kernel: Any = GlobalAverage(source.map, target.map)
    if sizes[0] == sizes[1]:
        kernel = Pointwise(target.map, (source.map.place(),))
        run_pointwise(draft, group.root.path, "copy", kernel, target, source)
    else:
        draft.run(group.root.path, "mean", kernel, source.spot, target.spot)
    return True


# --- element by element ----------------------------------------------------------------------------------


def _pointwise(
    draft: Draft,
    group: Group,
    what: str,
    *,
    multiply: bool = False,
    factor: float = 1.0,
    activation: Activation | None = None,
) -> bool:
    buffers = group.root.inputs
    if len(buffers) > MOST_OPERANDS or not _broadcast_over_positions(group.root):
        return False
    operands = [draft.map(buffer) for buffer in buffers]
    target = draft.new_map(group.output)
    places = tuple(repeated(held.map, target.map) for held in operands)
    kernel = Pointwise(target.map, places, multiply, factor, activation=activation)
    run_pointwise(draft, group.root.path, what, kernel, target, *operands)
    return True


def _broadcast_over_positions(step: Forward) -> bool:
    """Whether operands of other sizes have the result's channels, and one position along an axis at most."""
    channels = step.call.output_shapes[0][1]
    ranks = {len(shape) for shape in (*step.call.input_shapes, *step.call.output_shapes)}
    return len(ranks) == 1 and all(shape[1] == channels for shape in step.call.input_shapes)


def _gain(draft: Draft, group: Group) -> bool:
    operation: Any = group.root.call.operation
    return _pointwise(draft, group, "gain", factor=operation.factor)


def _activation(draft: Draft, group: Group) -> bool:
    operation: Any = group.root.call.operation
    if not known(operation.function):
        return False
    return _pointwise(draft, group, operation.function, activation=activation_of(group.root))


def _norm(draft: Draft, group: Group) -> bool:
    """A normalisation: by the batch in training, else by fixed statistics where no convolution precedes."""
    if draft.training or not _tracks(group.root):
        return _batch_norm(draft, group)
    source = draft.map(group.root.inputs[0])
    shifts, factors = channel_factors(draft, group.root.path, group.root, source.map.channels, None)
    target = draft.new_map(group.output)
    kernel = Pointwise(
        target.map, (source.map.place(),), affine=True, activation=activation_of(group.activation)
    )
    run_pointwise(
        draft, group.root.path, "affine", kernel, target, source, channelwise=(factors or shifts, shifts)
    )
    return True


def _batch_norm(draft: Draft, group: Group) -> bool:
    """By the statistics of the batch, with the sum and the activation that follow."""
    call, operation = group.root.call, group.root.call.operation
    if not isinstance(operation, ops.BatchNorm):
        return False
    values = prod(draft.shape(group.root.inputs[0])) // draft.shape(group.root.inputs[0])[1]
    if values == 1 and operation.track:
        return False
    source = draft.map(group.root.inputs[0])
    padded = source.map.blocks * draft.machine.lanes
    mean, inverse, factors, shifts = (
        draft.room(f"{call.path} {name}", padded) for name in ("mean", "inverse", "factors", "shifts")
    )
    uses = [draft.weight(use.slot) for use in call.weights]
    scale, shift = (uses[0], uses[1]) if operation.affine else (mean, mean)
    running = uses[-2:] if operation.track else [mean, mean]
    summing = PartStatistics(source.map)
    parts = draft.room(f"{call.path} parts", summing.parts.numbers)
    draft.run(call.path, "sums", summing, source.spot, parts)
    kernel = BatchStatistics(
        source.map, operation.epsilon, operation.momentum, operation.affine, operation.track
    )
    results = (mean, inverse, factors, shifts)
    draft.run(call.path, "statistics", kernel, parts, scale, shift, *running, *results)
    draft.kept[call.path] = mean, inverse

    def normalise() -> None:
        addend = [] if group.addend is None else [draft.map(group.addend)]
        target = draft.new_map(group.output)
        places = tuple(held.map.place() for held in (source, *addend))
        apply = Pointwise(target.map, places, affine=True, activation=activation_of(group.activation))
        run_pointwise(
            draft, call.path, "normalise", apply, target, source, *addend, channelwise=(factors, shifts)
        )

    normalise()
    if _made_of_what_is_kept(draft, group):
        draft.again[group.output] = normalise
    return True


def _made_of_what_is_kept(draft: Draft, group: Group) -> bool:
    """Whether to make the result again: the backward pass reads all that it is made of, which is kept."""
    wish = draft.wishes.get(group.output)
    inside = wish is not None and wish.inside is not None
    kept = draft.plan.read_again.issuperset(group.inputs) and group.addend not in draft.again
    return draft.plan.recompute and kept and not inside


def _tracks(step: Forward) -> bool:
    return isinstance(step.call.operation, ops.BatchNorm) and step.call.operation.track


def _scale(draft: Draft, group: Group) -> bool:
    call = group.root.call
    source = draft.map(group.root.inputs[0])
    lanes, channels = draft.machine.lanes, source.map.channels
    padded = -(-channels // lanes) * lanes
    factors, shifts = (
        draft.packing_room(call.path, name, padded, filled=padded == channels)
        for name in ("factors", "shifts")
    )
    uses = [draft.weight(use.slot) for use in call.weights]
    kernel = ChannelFactors(channels, scales=True, shifts=len(uses) == 2)
    draft.pack(call.path, "pad", kernel, uses[0], uses[-1], *(uses[0],) * 3, factors, shifts)
    target = draft.new_map(group.output)
    scale = Pointwise(target.map, (source.map.place(),), affine=True)
    run_pointwise(draft, call.path, "scale", scale, target, source, channelwise=(factors, shifts))
    return True


# --- what only moves -------------------------------------------------------------------------------------


def _same(draft: Draft, group: Group) -> bool:
    """Dropout in inference: the same tensor under another name."""
    if draft.training:
        return False
    _alias(draft, group.root.inputs[0], group.output)
    return True


def _alias(draft: Draft, source: int, target: int) -> None:
    if source in draft.maps:
        draft.maps[target] = draft.maps[source]
    if source in draft.arrays:
        plain = draft.arrays[source]
        draft.arrays[target] = Plain(plain.spot, draft.shape(target), plain.dtype)


def _reshape(draft: Draft, group: Group) -> bool:
    """Flattening for linear layers alone leaves the map as it is: their weights are read in its order."""
    source, target = group.root.inputs[0], group.output
    if source in draft.maps and (
        (draft.maps[source].map.size == (1, 1, 1) and len(draft.shape(target)) == 2)
        or (not draft.training and _only_linear(draft.plan, target))
    ):
        draft.maps[target] = draft.maps[source]
        return True
    plain = draft.array(source)
    draft.arrays[target] = Plain(plain.spot, draft.shape(target))
    return True


def _only_linear(plan: Plan, buffer: int) -> bool:
    readers = [step for step in plan.forward if buffer in step.inputs]
    seen = any(port.buffer == buffer for port in plan.outputs) or any(h.logits == buffer for h in plan.heads)
    return bool(readers) and not seen and all(isinstance(s.call.operation, ops.Linear) for s in readers)


def _concat(draft: Draft, group: Group) -> bool:
    if not in_place(draft.plan, group.root, draft.machine.lanes):
        return False
    whole = draft.maps.get(group.output) or draft.new_map(group.output)
    start = 0
    for buffer in group.root.inputs:
        part = draft.map(buffer)
        view, offset = whole.map.slice(start, part.map.channels)
        slot = Held(view, whole.spot.moved(offset))
        if part != slot:  # another name of a tensor, or one whose place is in another concatenation
            copy = Pointwise(view, (part.map.place(),))
            run_pointwise(draft, group.root.path, "copy", copy, slot, part)
        start += part.map.channels
    draft.touch(whole.spot)
    return True


def _split(draft: Draft, group: Group) -> bool:
    """The parts of a split of channels are slices of the map, where they begin blocks."""
    step = group.root
    operation: Any = step.call.operation
    lanes = draft.machine.lanes
    widths = [draft.shape(buffer)[1] for buffer in step.outputs]
    if operation.axis != 1 or any(width % lanes for width in widths[:-1]):
        return False
    source = draft.map(step.inputs[0])
    start = 0
    for buffer, width in zip(step.outputs, widths, strict=True):
        view, offset = source.map.slice(start, width)
        part = Held(view, source.spot.moved(offset))
        target = draft.new_map(buffer)
        copy = Pointwise(target.map, (part.map.place(),))
        run_pointwise(draft, step.path, "copy", copy, target, part)
        start += width
    return True


_LOWERINGS: dict[type[ops.Operation], Callable[[Draft, Group], bool]] = {
    ops.Convolution: add_convolution,
    ops.TransposedConvolution: add_transposed,
    ops.Linear: add_linear,
    ops.MaxPool: _max_pool,
    ops.AveragePool: _average_pool,
    ops.AdaptiveAveragePool: _adaptive_average,
    ops.BatchNorm: _norm,
    ops.Scale: _scale,
    ops.Add: lambda draft, group: _pointwise(draft, group, "add", activation=activation_of(group.activation)),
    ops.Multiply: lambda draft, group: _pointwise(draft, group, "multiply", multiply=True),
    ops.Gain: _gain,
    ops.Activation: _activation,
    ops.Dropout: _same,
    ops.Reshape: _reshape,
    ops.Concat: _concat,
    ops.Split: _split,
}
