"""From a layer of the language to the operation that runs it, with every number resolved.

One function a layer class. A layer without one cannot be run, which is found before anything else is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import singledispatch
from typing import Literal, TypeVar, cast

from cnnspec.backend.kernels import operations
from cnnspec.backend.kernels.operations import Function, Operation, Shape, Triple
from cnnspec.backend.plan.sizes import whole, whole_shape
from cnnspec.diagnostics import Diagnostic, DiagnosticError
from cnnspec.dims import Dim
from cnnspec.graph import Node
from cnnspec.layers import (
    activation,
    borders,
    convolution,
    dropout,
    linear,
    merging,
    normalisation,
    pooling,
    resampling,
    scaling,
    shaping,
    splitting,
    transposed,
)
from cnnspec.layers.axes import axis_of
from cnnspec.layers.base import Layer
from cnnspec.layers.base import Shape as DimShape
from cnnspec.layers.window import AxisWindow

SPATIAL = 3
"""Kernels see maps with depth, height and width; those that a map lacks come first and are 1."""

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Application:
    """Where a layer stands: the shapes around it, and its number among the layers that run."""

    inputs: tuple[DimShape, ...]
    outputs: tuple[DimShape, ...]
    number: int

    @property
    def rank(self) -> int:
        """The spatial axes of the first input."""
        return len(self.inputs[0]) - 1


def lower(node: Node, number: int) -> Operation:
    """The operation that runs a layer."""
    return operation_of(node.layer, Application(node.input_shapes, node.output_shapes, number))


def refuse_unknown(nodes: Iterable[Node]) -> None:
    """Raise DiagnosticError (cannot-run) for a layer without operation or a tensor with too many axes."""
    unknown = operation_of.dispatch(Layer)
    problems: list[Diagnostic] = []
    for node in nodes:
        if operation_of.dispatch(type(node.layer)) is unknown:
            problems.append(_refusal(node, f"`{node.word}` can be analysed but not run"))
        elif any(len(shape) > SPATIAL + 1 for shape in (*node.input_shapes, *node.output_shapes)):
            problems.append(_refusal(node, f"`{node.word}` has a tensor with more than three spatial axes"))
    if problems:
        raise DiagnosticError(*problems)


def _refusal(node: Node, message: str) -> Diagnostic:
    return Diagnostic("cannot-run", message, span=node.origin.span, trace=node.origin.trace)


# --- shapes -----------------------------------------------------------------------------------------------


def kernel_shape(shape: DimShape, batch: int) -> Shape:
    """A tensor as kernels see it: vectors `(N, F)`, maps `(N, C, D, H, W)`."""
    first, *spatial = whole_shape(shape)
    return (batch, first, *spread(spatial, 1)) if spatial else (batch, first)


def weight_shape(operation: Operation, weight: DimShape) -> Shape:
    """A weight as kernels see it: of windows and of whole maps the spatial axes are three."""
    sizes = whole_shape(weight)
    if isinstance(operation, operations.Convolution) and len(sizes) > 2:
        return (*sizes[:2], *spread(sizes[2:], 1))
    if isinstance(operation, operations.LayerNorm) and len(sizes) > 1:
        return (sizes[0], *spread(sizes[1:], 1))
    return sizes


def kernel_axis(axis: int, rank: int) -> int:
    """Where kernels see an axis of a tensor with so many spatial axes; 0 is the channels."""
    return 1 if axis == 0 else axis + 1 + SPATIAL - rank


def spread(values: Sequence[_Value], missing: _Value) -> tuple[_Value, _Value, _Value]:
    """One value an axis of the map as one for each of depth, height and width."""
    lacking = (missing,) * (SPATIAL - len(values))
    return cast("tuple[_Value, _Value, _Value]", (*lacking, *values))


def window_of(axes: tuple[AxisWindow, ...]) -> operations.Window:
    """A window over depth, height and width; an axis that the map lacks has one tap."""

    def each(size: Callable[[AxisWindow], Dim], missing: int) -> Triple:
        return spread([whole(size(axis)) for axis in axes], missing)

    return operations.Window(
        size=each(lambda axis: axis.kernel, 1),
        stride=each(lambda axis: axis.stride, 1),
        dilation=each(lambda axis: axis.dilation, 1),
        before=each(lambda axis: axis.before, 0),
        after=each(lambda axis: axis.after, 0),
    )


# --- one function a layer ---------------------------------------------------------------------------------


@singledispatch
def operation_of(layer: Layer, at: Application) -> Operation:
    """The operation of a layer where it stands."""
    raise TypeError(f"{layer.word} at {at.inputs} has no operation")


@operation_of.register
def _(layer: convolution.Conv, at: Application) -> Operation:
    return operations.Convolution(window_of(layer.window(at.inputs[0])), whole(layer.groups), layer.bias)


@operation_of.register
def _(layer: transposed.ConvTranspose, at: Application) -> Operation:
    window = window_of(layer.window(at.inputs[0]))
    return operations.TransposedConvolution(window, whole(layer.groups), layer.bias)


@operation_of.register
def _(layer: linear.Linear, at: Application) -> Operation:
    del at
    return operations.Linear(layer.bias)


@operation_of.register
def _(layer: pooling.MaxPool, at: Application) -> Operation:
    return operations.MaxPool(window_of(layer.window(at.inputs[0])))


@operation_of.register
def _(layer: pooling.AvgPool, at: Application) -> Operation:
    return operations.AveragePool(window_of(layer.window(at.inputs[0])), layer.count_pad)


@operation_of.register
def _(layer: pooling.LpPool, at: Application) -> Operation:
    return operations.LpPool(window_of(layer.window(at.inputs[0])), float(whole(layer.norm)))


@operation_of.register(pooling.GlobalAvgPool)
@operation_of.register(pooling.AdaptiveAvgPool)
def _(layer: Layer, at: Application) -> Operation:
    del layer, at
    return operations.AdaptiveAveragePool()


@operation_of.register(pooling.GlobalMaxPool)
@operation_of.register(pooling.AdaptiveMaxPool)
def _(layer: Layer, at: Application) -> Operation:
    del layer, at
    return operations.AdaptiveMaxPool()


@operation_of.register
def _(layer: normalisation.BatchNorm, at: Application) -> Operation:
    del at
    return operations.BatchNorm(float(layer.eps), float(layer.momentum), layer.affine, layer.track)


@operation_of.register
def _(layer: normalisation.LayerNorm, at: Application) -> Operation:
    del at
    over = cast("Literal['sample', 'channels']", layer.over)
    return operations.LayerNorm(float(layer.eps), layer.affine, over)


@operation_of.register
def _(layer: normalisation.GroupNorm, at: Application) -> Operation:
    del at
    return operations.GroupNorm(whole(layer.groups), float(layer.eps), layer.affine)


@operation_of.register
def _(layer: normalisation.InstanceNorm, at: Application) -> Operation:
    return operations.GroupNorm(whole(at.inputs[0][0]), float(layer.eps), layer.affine)


@operation_of.register
def _(layer: normalisation.LocalResponseNorm, at: Application) -> Operation:
    del at
    return operations.LocalResponseNorm(
        whole(layer.size), float(layer.alpha), float(layer.beta), float(layer.k)
    )


@operation_of.register
def _(layer: dropout.Dropout, at: Application) -> Operation:
    return operations.Dropout(float(layer.p), stream=at.number)


@operation_of.register(activation.Softmax)
@operation_of.register(activation.LogSoftmax)
def _(layer: Layer, at: Application) -> Operation:
    del at
    return operations.Softmax(log=isinstance(layer, activation.LogSoftmax))


@operation_of.register
def _(layer: activation.PRelu, at: Application) -> Operation:
    del layer, at
    return operations.PRelu()


@operation_of.register
def _(layer: activation.Activation, at: Application) -> Operation:
    del at
    match layer:
        case activation.LeakyRelu(slope=parameter) | activation.Elu(alpha=parameter):
            return operations.Activation(cast("Function", layer.word), float(parameter))
        case activation.Gelu(approximate="tanh"):
            return operations.Activation("gelu_tanh")
        case _:
            return operations.Activation(cast("Function", layer.word))


@operation_of.register(shaping.Identity)
@operation_of.register(shaping.Flatten)
@operation_of.register(shaping.Reshape)
@operation_of.register(shaping.Squeeze)
def _(layer: Layer, at: Application) -> Operation:
    del layer, at
    return operations.Reshape()


@operation_of.register
def _(layer: shaping.Permute, at: Application) -> Operation:
    if at.rank == 0:
        return operations.Reshape()
    first, *others = (kernel_axis(axis, at.rank) for axis in layer.order)
    return operations.Permute((0, first, *range(2, 2 + SPATIAL - at.rank), *others))


@operation_of.register
def _(layer: borders.Pad, at: Application) -> Operation:
    mode = cast("Literal['constant', 'reflect', 'replicate']", layer.mode)
    return operations.Pad(*_sides(layer, at), mode, float(layer.value))


@operation_of.register
def _(layer: borders.Crop, at: Application) -> Operation:
    return operations.Crop(*_sides(layer, at))


def _sides(layer: borders.Border, at: Application) -> tuple[Triple, Triple]:
    """What is added or cut before, and after, every axis."""
    pairs = [(whole(before), whole(after)) for before, after in layer.sides(at.inputs[0])]
    return spread([before for before, _ in pairs], 0), spread([after for _, after in pairs], 0)


@operation_of.register
def _(layer: resampling.Upsample, at: Application) -> Operation:
    del at
    return operations.Upsample("nearest" if layer.mode == "nearest" else "linear", layer.align_corners)


@operation_of.register
def _(layer: resampling.PixelShuffle, at: Application) -> Operation:
    return operations.PixelShuffle(spread([whole(layer.factor)] * at.rank, 1))


@operation_of.register
def _(layer: resampling.PixelUnshuffle, at: Application) -> Operation:
    return operations.PixelUnshuffle(spread([whole(layer.factor)] * at.rank, 1))


@operation_of.register
def _(layer: resampling.ChannelShuffle, at: Application) -> Operation:
    del at
    return operations.ChannelShuffle(whole(layer.groups))


@operation_of.register
def _(layer: merging.Concat, at: Application) -> Operation:
    return operations.Concat(kernel_axis(axis_of(layer.axis, at.inputs[0]), at.rank))


@operation_of.register
def _(layer: splitting.Split, at: Application) -> Operation:
    return operations.Split(kernel_axis(axis_of(layer.axis, at.inputs[0]), at.rank))


@operation_of.register
def _(layer: merging.Add, at: Application) -> Operation:
    del layer, at
    return operations.Add()


@operation_of.register
def _(layer: merging.Mul, at: Application) -> Operation:
    del layer, at
    return operations.Multiply()


@operation_of.register
def _(layer: merging.Hypot, at: Application) -> Operation:
    del layer, at
    return operations.Polar("length")


@operation_of.register
def _(layer: merging.Atan2, at: Application) -> Operation:
    del layer, at
    return operations.Polar("angle")


@operation_of.register
def _(layer: scaling.Scale, at: Application) -> Operation:
    del at
    return operations.Scale(layer.bias)


@operation_of.register
def _(layer: scaling.Times, at: Application) -> Operation:
    del at
    return operations.Gain(float(layer.factor))
