"""Convolution by direct sums: forward, and its data gradient as phases. See `taps.py` for the loops."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from math import gcd

from cnnspec.backend.fast.kernels.epilogue import Epilogue
from cnnspec.backend.fast.kernels.taps import TapConvolution
from cnnspec.backend.fast.kernels.tiles import shape_of
from cnnspec.backend.fast.layout import BlockedMap, Place
from cnnspec.backend.kernels.operations import Triple, Window


def forward_halo(source: Triple, target: Triple, window: Window) -> tuple[Triple, Triple]:
    """The halo that a source map needs for every output to find its taps."""
    after = [
        max(0, (t - 1) * s + (k - 1) * d + 1 - b - n)
        for t, s, k, d, b, n in zip(
            target, window.stride, window.size, window.dilation, window.before, source, strict=True
        )
    ]
    return window.before, (after[0], after[1], after[2])


def forward(
    source: BlockedMap, target: BlockedMap, window: Window, groups: int, accumulators: int, epilogue: Epilogue
) -> TapConvolution:
    """The convolution of a map. The channels of a group fill whole blocks (see `packing.merged`)."""
    out_blocks = target.blocks // groups
    pixels, vectors = shape_of(target.size[1], target.size[2], out_blocks, accumulators)
    start: Triple = (-window.before[0], -window.before[1], -window.before[2])
    steps = [d * s for d, s in zip(window.dilation, source.steps, strict=True)]
    return TapConvolution(
        batch=source.batch,
        groups=groups,
        in_blocks=source.blocks // groups,
        inner=source.filled,
        out_blocks=out_blocks,
        count=target.size,
        taps=window.size,
        tap_step=(steps[0], steps[1], steps[2]),
        source=source.place(start, window.stride),
        target=target.place(),
        pixels=pixels,
        vectors=vectors,
        epilogue=epilogue,
    )


def winograd_halo(source: Triple, target: Triple, window: Window) -> tuple[Triple, Triple]:
    """The halo with which whole tiles of 4 × 4 outputs find their 6 × 6 inputs."""
    after = [
        max(0, -(-t // 4) * 4 + 2 - b - n) for t, b, n in zip(target, window.before, source, strict=True)
    ]
    return window.before, (0, after[1], after[2])


@dataclass(frozen=True, slots=True)
class AxisPhase:
    """Along one axis: the inputs `first, first + stride, …` and the taps that reach them.

    The taps `start, start + step·(−1), …` are in the order in which the outputs they come from rise; the
    first of those is output `origin` for input `first`.
    """

    first: int
    count: int
    start: int
    taps: int
    tap_step: int
    origin: int
    output_step: int


def axis_phases(size: int, kernel: int, stride: int, dilation: int, before: int) -> Iterator[AxisPhase]:
    """The phases of the data gradient along one axis. Phases that no tap reaches are left out."""
    common = gcd(stride, dilation)
    for first in range(min(stride, size)):
        reaching = [k for k in range(kernel) if (first + before - k * dilation) % stride == 0]
        if reaching:
            start = reaching[-1]
            yield AxisPhase(
                first=first,
                count=-(-(size - first) // stride),
                start=start,
                taps=len(reaching),
                tap_step=stride // common,
                origin=(first + before - start * dilation) // stride,
                output_step=dilation // common,
            )


Phase = tuple[AxisPhase, AxisPhase, AxisPhase]


def phases(size: Triple, window: Window) -> list[Phase]:
    """The phases of the data gradient of a map of `size`."""
    axes = [
        list(axis_phases(n, k, s, d, b))
        for n, k, s, d, b in zip(
            size, window.size, window.stride, window.dilation, window.before, strict=True
        )
    ]
    return [(d, h, w) for d, h, w in product(*axes)]


def covers(size: Triple, window: Window) -> bool:
    """Whether every input is reached by some tap, so that the phases write the whole gradient."""
    reached = sum(d.count * h.count * w.count for d, h, w in phases(size, window))
    return reached == size[0] * size[1] * size[2]


def gradient_halo(source: Triple, target: Triple, window: Window) -> tuple[Triple, Triple]:
    """The halo that the gradient of the output needs for the data gradient to find all it asks for."""
    before, after = [0, 0, 0], [0, 0, 0]
    for phase in phases(source, window):
        for axis, part in enumerate(phase):
            last = part.origin + part.count - 1 + (part.taps - 1) * part.output_step
            before[axis] = max(before[axis], -part.origin)
            after[axis] = max(after[axis], last - (target[axis] - 1))
    return (before[0], before[1], before[2]), (after[0], after[1], after[2])


def data_gradient(
    gradient: BlockedMap,
    source: BlockedMap,
    window: Window,
    groups: int,
    phase: Phase,
    accumulators: int,
    epilogue: Epilogue,
) -> TapConvolution:
    """One phase of the gradient of the input: `gradient` is of the output, `source` gives the input's place.

    The places of the epilogue are those of whole maps; the phase walks them with its stride.
    """
    out_blocks = source.blocks // groups
    counts: Triple = (phase[0].count, phase[1].count, phase[2].count)
    pixels, vectors = shape_of(counts[1], counts[2], out_blocks, accumulators)
    steps = [part.output_step * step for part, step in zip(phase, gradient.steps, strict=True)]
    return TapConvolution(
        batch=source.batch,
        groups=groups,
        in_blocks=gradient.blocks // groups,
        inner=gradient.filled,
        out_blocks=out_blocks,
        count=counts,
        taps=(phase[0].taps, phase[1].taps, phase[2].taps),
        tap_step=(steps[0], steps[1], steps[2]),
        source=gradient.place((phase[0].origin, phase[1].origin, phase[2].origin)),
        target=source.place((phase[0].first, phase[1].first, phase[2].first), window.stride),
        pixels=pixels,
        vectors=vectors,
        epilogue=epilogue,
    )


def depthwise(dense: TapConvolution, blocks: int, accumulators: int) -> TapConvolution:
    """The same geometry where every channel is a group of its own: whole vectors are multiplied."""
    height, width = dense.count[1], dense.count[2]
    return replace(
        dense,
        groups=blocks,
        in_blocks=1,
        inner=1,
        out_blocks=1,
        pixels=accumulators // 2 if height * width > accumulators else accumulators,
        vectors=1,
        depthwise=True,
    )


def linear(source: BlockedMap, target: BlockedMap, accumulators: int, epilogue: Epilogue) -> TapConvolution:
    """A linear layer on whole maps: a window as large as the map, the batch elements being the pixels.

    `target` is a map of one pixel. The places of the epilogue are those of maps like it.
    """
    pixels, vectors = shape_of(1, source.batch, target.blocks, accumulators)

    def over_batch(place: Place) -> Place:
        return replace(place, batch=0, pixel=(0, 0, place.batch))

    return TapConvolution(
        batch=1,
        groups=1,
        in_blocks=source.blocks,
        inner=source.filled,
        out_blocks=target.blocks,
        count=(1, 1, source.batch),
        taps=source.size,
        tap_step=source.steps,
        source=over_batch(source.place()),
        target=over_batch(target.place()),
        pixels=pixels,
        vectors=vectors,
        epilogue=replace(
            epilogue,
            addend=over_batch(epilogue.addend) if epilogue.addend else None,
            gate=over_batch(epilogue.gate) if epilogue.gate else None,
        ),
    )
