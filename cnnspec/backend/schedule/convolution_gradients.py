"""The backward steps of convolutions and linear layers: gradients of weights, of biases, of inputs."""

from __future__ import annotations

from dataclasses import replace

from cnnspec.backend.fast.kernels import convolution, weight_gradient, winograd
from cnnspec.backend.fast.kernels.copies import AddParts, Zeros
from cnnspec.backend.fast.kernels.linear import LinearDataGradient, LinearWeightGradient
from cnnspec.backend.fast.kernels.norms import ChannelSums, PartSums
from cnnspec.backend.kernels import operations as ops
from cnnspec.backend.schedule.algorithms import uses_winograd, winograd_budget
from cnnspec.backend.schedule.convolutions import Weighing, run_data_gradient, run_taps, run_winograd
from cnnspec.backend.schedule.draft import Held
from cnnspec.backend.schedule.layer_gradient import LayerGradient, covers_inputs
from cnnspec.backend.schedule.layouts import size_of
from cnnspec.backend.schedule.model import Spot, number
from cnnspec.backend.schedule.weights import filters_of, forward_pack, gradient_pack


def add_convolution_gradient(layer: LayerGradient) -> bool:
    """Of a convolution; what no tap reaches has a gradient of zero."""
    draft, call = layer.draft, layer.step.call
    window: ops.Window = layer.operation.window
    filters, gradient = filters_of(call), layer.gradient()
    weight, bias = layer.trained(0), layer.trained(1)
    if weight:
        _weight_gradient(layer, layer.source(), gradient, weight)
    if bias:
        _bias_gradient(layer, gradient, bias)
    into = layer.into()
    if into is None:
        return True
    target, ending = into
    lanes = draft.machine.lanes
    if uses_winograd(filters.exchanged, window, draft.count, target.map.size, draft.machine):
        (phase,) = convolution.phases(target.map.size, window)
        weighing = Weighing(
            call.path, draft.weight(call.weights[0].slot), lambda k: gradient_pack(filters, phase, k, lanes)
        )
        before = (0, 2 - window.before[1], 2 - window.before[2])
        run_winograd(draft, weighing, before, gradient, target, ending)
        return True
    if not covers_inputs(layer.step):
        draft.run(layer.path, "zeros", Zeros(target.map.numbers), target.spot)
    run_data_gradient(draft, call, gradient, target, ending)
    return True


def add_transposed_gradient(layer: LayerGradient) -> bool:
    """Its data gradient is the convolution; in its weights' gradient the maps are exchanged."""
    if not convolution.covers(size_of(layer.step.call.output_shapes[0]), layer.operation.window):
        return False
    draft, call = layer.draft, layer.step.call
    filters, gradient = filters_of(call), layer.gradient()
    lanes, accumulators = draft.machine.lanes, draft.machine.accumulators
    weight, bias = layer.trained(0), layer.trained(1)
    if weight:
        _weight_gradient(layer, gradient, layer.source(), weight)
    if bias:
        _bias_gradient(layer, gradient, bias)
    into = layer.into()
    if into:
        target, ending = into
        groups = filters.run_groups(lanes)
        kernel = convolution.forward(
            gradient.map, target.map, layer.operation.window, groups, accumulators, ending.epilogue()
        )
        if filters.depthwise:
            kernel = convolution.depthwise(kernel, gradient.map.blocks, accumulators)
        weighing = Weighing(
            call.path, draft.weight(call.weights[0].slot), lambda k: forward_pack(filters, k, lanes)
        )
        run_taps(draft, weighing, "data gradient", kernel, gradient, target, ending)
    return True


def _bias_gradient(layer: LayerGradient, gradient: Held, goal: Spot) -> None:
    """The sum of every channel."""
    kernel = PartSums(gradient.map)
    parts = layer.draft.room(f"{layer.path} parts", kernel.parts.numbers)
    layer.draft.run(layer.path, "sums", kernel, gradient.spot, parts)
    layer.draft.run(layer.path, "bias gradient", ChannelSums(gradient.map), parts, goal)


