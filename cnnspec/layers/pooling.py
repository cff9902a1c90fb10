"""Pooling: each window of a channel is reduced to one number. PyTorch's meanings.

Operations are counted as one for every element of a window.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from cnnspec.dims import UNIT, Dim, IndexMap, Relation, ceil_div, product, render
from cnnspec.layers.arguments import COUNT, FLAG, PADDING, PER_AXIS, Padding, PerAxis, arg
from cnnspec.layers.base import Derivation, Flops, Layer, Requirement, Shape
from cnnspec.layers.registry import layer
from cnnspec.layers.spatial import axis_name, elements, needs_map, needs_one_per_axis
from cnnspec.layers.window import AxisWindow, Sliding, per_axis

_KERNEL = "the size of the window: `2`, `2x3` or `(2, k)`"
_STRIDE = "how far the window moves; as far as it is wide where not given"
_PAD = "padding, which never counts as a maximum: `same`, `valid`, a number, or one (or a pair) an axis"
_CEIL = "whether a last window may hang over the end (it must start inside the map or its padding before)"


class WindowPool(Layer):
    """What pools over sliding windows share."""

    kernel: PerAxis
    stride: PerAxis | None
    ceil: bool

    @cached_property
    def sliding(self) -> Sliding:
        """The window arguments."""
        pad: Padding = getattr(self, "pad", 0)
        stride = self.kernel if self.stride is None else self.stride
        return Sliding(self.word, self.kernel, stride, pad, getattr(self, "dilation", 1), self.ceil)

    def window(self, shape: Shape) -> tuple[AxisWindow, ...]:
        """The window along every spatial axis, resolved for an input shape."""
        return self.sliding.over(shape)

    def requirements(self, inputs: tuple[Shape, ...]) -> Iterator[Requirement]:
        """Rank, room for a window, and no window that lies in the padding."""
        yield from self.sliding.requirements(inputs[0])
        if self.sliding.pad not in ("same", "valid", 0):
            for axis, window in enumerate(self.window(inputs[0])):
                yield from _pads_inside(self.word, axis_name(len(inputs[0]) - 1, axis), axis, window)

    def infer(self, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        """The channels, and the windows along every axis."""
        return ((inputs[0][0], *self.sliding.output(inputs[0])),)

    def flops(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Flops:
        """One operation an element of every window."""
        taps = product(per_axis(self.kernel, len(inputs[0]) - 1))
        return Flops(elementwise=elements(outputs[0]) * taps)

    def index_map(self, inputs: tuple[Shape, ...], port: int, axis: int) -> IndexMap:
        """The window."""
        del port
        return self.window(inputs[0])[axis].index_map

    def reads(self, inputs: tuple[Shape, ...], port: int, axis: int, index: int) -> Iterable[int]:
        """The taps of the window."""
        del port
        return self.window(inputs[0])[axis].taps(index)

    def derive(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Iterator[Derivation]:
        """The sizes."""
        del outputs
        return self.sliding.derive(inputs[0])


def _pads_inside(word: str, name: str, axis: int, window: AxisWindow) -> Iterator[Requirement]:
    """Padding is smaller than the window, so that every window has a pixel of the map."""
    for pad, where in ((window.before, "before"), (window.after, "after")):
        yield Requirement(
            "pad-too-large",
            window.extent,
            Relation.AT_LEAST,
            pad + 1,
            lambda pad=pad, where=where: (
                f"`{word}` pads the {name} by {render(pad)} {where}, but its window spans only "
                f"{render(window.extent)}: a window of nothing but padding has no value"
            ),
            lambda: f"pad by at most {render(window.extent - 1)}",
            argument="pad",
            axis=axis,
        )


@layer("maxpool")
@dataclass(frozen=True)
class MaxPool(WindowPool):
    """The greatest value of each window."""

    kernel: PerAxis = arg(PER_AXIS, _KERNEL)
    stride: PerAxis | None = arg(PER_AXIS, _STRIDE, None)
    pad: Padding = arg(PADDING, _PAD, 0)
    dilation: PerAxis = arg(PER_AXIS, "how far apart the taps of the window are", 1)
    ceil: bool = arg(FLAG, _CEIL, False)


@layer("avgpool")
@dataclass(frozen=True)
class AvgPool(WindowPool):
    """The mean of each window."""

    kernel: PerAxis = arg(PER_AXIS, _KERNEL)
    stride: PerAxis | None = arg(PER_AXIS, _STRIDE, None)
    pad: Padding = arg(PADDING, "zeros around: `same`, `valid`, a number, or one (or a pair) an axis", 0)
    ceil: bool = arg(FLAG, _CEIL, False)
    count_pad: bool = arg(FLAG, "whether padding counts in the mean (what hangs over never does)", True)


@layer("lppool")
@dataclass(frozen=True)
class LpPool(WindowPool):
    """The p-norm of each window, `(Σ xᵖ)^(1/p)`."""

    kernel: PerAxis = arg(PER_AXIS, _KERNEL)
    norm: Dim = arg(COUNT, "the p of the norm", 2)
    stride: PerAxis | None = arg(PER_AXIS, _STRIDE, None)
    ceil: bool = arg(FLAG, _CEIL, False)


class GlobalPool(Layer):
    """What global pools share: every spatial axis becomes 1."""

    def requirements(self, inputs: tuple[Shape, ...]) -> Iterator[Requirement]:
        """A map."""
        return needs_map(self.word, inputs[0])

    def infer(self, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        """`(channels, 1, …)`: the axes stay, so that the result still multiplies with maps."""
        return ((inputs[0][0], *(1 for _ in inputs[0][1:])),)

    def flops(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Flops:
        """One operation an element."""
        del outputs
        return Flops(elementwise=elements(inputs[0]))

    def index_map(self, inputs: tuple[Shape, ...], port: int, axis: int) -> IndexMap:
        """The whole axis."""
        return IndexMap.everything(inputs[port][axis + 1])


@layer("global_avgpool")
@dataclass(frozen=True)
class GlobalAvgPool(GlobalPool):
    """The mean of each channel; spatial axes become 1."""


@layer("global_maxpool")
@dataclass(frozen=True)
class GlobalMaxPool(GlobalPool):
    """The greatest value of each channel; spatial axes become 1."""


class AdaptivePool(Layer):
    """What adaptive pools share: bin i of m over n pixels goes from ⌊i·n/m⌋ to ⌈(i + 1)·n/m⌉ − 1."""

    size: PerAxis

    def requirements(self, inputs: tuple[Shape, ...]) -> Iterator[Requirement]:
        """A map, and a size for every axis."""
        yield from needs_map(self.word, inputs[0])
        yield from needs_one_per_axis(self.word, "size", self.size, inputs[0])

    def infer(self, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        """The channels, and the sizes asked for."""
        return ((inputs[0][0], *per_axis(self.size, len(inputs[0]) - 1)),)

    def flops(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Flops:
        """One operation for each of the ⌈n/m⌉ elements of a bin."""
        bins = (
            ceil_div(inside, outside) for inside, outside in zip(inputs[0][1:], outputs[0][1:], strict=True)
        )
        return Flops(elementwise=elements(outputs[0]) * product(bins))

    def index_map(self, inputs: tuple[Shape, ...], port: int, axis: int) -> IndexMap:
        """The bin."""
        inside = inputs[port][axis + 1]
        outside = per_axis(self.size, len(inputs[port]) - 1)[axis]
        if outside == 1:
            return IndexMap.everything(inside)
        return IndexMap(UNIT * inside // outside, ceil_div((UNIT + 1) * inside, outside) - 1)


@layer("adaptive_avgpool")
@dataclass(frozen=True)
class AdaptiveAvgPool(AdaptivePool):
    """The mean of each of as many nearly equal bins as are asked for."""

    size: PerAxis = arg(PER_AXIS, "the sizes of the result: `1`, `6x6` or one an axis")


@layer("adaptive_maxpool")
@dataclass(frozen=True)
class AdaptiveMaxPool(AdaptivePool):
    """The greatest value of each of as many nearly equal bins as are asked for."""

    size: PerAxis = arg(PER_AXIS, "the sizes of the result: `1`, `6x6` or one an axis")
