"""Windows that slide over a blocked map, clipped at its border: no halo is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cnnspec.backend.fast.kernels.tiles import evenly, runs
from cnnspec.backend.fast.layout import BlockedMap, Place
from cnnspec.backend.fast.simd.emitter import Emitter
from cnnspec.backend.fast.simd.values import Mask, Vector, Word
from cnnspec.backend.kernels.operations import Window

_COLUMNS_TOGETHER = 4
_TAPS_WRITTEN_OUT = 5


@dataclass(frozen=True, slots=True)
class Taps:
    """Which taps of a window lie inside along one axis: those from `first` to before `last`."""

    first: Word | int
    last: Word | int

    @property
    def literal(self) -> tuple[int, int] | None:
        """The two as plain numbers where they are known."""
        if isinstance(self.first, int) and isinstance(self.last, int):
            return self.first, self.last
        return None


def _inside(window: Window, axis: int, size: int, index: Word) -> Taps:
    """The taps of output `index` that lie inside the map, along an axis."""
    stride, dilation = window.stride[axis], window.dilation[axis]
    start = index * stride - window.before[axis]
    # A tap k lies at start + k·dilation. Both bounds are shifted so that nothing divided is negative.
    span = window.size[axis] * dilation
    first = ((span - start + dilation - 1).at_least(span) // dilation) - window.size[axis]
    last = (span + (size - start) + dilation - 1) // dilation - window.size[axis]
    return Taps(first.at_most(window.size[axis]), last.at_least(0).at_most(window.size[axis]))


def interior(window: Window, axis: int, size: int, outputs: int) -> tuple[int, int]:
    """The outputs whose whole window lies inside: from the first to before the last, along an axis."""
    stride, before = window.stride[axis], window.before[axis]
    reach = (window.size[axis] - 1) * window.dilation[axis]
    first = -(-before // stride)
    last = (size - 1 - reach + before) // stride + 1
    first = min(max(first, 0), outputs)
    return first, max(first, min(last, outputs))


def _over(
    e: Emitter, taps: Taps, values: list[Vector], body: Callable[[Word, list[Vector]], list[Vector]]
) -> list[Vector]:
    """Run `body(tap, values)` for some taps, written out where they are known and few."""
    known = taps.literal
    if known is None or known[1] - known[0] > _TAPS_WRITTEN_OUT:
        return e.gather_up(taps.first, taps.last, values, body)
    for tap in range(*known):
        values = body(e.word(tap), values)
    return values


@dataclass(frozen=True, slots=True)
class Columns:
    """Some neighbouring outputs of one row: `count` from `indices[4]`, and those taps that lie inside.

    `indices` are (sample, block, depth, row, first column).
    """

    indices: tuple[Word, Word, Word, Word, Word]
    count: int
    taps: tuple[Taps, Taps, Taps]

    @property
    def whole(self) -> bool:
        """Whether all taps are known to lie inside."""
        return all(taps.literal for taps in self.taps)

    def at(self, e: Emitter, buffer: Word, place: Place) -> Word:
        """The address of the first column in a map."""
        element, block, depth, row, column = self.indices
        steps = place.pixel
        pixel = depth * steps[0] + row * steps[1] + column * steps[2]
        return buffer + e.bytes * (element * place.batch + block * place.block + pixel + place.offset)


@dataclass(frozen=True, slots=True)
class Pool:
    """What pools share: source and target, the window, and the walk over one row of outputs."""

    source: BlockedMap
    target: BlockedMap
    window: Window

    @property
    def tasks(self) -> int:
        """One a row of a block."""
        return self.target.batch * self.target.blocks * self.target.size[0] * self.target.size[1]

    @property
    def starts(self) -> Place:
        """Where the window of each output begins in the source, or would."""
        before = self.window.before
        return self.source.place((-before[0], -before[1], -before[2]), self.window.stride)

    def walk(self, e: Emitter, line: Word, body: Callable[[Columns], None]) -> None:
        """Call `body` for all outputs of one row, which is the `line`-th of all."""
        planes, height, _ = self.target.size
        row, rest = line % height, line // height
        depth, rest = rest % planes, rest // planes
        block, element = rest % self.target.blocks, rest // self.target.blocks
        indices = element, block, depth, row
        inside, always = self._rows_inside(depth, row)
        with e.when(inside):
            whole = Taps(0, self.window.size[0]), Taps(0, self.window.size[1])
            self._walk_row(e, indices, whole, body)
        if not always:
            depths = _inside(self.window, 0, self.source.size[0], depth)
            rows = _inside(self.window, 1, self.source.size[1], row)
            with e.when(~inside):
                self._walk_row(e, indices, (depths, rows), body)

    def _rows_inside(self, depth: Word, row: Word) -> tuple[Mask, bool]:
        """Whether the windows of a row of outputs lie inside above and below, and whether those of all do."""
        spans = [
            interior(self.window, axis, self.source.size[axis], self.target.size[axis]) for axis in (0, 1)
        ]
        (nearest, farthest), (top, bottom) = spans
        inside = (depth >= nearest) & (depth < farthest) & (row >= top) & (row < bottom)
        return inside, all(span == (0, size) for span, size in zip(spans, self.target.size[:2], strict=True))

    def _walk_row(
        self,
        e: Emitter,
        indices: tuple[Word, Word, Word, Word],
        taps: tuple[Taps, Taps],
        body: Callable[[Columns], None],
    ) -> None:
        width = self.target.size[2]
        first, last = interior(self.window, 2, self.source.size[2], width)
        whole = Taps(0, self.window.size[2])

        def at(column: Word, count: int, columns: Taps) -> None:
            body(Columns((*indices, column), count, (*taps, columns)))

        for low, high in ((0, first), (last, width)):
            if low < high:
                with e.loop(low, high) as column:
                    at(column, 1, _inside(self.window, 2, self.source.size[2], column))
        together = evenly(last - first, _COLUMNS_TOGETHER) if first < last else []
        for start, size, many in runs(together):
            with e.loop(0, many) as group:
                at(group * size + (first + start), size, whole)

    def fold(
        self,
        e: Emitter,
        start: Word,
        taps: tuple[Taps, Taps, Taps],
        initial: list[Vector],
        body: Callable[[Word, Word, list[Vector]], list[Vector]],
    ) -> list[Vector]:
        """Run `body(address of the tap, number of the tap, values)` over the taps inside, in their order."""
        steps = [e.bytes * d * s for d, s in zip(self.window.dilation, self.source.steps, strict=True)]
        _, height, width = self.window.size

        def over_depth(d: Word, values: list[Vector]) -> list[Vector]:
            def over_rows(h: Word, values: list[Vector]) -> list[Vector]:
                line, number = start + (d * steps[0] + h * steps[1]), (d * height + h) * width
                return _over(e, taps[2], values, lambda k, v: body(line + k * steps[2], number + k, v))

            return _over(e, taps[1], values, over_rows)

        return _over(e, taps[0], initial, over_depth)

    def column(self, index: int) -> int:
        """From the first of a few columns to another, in the source."""
        return index * self.window.stride[2] * self.source.steps[2]
