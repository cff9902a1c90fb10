"""Windows that miss pixels, and windows that find none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from cnnspec.analysis.waste import left_over
from cnnspec.diagnostics import Help, Label
from cnnspec.dims import Dim, Relation, Symbolic, maximum, render
from cnnspec.graph import Node, Tensor
from cnnspec.layers.convolution import Conv
from cnnspec.layers.pooling import WindowPool
from cnnspec.layers.spatial import axis_name, shape_text
from cnnspec.layers.window import AxisWindow
from cnnspec.lint.finding import Finding, about
from cnnspec.lint.linted import LintedNet
from cnnspec.lint.rule import rule

MOST_STEPS = 4096
"""Longer periods of strides are not tabulated."""

Windowed = Conv | WindowPool


@dataclass(frozen=True, slots=True)
class _Reading:
    """A map that is read by windows only: its readers, and the windows of each along every axis."""

    tensor: Tensor
    readers: Sequence[Node]
    windows: Sequence[tuple[AxisWindow, ...]]

    def along(self, axis: int) -> list[AxisWindow]:
        return [windows[axis] for windows in self.windows]

    @property
    def axes(self) -> range:
        return range(len(self.tensor.shape) - 1)


def windows_of(node: Node) -> tuple[AxisWindow, ...]:
    """The windows of a layer that has some, along every axis."""
    return node.layer.window(node.input_shapes[0]) if isinstance(node.layer, Windowed) else ()


def _readings(net: LintedNet) -> Iterator[_Reading]:
    for node in net.graph:
        for tensor in node.outputs:
            readers = net.readers(tensor)
            if readers and not net.is_output(tensor):
                windows = [windows_of(reader) for reader in readers]
                if all(windows):
                    yield _Reading(tensor, readers, windows)


# --- between the windows ------------------------------------------------------------------------------------


@rule("skipped-pixels")
def skipped_pixels(net: LintedNet) -> Iterator[Finding]:
    """Pixels between the windows that no layer reads: the stride is greater than the kernel."""
    for reading in _readings(net):
        shares = [_share_read(net, reading.along(axis)) for axis in reading.axes]
        read = Fraction(1)
        for share in shares:
            read *= share
        if read < 1:
            yield _skipped(net, reading, read, next(a for a in reading.axes if shares[a] < 1))


def _share_read(net: LintedNet, windows: list[AxisWindow]) -> Fraction:
    """The share of the pixels of an axis, far from its ends, that some window reads."""
    steps: list[tuple[int, int, int, int]] = []
    for window in windows:
        several = net.certain(window.size_out, Relation.AT_LEAST, 2)
        before = 0 if len(windows) == 1 else window.before
        match several, window.stride, window.dilation, window.kernel, before:
            case True, int() as stride, int() as dilation, int() as kernel, int() as start:
                steps.append((stride, dilation, kernel, start))
            case _:
                return Fraction(1)
    period = lcm(*(stride for stride, *_ in steps))
    if period > MOST_STEPS:
        return Fraction(1)
    read = {
        (first + tap * dilation - start) % period
        for stride, dilation, kernel, start in steps
        for first in range(0, period, stride)
        for tap in range(min(kernel, period))
    }
    return Fraction(len(read), period)


def _skipped(net: LintedNet, reading: _Reading, read: Fraction, axis: int) -> Finding:
    first, *others = reading.readers
    window = reading.windows[0][axis]
    extent = f"spans {render(window.extent)}" if window.dilation == 1 else f"has taps {window.dilation} apart"
    return about(
        first,
        "skipped-pixels",
        f"only {read.numerator} of {read.denominator} pixels of {shape_text(reading.tensor.shape)} "
        f"{'is' if read.numerator == 1 else 'are'} ever read",
        net.places.value(first, "stride"),
        label=f"moves by {render(window.stride)}, but {extent}",
        labels=tuple(Label(net.places.word(other), "reads no others") for other in others),
        help=Help("use a kernel as large as the stride, or pool first"),
    )


# --- behind the last window ---------------------------------------------------------------------------------


@rule("dropped-pixels")
def dropped_pixels(net: LintedNet) -> Iterator[Finding]:
    """Rows or columns at the end of a map that no window reaches, because a division was rounded down."""
    for reading in _readings(net):
        lost = {axis: _lost(net, reading.along(axis)) for axis in reading.axes}
        lost = {axis: pixels for axis, pixels in lost.items() if pixels is not None}
        if lost:
            yield _dropped(net, reading, lost)


def _lost(net: LintedNet, windows: list[AxisWindow]) -> Dim | None:
    """How many pixels at the end no window reads, beyond what every step leaves out."""
    for window in windows:
        is_single = net.certain(1, Relation.AT_LEAST, window.size_out)
        gap = 0 if is_single else maximum(window.stride - window.extent, 0)
        if not net.certain(left_over(window), Relation.AT_LEAST, gap + 1):
            return None
    counts = [left_over(window) for window in windows]
    numbers = [count for count in counts if isinstance(count, int)]
    return min(numbers) if len(numbers) == len(counts) else counts[0]


def _dropped(net: LintedNet, reading: _Reading, lost: dict[int, Dim]) -> Finding:
    first, *others = reading.readers
    axis = min(lost)
    window = reading.windows[0][axis]
    parts = " and ".join(_last(pixels, len(reading.axes), axis) for axis, pixels in lost.items())
    one = len(lost) == 1 and lost[axis] == 1
    name, covered = axis_name(len(reading.axes), axis), render(window.size_in - lost[axis])
    return about(
        first,
        "dropped-pixels",
        f"the last {parts} of {shape_text(reading.tensor.shape)} {'is' if one else 'are'} never read",
        net.places.word(first),
        labels=tuple(Label(net.places.word(other), "does not read them either") for other in others),
        notes=(f"{name}: the windows cover {covered} of {render(window.size_in)}",),
        help=_way_out(first),
    )


def _last(pixels: Dim, rank: int, axis: int) -> str:
    names = {"height": "row", "width": "column", "depth": "slice", "length": "sample"}
    name = names.get(axis_name(rank, axis), "pixel")
    return name if pixels == 1 else f"{render(pixels)} {name}s"


def _way_out(node: Node) -> Help:
    pool = "add `ceil`, or " if isinstance(node.layer, WindowPool) else ""
    return Help(f"{pool}pad the map at its end, or choose another size")


# --- windows larger than the map ----------------------------------------------------------------------------


@rule("small-map")
def small_map(net: LintedNet) -> Iterator[Finding]:
    """A window so much larger than the map that some of its taps never meet a pixel."""
    for node in net.graph:
        for axis, window in enumerate(windows_of(node)):
            if _has_idle_tap(net, window):
                name = axis_name(len(node.input_shapes[0]) - 1, axis)
                yield about(
                    node,
                    "small-map",
                    f"the {name} of {shape_text(node.input_shapes[0])} is so small that parts of this "
                    f"`{node.word}`'s window only ever meet padding",
                    net.places.value(node, "kernel"),
                    notes=tuple(_idle_taps(window)),
                    help=Help("use a smaller kernel here, or reduce the map less before"),
                )
                break


def _has_idle_tap(net: LintedNet, window: AxisWindow) -> bool:
    """Whether the first tap of the last window is before the map, or the last of the first behind it."""
    last_start = (window.size_out - 1) * window.stride - window.before
    first_end = window.extent - 1 - window.before
    return net.certain(-1, Relation.AT_LEAST, last_start) or net.certain(
        first_end, Relation.AT_LEAST, window.size_in
    )


def _idle_taps(window: AxisWindow) -> Iterator[str]:
    sizes = window.kernel, window.stride, window.dilation, window.before, window.size_in, window.size_out
    if any(isinstance(size, Symbolic) or size > MOST_STEPS for size in sizes):
        return
    kernel, stride, dilation, before, inside, outside = (size for size in sizes if isinstance(size, int))
    starts = range(-before, outside * stride - before, stride)
    met = sum(any(0 <= start + tap * dilation < inside for start in starts) for tap in range(kernel))
    yield f"only {met} of {kernel} taps ever {'meets' if met == 1 else 'meet'} a pixel"


@rule("even-kernel")
def even_kernel(net: LintedNet) -> Iterator[Finding]:
    """A window of even size that is padded to keep the size: it cannot be centred."""
    for node in net.graph:
        if isinstance(node.layer, Windowed) and getattr(node.layer, "pad", None) == "same":
            for window in windows_of(node):
                if window.stride == 1 and window.extent % 2 == 0:
                    yield about(
                        node,
                        "even-kernel",
                        f"{render(window.extent)} pixels have no middle: `same` shifts by half a pixel",
                        net.places.value(node, "kernel"),
                        notes=(f"it pads {render(window.before)} before and {render(window.after)} after",),
                        help=Help("use an odd kernel"),
                    )
                    break
