"""Windows that slide along the spatial axes: the arithmetic that convolutions and pools share.

With `n` the size, `E = d·(k − 1) + 1` the extent of a window of `k` taps `d` apart, `p` and `q` the padding
before and after, and `s` the stride, there are `⌊(n + p + q − E)/s⌋ + 1` windows. With `ceil` a last window
may hang over the end as long as it starts inside the input or the padding before it (PyTorch's rule):
`⌊(n + min(p + q − E + s − 1, p − 1))/s⌋ + 1`. `same` pads so that there are ⌈n/s⌉ windows, with an odd pixel
after (TensorFlow's SAME, ONNX's SAME_UPPER).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from cnnspec.dims import Dim, IndexMap, Relation, ceil_div, evaluate, maximum, minimum, render
from cnnspec.layers.arguments import Padding, PerAxis
from cnnspec.layers.base import Derivation, Requirement, Shape
from cnnspec.layers.derivation import factor_text
from cnnspec.layers.spatial import axis_name, needs_map, needs_one_per_axis


@dataclass(frozen=True, slots=True)
class AxisWindow:
    """A sliding window along one axis, with everything resolved for the size it slides over."""

    kernel: Dim
    stride: Dim
    dilation: Dim
    before: Dim
    after: Dim
    size_in: Dim
    size_out: Dim

    @property
    def extent(self) -> Dim:
        """How many pixels the window spans."""
        return self.dilation * (self.kernel - 1) + 1

    @property
    def index_map(self) -> IndexMap:
        """Which input pixels an output pixel reads."""
        return IndexMap.window(self.stride, self.extent, self.before)

    def taps(self, index: int) -> range:
        """The pixels that one output pixel reads, where all sizes are numbers: dilation leaves some out."""
        low, high = self.index_map.at(index)
        return range(low, high + 1, evaluate(self.dilation, {}))


@dataclass(frozen=True, slots=True)
class Sliding:
    """Window arguments as written, for one input shape or another."""

    word: str
    kernel: PerAxis
    stride: PerAxis
    pad: Padding
    dilation: PerAxis = 1
    ceil: bool = False

    def over(self, shape: Shape) -> tuple[AxisWindow, ...]:
        """The window of every spatial axis of a map `(channels, *spatial)`."""
        return _resolved(self, shape[1:])

    def output(self, shape: Shape) -> Shape:
        """The spatial sizes after sliding."""
        return tuple(window.size_out for window in self.over(shape))

    def requirements(self, shape: Shape) -> tuple[Requirement, ...]:
        """The rank fits the arguments and every axis has room for a window."""
        return _requirements(self, shape)

    def derive(self, shape: Shape) -> Iterator[Derivation]:
        """How every output size comes about."""
        for axis, window in enumerate(self.over(shape)):
            yield derive_size(axis_name(len(shape) - 1, axis), window, self)


def per_axis(value: PerAxis, rank: int) -> tuple[Dim, ...]:
    """One value an axis, from one for all or one an axis."""
    return value if isinstance(value, tuple) else (value,) * rank


def paddings(pad: Padding, rank: int) -> tuple[tuple[Dim, Dim] | None, ...]:
    """(before, after) an axis; None stands for `same`."""
    if isinstance(pad, str):
        return (None if pad == "same" else (0, 0),) * rank
    each = pad if isinstance(pad, tuple) else (pad,) * rank
    return tuple(item if isinstance(item, tuple) else (item, item) for item in each)


@lru_cache(maxsize=8192)
def _resolved(sliding: Sliding, sizes: Shape) -> tuple[AxisWindow, ...]:
    rank = len(sizes)
    arguments = zip(
        sizes,
        per_axis(sliding.kernel, rank),
        per_axis(sliding.stride, rank),
        per_axis(sliding.dilation, rank),
        paddings(sliding.pad, rank),
        strict=True,
    )
    return tuple(_along_axis(*each, ceil=sliding.ceil) for each in arguments)


def _along_axis(
    size: Dim, kernel: Dim, stride: Dim, dilation: Dim, pad: tuple[Dim, Dim] | None, *, ceil: bool
) -> AxisWindow:
    extent = dilation * (kernel - 1) + 1
    if pad is None:
        before, after = same_padding(size, extent, stride)
        return AxisWindow(kernel, stride, dilation, before, after, size, ceil_div(size, stride))
    before, after = pad
    room = before + after - extent
    if ceil:
        room = minimum(room + stride - 1, before - 1)
    return AxisWindow(kernel, stride, dilation, before, after, size, (size + room) // stride + 1)


def same_padding(size: Dim, extent: Dim, stride: Dim) -> tuple[Dim, Dim]:
    """The padding that gives ⌈size/stride⌉ windows; where it is odd, the extra pixel is after."""
    total = maximum((ceil_div(size, stride) - 1) * stride + extent - size, 0)
    before = total // 2
    return before, total - before


@lru_cache(maxsize=8192)
def _requirements(sliding: Sliding, shape: Shape) -> tuple[Requirement, ...]:
    word = sliding.word
    ranks = [*needs_map(word, shape)]
    for argument in ("kernel", "stride", "pad", "dilation"):
        ranks += needs_one_per_axis(word, argument, getattr(sliding, argument), shape)
    if ranks or sliding.pad == "same":
        return tuple(ranks)
    windows = enumerate(sliding.over(shape))
    return tuple(
        _has_room(sliding, axis_name(len(shape) - 1, axis), axis, window) for axis, window in windows
    )


def _has_room(sliding: Sliding, name: str, axis: int, window: AxisWindow) -> Requirement:
    # With `ceil` a window may hang over by up to stride − 1 pixels and still be one.
    slack = window.stride - 1 if sliding.ceil else 0
    padded = window.size_in + window.before + window.after
    missing = window.extent - padded - slack
    return Requirement(
        "window-too-large",
        padded + slack,
        Relation.AT_LEAST,
        window.extent,
        lambda: (
            f"the window of `{sliding.word}` spans {_extent_text(window)}, but the {name} is "
            f"{render(window.size_in)}{_padding_text(window)}"
        ),
        lambda: (
            f"use a smaller kernel, pad the {name} by {render(missing)} more, or reduce the map less before"
        ),
        argument="kernel",
        port=0,
        axis=axis,
    )


def _extent_text(window: AxisWindow) -> str:
    if window.dilation == 1:
        return f"{render(window.extent)} pixels"
    taps = f"{render(window.kernel)} taps, {render(window.dilation)} apart"
    return f"{render(window.extent)} pixels ({taps})"


def _padding_text(window: AxisWindow) -> str:
    if window.before == 0 and window.after == 0:
        return ""
    padded = render(window.size_in + window.before + window.after)
    return f" ({padded} with its padding of {render(window.before)} and {render(window.after)})"


# --- explaining -------------------------------------------------------------------------------------------


def derive_size(name: str, window: AxisWindow, sliding: Sliding) -> Derivation:
    """The number of windows, in letters and with the numbers put in."""
    template = _template(window, sliding)
    values = {
        "n": window.size_in,
        "k": window.kernel,
        "d": window.dilation,
        "s": window.stride,
        "p": window.before,
        "q": window.after,
    }
    numbers = {letter: factor_text(value) for letter, value in values.items()}
    return Derivation(
        name,
        template.format_map({letter: letter for letter in values}),
        template.format_map(numbers),
        render(window.size_out),
    )


def _template(window: AxisWindow, sliding: Sliding) -> str:
    if sliding.pad == "same":
        return "⌈{n}/{s}⌉"
    extent = "{k}" if window.dilation == 1 else "({d}·({k} − 1) + 1)"
    padding = "2·{p}" if window.before == window.after else "{p} + {q}"
    if sliding.ceil:
        return f"⌊({{n}} + min({padding} − {extent} + {{s}} − 1, {{p}} − 1))/{{s}}⌋ + 1"
    return f"⌊({{n}} − {extent} + {padding})/{{s}}⌋ + 1"
