"""The gradient of a convolution's weights: for each tap and pair of channels, a sum over all pixels.

A register tile holds some taps and input channels × output vectors; pixels are the inner loop. After some
rows of pixels the sums are added to the gradient in memory, while the rows stay in the cache for the next
taps. Every sum belongs to one task. Where there are many pixels for few weights, shares of the samples have
sums of their own, which another kernel adds up: each thread then reads what it made itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

from cnnspec.backend.fast.kernels.tiles import evenly, runs
from cnnspec.backend.fast.layout import BlockedMap, Place
from cnnspec.backend.fast.simd.emitter import Emitter
from cnnspec.backend.fast.simd.values import Vector, Word
from cnnspec.backend.kernels.operations import Triple, Window

_PIXELS_A_SUM = 112
"""So many pixels at least are summed in registers before the gradient in memory is touched."""

_TASKS = 8
"""With fewer pairs of panel and block than this, the rows of taps are tasks of their own."""

_SHARES, _MUCH_LARGER = 4, 8
"""The samples are cut into so many shares at most, where maps are so many times as large as the weights."""

_PAIRS_TOGETHER = 32
"""So many taps × panels × blocks at least use a vector of the source or gradient while it is near."""


@dataclass(frozen=True, slots=True)
class WeightGradient:
    """Buffers: source, gradient, packed. `packed` is, once a share, laid out as the weights (see `taps.py`).

    `count` is how many pixels there are along each axis of one sample. With `depthwise` each block of
    channels is multiplied by itself, lane by lane. With `adds` the packed gradient is added to, not begun.
    """

    buffers: ClassVar[int] = 3
    batch: int
    groups: int
    in_blocks: int
    inner: int
    out_blocks: int
    count: Triple
    taps: Triple
    tap_step: Triple
    source: Place
    gradient: Place
    vectors: int
    accumulators: int
    depthwise: bool = False
    adds: bool = False

    @property
    def panels(self) -> int:
        """Groups of `vectors` output blocks."""
        return self.out_blocks // self.vectors

    @property
    def shares(self) -> int:
        """How many shares of the samples have sums of their own."""
        maps = self.in_blocks * self.source.block + self.out_blocks * self.gradient.block
        if self.batch * self.groups * maps < _MUCH_LARGER * self.numbers:
            return 1
        return next(shares for shares in range(_SHARES, 0, -1) if self.batch % shares == 0)

    @property
    def numbers(self) -> int:
        """How many numbers the weights are."""
        products = prod(self.taps) * (1 if self.depthwise else self.inner)
        row = self.vectors * self.gradient.pixel[2]
        return self.groups * self.panels * self.in_blocks * products * row

    @property
    def _lines(self) -> int:
        """Rows of taps that are tasks of their own."""
        lines = self.taps[0] * self.taps[1]
        return lines if self.shares * self.groups * self.panels * self.in_blocks < _TASKS else 1

    @property
    def tasks(self) -> int:
        """One a share, some panels and blocks, and perhaps row of taps."""
        return self.shares * self._tasks_a_share

    @property
    def _tasks_a_share(self) -> int:
        panels, blocks = self._together
        return self.groups * (self.panels // panels) * (self.in_blocks // blocks) * self._lines

    @property
    def _parts(self) -> int:
        """In how many stretches the rows of a plane are summed."""
        return -(-self.count[1] // self._rows_together)

    @property
    def _stretches(self) -> int:
        """Stretches of pixels, of all samples."""
        return self.batch * self.count[0] * self._parts

    @property
    def _together(self) -> tuple[int, int]:
        """How many panels and blocks one task sums side by side, a stretch of pixels after the other.

        A pair alone would read every pixel for a few products each; together they find what they share in the
        cache. With more taps there is more to do with each pixel, and few tasks would not fill the threads.
        """
        panels = blocks = 1
        if self._stretches == 1:
            return panels, blocks
        pairs = self.shares * self.groups * self.panels * self.in_blocks * self._lines
        while (
            prod(self.taps) * panels * blocks < _PAIRS_TOGETHER and pairs // (2 * panels * blocks) >= _TASKS
        ):
            if panels <= blocks and self.panels % (2 * panels) == 0:
                panels *= 2
            elif self.in_blocks % (2 * blocks) == 0:
                blocks *= 2
            else:
                break
        return panels, blocks

    @property
    def _run(self) -> tuple[int, int]:
        """Weights of one row of taps that lie side by side, and how many such runs a row has."""
        if self.depthwise:
            return self.taps[2], 1
        if self.tap_step[2] == self.inner:
            return self.taps[2] * self.inner, 1
        return self.inner, self.taps[2]

    @property
    def _rows_together(self) -> int:
        """Rows of pixels that are summed in registers: about `_PIXELS_A_SUM` pixels, in equal parts."""
        most = max(1, min(self.count[1], -(-_PIXELS_A_SUM // self.count[2])))
        return evenly(self.count[1], most)[0]

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """The gradients of some panels and blocks."""
        panels, blocks = self._together
        share, rest = task // self._tasks_a_share, task % self._tasks_a_share
        line, rest = rest % self._lines, rest // self._lines
        spans = self.in_blocks // blocks
        first_block, first_panel = rest % spans * blocks, rest // spans * panels
        group = first_panel // self.panels
        sources = buffers[0] + e.bytes * (
            (group * self.in_blocks + first_block) * self.source.block + self.source.offset
        )
        gradients = buffers[1] + e.bytes * (
            first_panel * (self.vectors * self.gradient.block) + self.gradient.offset
        )
        line_numbers = prod(self._run) * self.vectors * e.lanes
        lines = self.taps[0] * self.taps[1] // self._lines
        pair_numbers = line_numbers * lines * self._lines
        results = buffers[2] + e.bytes * (
            share * self.numbers
            + (first_panel * self.in_blocks + first_block) * pair_numbers
            + line * line_numbers
        )

        def result(panel: Word, block: Word) -> Word:
            return results + (panel * self.in_blocks + block) * (e.bytes * pair_numbers)

        samples = self.batch // self.shares
        if not self.adds:
            with e.loop(0, panels) as panel, e.loop(0, blocks) as block:
                zeros = result(panel, block)
                with e.loop(0, lines * line_numbers // e.lanes) as index:
                    e.store(e.vector(0.0), zeros + index * (e.bytes * e.lanes))
        with (
            e.loop(share * samples, (share + 1) * samples) as element,
            e.loop(0, self.count[0]) as depth,
            e.loop(0, self._parts) as part,
            e.loop(0, panels) as panel,
            e.loop(0, blocks) as block,
        ):
            first = part * self._rows_together
            rows = (e.word(self.count[1]) - first).at_most(self._rows_together)

            def at(
                address: Word, place: Place, element: Word = element, depth: Word = depth, first: Word = first
            ) -> Word:
                return address + e.bytes * (
                    element * place.batch + depth * place.pixel[0] + first * place.pixel[1]
                )

            x = at(sources, self.source) + block * (e.bytes * self.source.block)
            dy = at(gradients, self.gradient) + panel * (e.bytes * self.vectors * self.gradient.block)
            packed = result(panel, block)
            with e.loop(0, lines) as inner_line:
                tap_line = line + inner_line
                d, h = tap_line // self.taps[1], tap_line % self.taps[1]
                moved = x + e.bytes * (d * self.tap_step[0] + h * self.tap_step[1])
                self._line(e, moved, dy, packed + inner_line * (e.bytes * line_numbers), rows)

    def _line(self, e: Emitter, source: Word, gradient: Word, packed: Word, rows: Word) -> None:
        """One row of taps, a register tile of weights after the other."""
        run, many = self._run
        step = self.tap_step[2] if self.depthwise else 1
        pieces = evenly(run, max(1, self.accumulators // self.vectors))
        with e.loop(0, many) as index:
            x = source + index * (e.bytes * self.tap_step[2])
            w = packed + index * (e.bytes * run * self.vectors * e.lanes)
            for start, size, count in runs(pieces):
                with e.loop(0, count) as piece:
                    first = piece * size + start
                    self._tile(
                        e,
                        size,
                        x + first * (e.bytes * step),
                        gradient,
                        w + first * (e.bytes * self.vectors * e.lanes),
                        rows,
                    )

    def _tile(self, e: Emitter, size: int, source: Word, gradient: Word, packed: Word, rows: Word) -> None:
        """`size` weights × `vectors`, summed over some rows of pixels."""
        numbers = size * self.vectors

        def over_rows(row: Word, sums: list[Vector]) -> list[Vector]:
            x = source + row * (e.bytes * self.source.pixel[1])
            dy = gradient + row * (e.bytes * self.gradient.pixel[1])
            return self._columns(e, size, x, dy, sums)

        sums = e.fold(rows, [e.vector(0.0)] * numbers, over_rows)
        for index, value in enumerate(sums):
            e.store(value + e.load(packed, index * e.lanes), packed, index * e.lanes)

    def _columns(self, e: Emitter, size: int, x: Word, dy: Word, sums: list[Vector]) -> list[Vector]:
        width = self.count[2]
        together = next(k for k in (4, 2, 3, 1) if width % k == 0) if width > 4 else width
        steps = self.source.pixel[2], self.gradient.pixel[2]

        def some(column: Word, sums: list[Vector]) -> list[Vector]:
            from_x = x + column * (e.bytes * together * steps[0])
            from_dy = dy + column * (e.bytes * together * steps[1])
            for k in range(together):
                sums = self._pixel(e, size, (from_x, k * steps[0]), (from_dy, k * steps[1]), sums)
            return sums

        return e.fold(width // together, sums, some)

    def _pixel(
        self, e: Emitter, size: int, x: tuple[Word, int], dy: tuple[Word, int], sums: list[Vector]
    ) -> list[Vector]:
        gradients = [e.load(dy[0], dy[1] + vector * self.gradient.block) for vector in range(self.vectors)]
        if prod(self.taps) == 1 and self._stretches > 1:
            self._prefetch(e, x, dy)
        take, step = (e.load, self.tap_step[2]) if self.depthwise else (e.broadcast, 1)
        following: list[Vector] = []
        for weight in range(size):
            number = take(x[0], x[1] + weight * step)
            first = weight * self.vectors
            following += [e.fma(number, gradients[v], sums[first + v]) for v in range(self.vectors)]
        return following

    def _prefetch(self, e: Emitter, x: tuple[Word, int], dy: tuple[Word, int]) -> None:
        """Let this pixel of the next stretch be on its way: one tap has too little to do meanwhile."""
        rows = self._rows_together
        e.prefetch(x[0], x[1] + rows * self.source.pixel[1])
        for vector in range(self.vectors):
            e.prefetch(dy[0], dy[1] + vector * self.gradient.block + rows * self.gradient.pixel[1])


def weight_gradient(
    source: BlockedMap, gradient: BlockedMap, window: Window, groups: int, accumulators: int
) -> WeightGradient:
    """The gradient of the weights of the convolution that made the map whose gradient this is."""
    out_blocks = gradient.blocks // groups
    steps = [d * s for d, s in zip(window.dilation, source.steps, strict=True)]
    before = window.before
    return WeightGradient(
        batch=source.batch,
        groups=groups,
        in_blocks=source.blocks // groups,
        inner=source.filled,
        out_blocks=out_blocks,
        count=gradient.size,
        taps=window.size,
        tap_step=(steps[0], steps[1], steps[2]),
        source=source.place((-before[0], -before[1], -before[2]), window.stride),
        gradient=gradient.place(),
        vectors=vectors_for(out_blocks),
        accumulators=accumulators,
    )


def depthwise_gradient(
    source: BlockedMap, gradient: BlockedMap, window: Window, accumulators: int
) -> WeightGradient:
    """The same where every channel is a group of its own."""
    steps = [d * s for d, s in zip(window.dilation, source.steps, strict=True)]
    before = window.before
    return WeightGradient(
        batch=source.batch,
        groups=gradient.blocks,
        in_blocks=1,
        inner=1,
        out_blocks=1,
        count=gradient.size,
        taps=window.size,
        tap_step=(steps[0], steps[1], steps[2]),
        source=source.place((-before[0], -before[1], -before[2]), window.stride),
        gradient=gradient.place(),
        vectors=1,
        accumulators=accumulators,
        depthwise=True,
    )


def vectors_for(out_blocks: int) -> int:
    """How many output vectors a register tile of weight gradients has."""
    return next(many for many in (2, 3, 1) if out_blocks % many == 0)
