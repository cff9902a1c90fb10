"""The forward steps of convolutions and linear layers, each with what is fused to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cnnspec.backend.fast.kernels import convolution, winograd
from cnnspec.backend.fast.kernels.columns import ColumnConvolution
from cnnspec.backend.fast.kernels.epilogue import Epilogue
from cnnspec.backend.fast.kernels.functions import Activation
from cnnspec.backend.fast.kernels.linear import LinearForward
from cnnspec.backend.fast.kernels.packing import Pack
from cnnspec.backend.fast.kernels.pointwise import ChannelFactors
from cnnspec.backend.fast.kernels.taps import TapConvolution
from cnnspec.backend.fast.layout import Place
from cnnspec.backend.kernels import operations as ops
from cnnspec.backend.kernels.operations import Triple, Window
from cnnspec.backend.plan.model import Call, Forward
from cnnspec.backend.schedule.algorithms import uses_winograd, winograd_budget
from cnnspec.backend.schedule.draft import Draft, Held, Wish
from cnnspec.backend.schedule.fusion import Group
from cnnspec.backend.schedule.layouts import size_of
from cnnspec.backend.schedule.model import Space, Spot, number
from cnnspec.backend.schedule.weights import (
    Filters,
    Panels,
    filters_of,
    forward_pack,
    gradient_pack,
    on_map,
)

_START: Triple = (0, 0, 0)
_STEP: Triple = (1, 1, 1)


@dataclass(frozen=True, slots=True)
class Ending:
    """What happens to the sums of a convolution, and where it is found (see `taps.Epilogue`)."""

    bias: Spot | None = None
    addend: Held | None = None
    activation: Activation | None = None
    gate: Held | None = None
    gate_activation: Activation | None = None

    def epilogue(self, first: Triple = _START, stride: Triple = _STEP) -> Epilogue:
        """The same for the pixels from `first`, `stride` apart."""

        def place(held: Held | None) -> Place | None:
            return held.map.place(first, stride) if held else None

        addend, gate = place(self.addend), place(self.gate)
        return Epilogue(self.bias is not None, addend, self.activation, gate, self.gate_activation)

    def spots(self, otherwise: Spot) -> tuple[Spot, Spot, Spot]:
        """Of bias, addend and gate; some other spot where there is none."""
        addend = self.addend.spot if self.addend else otherwise
        return self.bias or otherwise, addend, self.gate.spot if self.gate else otherwise


@dataclass(frozen=True, slots=True)
class Weighing:
    """Where the weights of a layer come from and how a kernel wants them packed."""

    path: str
    weight: Spot
    pack: Callable[[Panels], Pack]
    factors: Spot | None = None

    def packed(self, draft: Draft, kernel: Panels) -> Spot:
        """The packed weights."""
        pack = self.pack(kernel)
        return self._filled(
            draft, pack, draft.packing_room(self.path, "packed", pack.numbers, filled=pack.fills)
        )

    def transformed(self, draft: Draft, kernel: TapConvolution) -> Spot:
        """The same, transformed for Winograd."""
        pack = self.pack(kernel)
        packed = self._filled(draft, pack, draft.passing_room(self.path, pack.numbers, filled=pack.fills))
        panels, blocks = kernel.panels, kernel.in_blocks
        transform = winograd.TransformWeights(panels, blocks, kernel.inner, kernel.vectors)
        taps = panels * blocks * kernel.inner * kernel.vectors * draft.machine.lanes
        room = draft.packing_room(self.path, "transformed", winograd.POSITIONS * taps, filled=True)
        draft.pack(self.path, "transform", transform, packed, room)
        return room

    def _filled(self, draft: Draft, pack: Pack, room: Spot) -> Spot:
        draft.pack(self.path, "pack", pack, self.weight, room, self.factors or self.weight)
        return room


def run_taps(
    draft: Draft,
    weighing: Weighing,
    what: str,
    kernel: TapConvolution,
    source: Held,
    target: Held,
    ending: Ending,
    *,
    waits: bool = True,
) -> None:
    """Add a convolution by direct sums."""
    packed = weighing.packed(draft, kernel)
    bias, addend, gate = ending.spots(packed)
    draft.run(weighing.path, what, kernel, source.spot, packed, bias, target.spot, addend, gate, waits=waits)


def run_winograd(
    draft: Draft, weighing: Weighing, before: Triple, source: Held, target: Held, ending: Ending
) -> None:
    """Add a convolution by Winograd, some tiles at a time."""
    path, blocks = weighing.path, source.map.blocks
    tiles = winograd.tiles_for(target.map, blocks, winograd_budget())
    products = winograd.products(tiles, blocks, draft.machine.accumulators)
    transformed = weighing.transformed(draft, products)
    v = draft.room(f"{path} V", tiles.numbers(blocks))
    m = draft.room(f"{path} M", tiles.numbers(target.map.blocks))
    start = source.map.place((0, -before[1], -before[2]))
    inputs = winograd.TransformInputs(tiles, blocks, start)
    outputs = winograd.TransformOutputs(tiles, ending.epilogue())
    bias, addend, gate = ending.spots(transformed)
    for first in range(0, tiles.total, tiles.together):
        draft.run(path, "winograd inputs", inputs, source.spot, v, number(first))
        draft.run(path, "winograd products", products, v, transformed, transformed, m)
        draft.run(path, "winograd outputs", outputs, m, bias, target.spot, addend, gate, number(first))


def activation_of(step: Forward | None) -> Activation | None:
    """The activation of a fused step."""
    if step is None or not isinstance(step.call.operation, ops.Activation):
        return None
    return Activation(step.call.operation.function, step.call.operation.parameter)


def add_convolution(draft: Draft, group: Group) -> bool:
    """A convolution: on planes, depthwise, by Winograd, or direct."""
    call = group.root.call
    window: Window = _operation(call).window
    source, target, ending, factors = _ends(draft, group)
    filters = filters_of(call)
    lanes, accumulators = draft.machine.lanes, draft.machine.accumulators
    if target.map.block == 1:
        weighing = _weighing(draft, call, filters, factors, row=filters.out)
        columns = ColumnConvolution(source.map, target.map, window, accumulators, ending.epilogue())
        packed = weighing.packed(draft, columns)
        draft.run(call.path, "columns", columns, source.spot, packed, ending.bias or packed, target.spot)
        return True
    weighing = _weighing(draft, call, filters, factors)
    if uses_winograd(filters, window, draft.count, target.map.size, draft.machine):
        run_winograd(draft, weighing, window.before, source, target, ending)
        return True
    groups = filters.run_groups(lanes)
    kernel = convolution.forward(source.map, target.map, window, groups, accumulators, ending.epilogue())
    if filters.depthwise:
        kernel = convolution.depthwise(kernel, source.map.blocks, accumulators)
    what = "depthwise" if filters.depthwise else "direct"
    run_taps(draft, weighing, what, kernel, source, target, ending)
    return True


def add_linear(draft: Draft, group: Group) -> bool:
    """A linear layer on a vector, or on the map that it flattens."""
    call = group.root.call
    source, target, ending, factors = _ends(draft, group)
    if draft.training and source.map.size == (1, 1, 1) and ending.addend is None:
        accumulators = draft.machine.accumulators
        places = source.map.place(), target.map.place()
        kernel = LinearForward(
            draft.count, source.map.channels, target.map.channels, *places, accumulators, ending.epilogue()
        )
        weight = draft.weight(call.weights[0].slot)
        draft.run(call.path, "linear", kernel, source.spot, weight, ending.bias or weight, target.spot)
        return True
    filters = on_map(filters_of(call), source.map.size)
    kernel = convolution.linear(source.map, target.map, draft.machine.accumulators, ending.epilogue())
    run_taps(draft, _weighing(draft, call, filters, factors), "linear", kernel, source, target, ending)
    return True


def add_transposed(draft: Draft, group: Group) -> bool:
    """A transposed convolution is the data gradient of the convolution with the same weights."""
    call = group.root.call
    window: Window = _operation(call).window
    if not convolution.covers(size_of(call.output_shapes[0]), window):
        return False
    source, target, ending, _ = _ends(draft, group)
    run_data_gradient(draft, call, source, target, ending)
    return True


def run_data_gradient(draft: Draft, call: Call, gradient: Held, into: Held, ending: Ending) -> None:
    """Add the data gradient of the convolution that a call's weights belong to, phase by phase.

    Inputs that no tap reaches are not written (see `convolution.covers`).
    """
    window: Window = _operation(call).window
    filters = filters_of(call)
    lanes, accumulators = draft.machine.lanes, draft.machine.accumulators
    groups = filters.run_groups(lanes)
    for phase in convolution.phases(into.map.size, window):
        first: Triple = (phase[0].first, phase[1].first, phase[2].first)
        epilogue = ending.epilogue(first, window.stride)
        kernel = convolution.data_gradient(
            gradient.map, into.map, window, groups, phase, accumulators, epilogue
        )
        if filters.depthwise:
            kernel = convolution.depthwise(kernel, gradient.map.blocks, accumulators)
        weight = draft.weight(call.weights[0].slot)
        weighing = Weighing(call.path, weight, lambda k, p=phase: gradient_pack(filters, p, k, lanes))
        run_taps(draft, weighing, "data gradient", kernel, gradient, into, ending, waits=False)
    draft.wait()


def _operation(call: Call) -> Any:
    return call.operation


def _ends(draft: Draft, group: Group) -> tuple[Held, Held, Ending, Spot | None]:
    """Source, target, ending, and the factors of a normalisation that is folded into the weights."""
    source = draft.map(group.root.inputs[0])
    bias, factors = _bias(draft, group)
    addend = None if group.addend is None else draft.map(group.addend)
    ending = Ending(bias, addend, activation_of(group.activation))
    return source, _over_addend(draft, group, addend) or draft.new_map(group.output), ending, factors


def _over_addend(draft: Draft, group: Group, addend: Held | None) -> Held | None:
    """The addend's map as that of the result, where nothing else will read it: half the memory to move."""
    if addend is None or draft.training or addend.spot.space is not Space.ROOM:
        return None
    wish = draft.wishes.get(group.output, Wish())
    fits = not wish.inside and draft.map_like(group.output, wish) == addend.map
    sharing = draft.sharing(addend.spot)
    if not fits or group.root.inputs[0] in sharing or _read_later(draft, group, sharing):
        return None
    draft.maps[group.output] = addend
    return addend