def _weight_gradient(layer: LayerGradient, source: Held, gradient: Held, goal: Spot) -> None:
    """The gradient of the weights, packed, and from there to where people see it."""
    draft, filters = layer.draft, filters_of(layer.step.call)
    lanes, accumulators = draft.machine.lanes, draft.machine.accumulators
    window: ops.Window = layer.operation.window
    if uses_winograd(filters, window, draft.count, gradient.map.size, draft.machine) and not isinstance(
        layer.operation, ops.TransposedConvolution
    ):
        _winograd_gradient(layer, source, gradient, goal)
        return
    if filters.depthwise:
        kernel = weight_gradient.depthwise_gradient(source.map, gradient.map, window, accumulators)
    else:
        groups = filters.run_groups(lanes)
        kernel = weight_gradient.weight_gradient(source.map, gradient.map, window, groups, accumulators)
    pack = replace(forward_pack(filters, kernel, lanes), backwards=True)
    packed = draft.room(f"{layer.path} gradient", kernel.shares * pack.numbers)
    draft.run(layer.path, "weight gradient", kernel, source.spot, gradient.spot, packed)
    if kernel.shares > 1:
        draft.run(layer.path, "add up", AddParts(pack.numbers, kernel.shares), packed)
    draft.run(layer.path, "unpack", pack, goal, packed)


def _winograd_gradient(layer: LayerGradient, source: Held, gradient: Held, goal: Spot) -> None:
    """The gradient of 3 × 3 weights as a quarter of the products, some tiles at a time."""
    draft, path, blocks = layer.draft, layer.path, source.map.blocks
    accumulators, before = draft.machine.accumulators, layer.operation.window.before
    tiles = winograd.tiles_for(gradient.map, blocks, winograd_budget())
    v = draft.room(f"{path} V", tiles.numbers(blocks))
    z = draft.room(f"{path} Z", tiles.numbers(gradient.map.blocks))
    inputs = winograd.TransformInputs(tiles, blocks, source.map.place((0, -before[1], -before[2])))
    gradients = winograd.TransformGradients(tiles)
    products = winograd.gradient_products(tiles, blocks, accumulators, adds=False)
    filters = filters_of(layer.step.call)
    pack = replace(forward_pack(filters, products, draft.machine.lanes), backwards=True)
    sums = draft.room(f"{path} sums", winograd.POSITIONS * pack.numbers // 9)
    for first in range(0, tiles.total, tiles.together):
        draft.run(path, "winograd inputs", inputs, source.spot, v, number(first), waits=False)
        draft.run(path, "winograd gradients", gradients, gradient.spot, z, number(first))
        kernel = replace(products, adds=first > 0)
        draft.run(path, "winograd weight products", kernel, v, z, sums)
    packed = draft.room(f"{path} gradient", pack.numbers)
    panels = products.panels
    transform = winograd.TransformWeightGradient(panels, blocks, products.inner, products.vectors)
    draft.run(path, "winograd weights", transform, sums, packed)
    draft.run(path, "unpack", pack, goal, packed)


def add_linear_gradient(layer: LayerGradient) -> bool:
    """Of a linear layer, on its weights as they are."""
    draft = layer.draft
    source, gradient = layer.source(), layer.gradient()
    sizes = draft.count, source.map.channels, gradient.map.channels
    weight, bias = layer.trained(0), layer.trained(1)
    if weight:
        kernel = LinearWeightGradient(*sizes, source.map.place(), gradient.map.place())
        draft.run(layer.path, "weight gradient", kernel, source.spot, gradient.spot, weight)
    if bias:
        _bias_gradient(layer, gradient, bias)
    into = layer.into()
    if into:
        target, ending = into
        places = target.map.place(), gradient.map.place()
        kernel = LinearDataGradient(*sizes, *places, ending.epilogue())
        weights = draft.weight(layer.step.call.weights[0].slot)
        _, addend, gate = ending.spots(weights)
        draft.run(layer.path, "data gradient", kernel, gradient.spot, weights, target.spot, addend, gate)
    return True
