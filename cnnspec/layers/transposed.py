"""Transposed convolution: the adjoint of a convolution, which spreads every input pixel over a window.

Weights `(in, out/groups, *kernel)` as in PyTorch. The size is `s·(n − 1) − p − q + E + output_pad`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import gcd

from cnnspec.dims import (
    INDEX,
    MAX_PERIOD,
    UNIT,
    Dim,
    IndexMap,
    Quasi,
    Relation,
    ceil_div,
    evaluate,
    maximum,
    one_symbol,
    product,
    render,
    substitute,
)
from cnnspec.layers.arguments import AMOUNT_PER_AXIS, COUNT, FLAG, PADDING, PER_AXIS, Padding, PerAxis, arg
from cnnspec.layers.base import Derivation, Flops, Init, Layer, Requirement, Shape, Weight
from cnnspec.layers.derivation import count_macs, count_parameters, factor_text
from cnnspec.layers.registry import layer
from cnnspec.layers.spatial import axis_name, elements, needs_groups, needs_map, needs_one_per_axis
from cnnspec.layers.window import AxisWindow, paddings, per_axis


@layer("conv_transpose")
@dataclass(frozen=True)
class ConvTranspose(Layer):
    """A transposed convolution; with stride s the map grows s times.

    `pad` is that of the convolution whose adjoint it is: it makes the result smaller. `same` gives s·n.
    """

    channels: Dim = arg(COUNT, "the channels it produces")
    kernel: PerAxis = arg(PER_AXIS, "the size of the window: `3`, `3x5` or `(3, k)`")
    stride: PerAxis = arg(PER_AXIS, "how many times the map grows", 1)
    pad: Padding = arg(PADDING, "what is cut off: `same`, `valid`, a number, or one (or a pair) an axis", 0)
    output_pad: PerAxis = arg(AMOUNT_PER_AXIS, "how many pixels are added at the end, to reach a size", 0)
    dilation: PerAxis = arg(PER_AXIS, "how far apart the taps of the window are", 1)
    groups: Dim = arg(COUNT, "into how many groups the channels are divided, each convolved alone", 1)
    bias: bool = arg(FLAG, "whether a learned number is added to every channel", True)

    def window(self, shape: Shape) -> tuple[AxisWindow, ...]:
        """The window along every spatial axis, resolved for an input shape.

        It is that of the adjoint convolution, which slides over `size_out` and gives `size_in`.
        """
        return _resolved(self, shape[1:])

    def requirements(self, inputs: tuple[Shape, ...]) -> Iterator[Requirement]:
        """Rank, groups, output padding below stride or dilation, and something left."""
        (shape,) = inputs
        yield from needs_map(self.word, shape)
        for argument in ("kernel", "stride", "pad", "output_pad", "dilation"):
            yield from needs_one_per_axis(self.word, argument, getattr(self, argument), shape)
        yield from needs_groups(self.groups, shape[0], "input")
        yield from needs_groups(self.groups, self.channels, "output")
        extra = per_axis(self.output_pad, len(shape) - 1)
        for axis, window in enumerate(self.window(shape)):
            name = axis_name(len(shape) - 1, axis)
            yield _small_output_pad(name, axis, extra[axis], window)
            yield _something_left(name, axis, window)

    def infer(self, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        """`(channels, *sizes)`."""
        return ((self.channels, *(window.size_out for window in self.window(inputs[0]))),)

    def weights(self, inputs: tuple[Shape, ...]) -> tuple[Weight, ...]:
        """`weight` (in, out/groups, *kernel) and `bias` (out)."""
        (shape,) = inputs
        windows = self.window(shape)
        kernel = tuple(window.kernel for window in windows)
        # A pixel of the output is reached by about kernel/stride taps an axis.
        taps = product(ceil_div(window.kernel, window.stride) for window in windows)
        fan_in = shape[0] // self.groups * taps
        weight = Weight(
            "weight", (shape[0], self.channels // self.groups, *kernel), Init.KAIMING, fan_in=fan_in
        )
        return (weight, Weight("bias", (self.channels,), Init.ZEROS)) if self.bias else (weight,)

    def macs(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Dim:
        """Every input element is multiplied by one weight a tap and output channel of its group."""
        del outputs
        (shape,) = inputs
        taps = product(per_axis(self.kernel, len(shape) - 1))
        return elements(shape) * (self.channels // self.groups) * taps

    def flops(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Flops:
        """The bias: one addition an output element."""
        del inputs
        return Flops(bias=elements(outputs[0]) if self.bias else 0)

    def index_map(self, inputs: tuple[Shape, ...], port: int, axis: int) -> IndexMap:
        """The input pixels whose window covers an output pixel."""
        window = self.window(inputs[port])[axis]
        return _reach(window.kernel, window.stride, window.dilation, window.before)

    def reads(self, inputs: tuple[Shape, ...], port: int, axis: int, index: int) -> Iterable[int]:
        """The pixels of which one tap falls on the output pixel."""
        window = self.window(inputs[port])[axis]
        sizes = (window.kernel, window.stride, window.dilation, window.before)
        kernel, stride, dilation, before = (evaluate(size, {}) for size in sizes)
        reached = (index + before - tap * dilation for tap in range(kernel))
        return [place // stride for place in reached if place % stride == 0]

    def derive(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Iterator[Derivation]:
        """Sizes, parameters and MACs."""
        del outputs
        (shape,) = inputs
        extra = per_axis(self.output_pad, len(shape) - 1)
        for axis, window in enumerate(self.window(shape)):
            yield self._derive_size(axis_name(len(shape) - 1, axis), window, extra[axis])
        weights = self.weights(inputs)
        share, *kernel = weights[0].shape[1:]
        taps = "·".join(["out" if self.groups == 1 else "(out/groups)", *"k" * len(kernel)])
        yield count_parameters(f"in·{taps} + out" if self.bias else f"in·{taps}", weights)
        yield count_macs(f"inputs·{taps}", *shape, share, *kernel)

    def _derive_size(self, name: str, window: AxisWindow, extra: Dim) -> Derivation:
        size, stride = factor_text(window.size_in), factor_text(window.stride)
        if self.pad == "same":
            return Derivation(name, "s·n + o", f"{stride}·{size} + {render(extra)}", render(window.size_out))
        parts = [window.before, window.after, window.dilation, window.kernel, extra]
        before, after, dilation, kernel, added = map(factor_text, parts)
        return Derivation(
            name,
            "s·(n − 1) − p − q + d·(k − 1) + 1 + o",
            f"{stride}·({size} − 1) − {before} − {after} + {dilation}·({kernel} − 1) + 1 + {added}",
            render(window.size_out),
        )


@lru_cache(maxsize=4096)
def _resolved(layer: ConvTranspose, sizes: Shape) -> tuple[AxisWindow, ...]:
    rank = len(sizes)
    arguments = zip(
        per_axis(layer.kernel, rank),
        per_axis(layer.stride, rank),
        per_axis(layer.dilation, rank),
        per_axis(layer.output_pad, rank),
        paddings(layer.pad, rank),
        strict=True,
    )
    return tuple(_along_axis(size, *each) for size, each in zip(sizes, arguments, strict=True))


def _along_axis(  # noqa: PLR0917 - one each, in the order of the formula
    size: Dim, kernel: Dim, stride: Dim, dilation: Dim, extra: Dim, pad: tuple[Dim, Dim] | None
) -> AxisWindow:
    extent = dilation * (kernel - 1) + 1
    if pad is None:
        # `same`: what is over s·n is cut off, the odd pixel after; what is missing is added after.
        over = maximum(extent - stride, 0)
        before = over // 2
        return AxisWindow(kernel, stride, dilation, before, over - before, size, stride * size + extra)
    before, after = pad
    grown = stride * (size - 1) + extent + extra
    return AxisWindow(kernel, stride, dilation, before, after, size, grown - before - after)


def _small_output_pad(name: str, axis: int, extra: Dim, window: AxisWindow) -> Requirement:
    limit = maximum(window.stride, window.dilation)
    return Requirement(
        "output-padding",
        limit - 1,
        Relation.AT_LEAST,
        extra,
        lambda: (
            f"`output_pad` adds {render(extra)} to the {name}; it must be less than the greater of "
            f"stride ({render(window.stride)}) and dilation ({render(window.dilation)})"
        ),
        lambda: f"use an `output_pad` of at most {render(limit - 1)}",
        argument="output_pad",
        axis=axis,
    )


def _something_left(name: str, axis: int, window: AxisWindow) -> Requirement:
    return Requirement(
        "empty-result",
        window.size_out,
        Relation.AT_LEAST,
        1,
        lambda: (
            f"the padding of {render(window.before)} and {render(window.after)} cuts the whole {name} away"
        ),
        lambda: f"pad by {render(1 - window.size_out)} less along the {name}",
        argument="pad",
        port=0,
        axis=axis,
    )


def _reach(kernel: Dim, stride: Dim, dilation: Dim, before: Dim) -> IndexMap:
    """Input j reaches output `s·j − p + d·t` for every tap t; this is the hull of the j that reach an output.

    The taps that reach an output repeat with its residue modulo the stride, so both bounds are tables. An
    output that none reaches takes the lo of the next one and the hi of the last one that are reached, so
    that the hull over any stretch of outputs is that of those reached.
    """
    unit = UNIT + before
    match kernel, stride, dilation:
        case int(), int(), int() if stride <= MAX_PERIOD:
            lo, hi = (one_symbol(INDEX, table) for table in _reach_tables(kernel, stride, dilation))
            return IndexMap(substitute(lo, {INDEX: unit}), substitute(hi, {INDEX: unit}))
        case _:
            return IndexMap(ceil_div(unit - dilation * (kernel - 1), stride), unit // stride)


@lru_cache(maxsize=1024)
def _reach_tables(kernel: int, stride: int, dilation: int) -> tuple[Quasi, Quasi]:
    """`(lo, hi)` for an output at `i + p`: the greatest and least tap that fit its residue."""
    period = stride // gcd(stride, dilation)
    low: list[int | None] = [None] * stride
    high: list[int | None] = [None] * stride
    for tap in range(min(kernel, period)):
        rest = dilation * tap % stride
        last = kernel - 1 - (kernel - 1 - tap) % period
        high[rest] = (rest - dilation * tap) // stride
        low[rest] = (rest - dilation * last) // stride
    return Quasi(1, stride, _from_next(low)), Quasi(1, stride, _from_last(high))


def _from_next(bounds: list[int | None]) -> tuple[int, ...]:
    """Each gap filled with the bound of the next residue that has one (of the next round: one more)."""
    filled: list[int] = []
    bound = next(value for value in bounds if value is not None) + 1
    for value in reversed(bounds):
        bound = bound if value is None else value
        filled.append(bound)
    return tuple(reversed(filled))


def _from_last(bounds: list[int | None]) -> tuple[int, ...]:
    """Each gap filled with the bound of the last residue that has one (of the last round: one less)."""
    filled: list[int] = []
    bound = next(value for value in reversed(bounds) if value is not None) - 1
    for value in bounds:
        bound = bound if value is None else value
        filled.append(bound)
    return tuple(filled)