def _read_later(draft: Draft, group: Group, buffers: set[int]) -> bool:
    """Whether any of these tensors is an output, or read by a layer that may run after a group."""
    plan = draft.plan
    seen = {port.buffer for port in plan.outputs} | {head.logits for head in plan.heads}
    root = next(index for index, step in enumerate(plan.forward) if step is group.root)
    later = [step for step in plan.forward[root:] if step not in group.steps]
    return not buffers.isdisjoint(seen.union(*(step.inputs for step in later)))


def _weighing(draft: Draft, call: Call, filters: Filters, factors: Spot | None, *, row: int = 0) -> Weighing:
    """`row` is how many output channels lie side by side, if not as many as lanes."""
    lanes = row or draft.machine.lanes
    weight = draft.weight(call.weights[0].slot)
    return Weighing(
        call.path, weight, lambda k: forward_pack(filters, k, lanes, scaled=factors is not None), factors
    )


def _bias(draft: Draft, group: Group) -> tuple[Spot | None, Spot | None]:
    """Where the padded bias lies, and the factors of a normalisation that is folded into the weights."""
    call, norm = group.root.call, group.norm
    biases = [use.slot for use in call.weights[1:]]
    if norm is None and not biases:
        return None, None
    bias = draft.weight(biases[0]) if biases else None
    return channel_factors(draft, call.path, norm, call.output_shapes[0][1], bias)


def channel_factors(
    draft: Draft, path: str, norm: Forward | None, channels: int, bias: Spot | None
) -> tuple[Spot, Spot | None]:
    """Shifts and factors a channel, padded to whole blocks; factors only where there is a normalisation."""
    padded = -(-channels // draft.machine.lanes) * draft.machine.lanes
    if norm is None and bias and padded == channels:
        return bias, None
    shifts, factors = (
        draft.packing_room(path, name, padded, filled=padded == channels) for name in ("shifts", "factors")
    )
    uses = [draft.weight(use.slot) for use in norm.call.weights] if norm else []
    affine = len(uses) == 4
    kernel = ChannelFactors(
        channels,
        normalises=norm is not None,
        epsilon=_operation(norm.call).epsilon if norm else 0.0,
        scales=affine,
        shifts=affine,
        biased=bias is not None,
    )
    scale, shift = (uses[0], uses[1]) if affine else (shifts, shifts)
    mean, variance = (uses[-2], uses[-1]) if norm else (shifts, shifts)
    draft.pack(path, "fold", kernel, scale, shift, mean, variance, bias or shifts, factors, shifts)
    return shifts, factors if norm else None
