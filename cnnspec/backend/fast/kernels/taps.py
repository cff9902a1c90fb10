"""The tap convolution: sums over channels and window taps, a tile of pixels × vectors held in registers.

Forward convolution, each phase of its data gradient and the products of Winograd are all this one loop nest:

    target[pixel] = epilogue(Σ over input blocks, taps, channels in a block: source[pixel·step + tap] ·
    weight)

Weights lie as `[group][panel][input block][tap d][tap h][tap w][channel][vectors × lanes]`: each panel is
read from front to back. Sums are kept over a few hundred products at most and then added up, which keeps the
rounding error near that of a sum by parts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

from cnnspec.backend.fast.kernels.epilogue import Epilogue
from cnnspec.backend.fast.kernels.tiles import Tiling, cut, runs
from cnnspec.backend.fast.layout import Place
from cnnspec.backend.fast.simd.emitter import Emitter
from cnnspec.backend.fast.simd.values import Vector, Word
from cnnspec.backend.kernels.operations import Triple

_PRODUCTS_A_SUM = 256
"""How many products one accumulator may gather before it is added to the total."""

_STRIP = 400_000
"""Bytes of the source that stay in the second cache while the panels of weights pass by."""

_STRIPS, _MUCH_LARGER = 4, 3
"""So many strips there are at least where the source is so many times larger than the weights."""

_FEW_PANELS = 4
"""So few panels read a source that fetching it for the first of them is worth instructions in all."""

_DEPTHWISE_RUN = 9
"""Rows of so many taps are written out in a depthwise convolution, where nothing is broadcast."""

Range = tuple[Word | int, Word | int]
"""The first, and how many."""

SOURCE, WEIGHTS, BIAS, TARGET, ADDEND, GATE = range(6)


@dataclass(frozen=True, slots=True)
class Strides:
    """How weights lie where they are not one panel after the other: steps in numbers."""

    group: int
    panel: int
    block: int


@dataclass(frozen=True, slots=True)
class TapConvolution:
    """Buffers: source, weights, bias, target, addend, gate (anything if the epilogue has no use for it)."""

    buffers: ClassVar[int] = 6

    batch: int
    groups: int
    in_blocks: int
    inner: int
    out_blocks: int
    count: Triple
    taps: Triple
    tap_step: Triple
    source: Place
    target: Place
    pixels: int
    vectors: int
    epilogue: Epilogue
    depthwise: bool = False
    weight_steps: Strides | None = None

    @property
    def _tiling(self) -> Tiling:
        return cut(self.count[1], self.count[2], self.pixels)

    @property
    def panels(self) -> int:
        """Groups of `vectors` output blocks."""
        return self.out_blocks // self.vectors

    @property
    def _lines(self) -> int:
        """Rows of tiles, of all samples and planes."""
        return self.batch * self.count[0] * self._tiling.rows

    @property
    def tasks(self) -> int:
        """One a row of tiles and panel."""
        return self.groups * self.panels * self._lines

    def source_bytes(self, e: Emitter) -> int:
        """How large the source of a group is."""
        return self.batch * self.in_blocks * self.source.block * e.bytes

    def _strip(self, e: Emitter) -> int:
        """How many rows of tiles go through all groups and panels before the next ones come.

        With all of them, each panel of weights is read once, and the source once a panel. With few of them, a
        strip of the source is read once, and the weights once a strip. Strips are made where they fit the
        second cache and less is read then, and where the source is much larger than the weights: threads,
        whose shares follow each other, then have strips of their own, and find in their own caches what they
        wrote themselves a layer before.
        """
        source = self.source_bytes(e)
        weights = self.panels * self.panel_numbers(e.lanes) * e.bytes
        strips = 1
        if source > _MUCH_LARGER * weights:
            strips = min(_STRIPS, self._lines)
        fitting = -(-source // _STRIP)
        again = weights if weights > _STRIP else 0
        if self.panels > 1 and source > _STRIP and source + fitting * again <= self.panels * source:
            strips = max(strips, fitting)
        most = max(1, self._lines // strips)
        return next(rows for rows in range(most, 0, -1) if self._lines % rows == 0)

    @property
    def run(self) -> tuple[int, int]:
        """Products of one row of taps: the length of a run, and how many runs there are.

        The channels of a tap lie side by side, and neighbouring taps too where they are not dilated. A
        depthwise convolution multiplies whole vectors, a tap each.
        """
        if self.depthwise:
            return self.taps[2], 1
        if self.tap_step[2] == self.inner:
            return self.taps[2] * self.inner, 1
        return self.inner, self.taps[2]

    def panel_numbers(self, lanes: int) -> int:
        """How many numbers the weights of one panel are."""
        products = self.taps[0] * self.taps[1] * prod(self.run)
        return self.in_blocks * products * self.vectors * lanes

    def _panel_start(self, e: Emitter, panel: Word, group: Word) -> Word:
        if self.weight_steps is None:
            return panel * self.panel_numbers(e.lanes)
        return group * self.weight_steps.group + panel % self.panels * self.weight_steps.panel

    def weight_block(self, lanes: int) -> int:
        """From the weights of one input block to those of the next."""
        return self.weight_steps.block if self.weight_steps else self.panel_numbers(lanes) // self.in_blocks

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """One row of tiles of one panel."""
        tiling = self._tiling
        strip = self._strip(e)
        inside, rest = task % strip, task // strip
        panel, line = rest % (self.groups * self.panels), rest // (self.groups * self.panels) * strip + inside
        group = panel // self.panels
        row, rest = line % tiling.rows, line // tiling.rows
        depth, element = rest % self.count[0], rest // self.count[0]
        source = buffers[SOURCE] + e.bytes * (
            element * self.source.batch
            + group * (self.in_blocks * self.source.block)
            + depth * self.source.pixel[0]
        )
        weights = buffers[WEIGHTS] + e.bytes * self._panel_start(e, panel, group)
        bias = buffers[BIAS] + panel * (e.bytes * self.vectors * e.lanes)

        def at(buffer: Word, place: Place) -> Word:
            first_block = panel * (self.vectors * place.block)
            return buffer + e.bytes * (element * place.batch + first_block + depth * place.pixel[0])

        outputs = {TARGET: at(buffers[TARGET], self.target)}
        if self.epilogue.addend:
            outputs[ADDEND] = at(buffers[ADDEND], self.epilogue.addend)
        if self.epilogue.gate:
            outputs[GATE] = at(buffers[GATE], self.epilogue.gate)
        for start, height, many in runs(list(tiling.heights)):
            first_tile = list(tiling.heights).index(height)
            inside = (row >= first_tile) & (row < first_tile + many)
            with e.when(inside):
                first_row = (row - first_tile) * height + start
                self._row(e, tiling, height, first_row, source, weights, bias, outputs)

    def _row(
        self,
        e: Emitter,
        tiling: Tiling,
        height: int,
        first_row: Word,
        source: Word,
        weights: Word,
        bias: Word,
        outputs: dict[int, Word],
    ) -> None:
        for start, width, many in runs(list(tiling.widths)):
            with e.loop(0, many) as column:
                first = column * width + start

                def walked(address: Word, place: Place, first: Word = first) -> Word:
                    return address + e.bytes * (
                        first_row * place.pixel[1] + first * place.pixel[2] + place.offset
                    )

                moved = {name: walked(address, self.place(name)) for name, address in outputs.items()}
                tile = _Tile(self, height, width)
                tile.emit(e, walked(source, self.source), weights, bias, moved)

    def place(self, name: int) -> Place:
        """How to walk one of the maps that go with the target."""
        place = {TARGET: self.target, ADDEND: self.epilogue.addend, GATE: self.epilogue.gate}[name]
        assert place is not None  # noqa: S101 - asked only for the buffers in use
        return place


@dataclass(frozen=True, slots=True)
class _Tile:
    """One register tile: `height` × `width` pixels by the kernel's vectors."""

    kernel: TapConvolution
    height: int
    width: int

    def _offset(self, place: Place, pixel: int) -> int:
        row, column = divmod(pixel, self.width)
        return row * place.pixel[1] + column * place.pixel[2]

    @property
    def _sums(self) -> list[tuple[int, int]]:
        return [
            (pixel, vector)
            for pixel in range(self.height * self.width)
            for vector in range(self.kernel.vectors)
        ]

    def emit(self, e: Emitter, source: Word, weights: Word, bias: Word, outputs: dict[int, Word]) -> None:
        """The sums, the epilogue and the stores."""
        self._prefetch(e, outputs)
        parts, strips = self._parts
        if parts * strips == 1:
            blocks, rows = (0, self.kernel.in_blocks), (0, self.kernel.taps[1])
            sums = self._accumulate(e, source, weights, blocks, rows, self._start(e, bias))
        else:
            sums = self._by_parts(e, source, weights, self._start(e, bias))
        for (pixel, vector), total in zip(self._sums, sums, strict=True):
            self._finish(e, total, pixel, vector, outputs)

    @property
    def _parts(self) -> tuple[int, int]:
        """In how many parts the input blocks are summed; if one block has too much, also its rows of taps."""
        blocks, products = self.kernel.in_blocks, prod(self.kernel.taps) * self.kernel.inner
        parts = min(blocks, -(-blocks * products // _PRODUCTS_A_SUM))
        strips = min(self.kernel.taps[1], -(-products // _PRODUCTS_A_SUM))
        return parts, strips

    def _prefetch(self, e: Emitter, outputs: dict[int, Word]) -> None:
        """Let what the epilogue will read be on its way while the sums are made."""
        for name in sorted(outputs.keys() - {TARGET}):
            place = self.kernel.place(name)
            for pixel, vector in self._sums:
                e.prefetch(outputs[name], self._offset(place, pixel) + vector * place.block)

    def _start(self, e: Emitter, bias: Word) -> list[Vector]:
        if not self.kernel.epilogue.bias:
            return [e.vector(0.0)] * len(self._sums)
        vectors = [e.load(bias, vector * e.lanes) for vector in range(self.kernel.vectors)]
        return [vectors[vector] for _, vector in self._sums]

    def _by_parts(self, e: Emitter, source: Word, weights: Word, start: list[Vector]) -> list[Vector]:
        """Each part's sums are added to totals that wait on the stack."""
        totals = e.scratch(len(start) * e.lanes)
        for index, value in enumerate(start):
            e.store(value, totals, index * e.lanes)
        zeros = [e.vector(0.0)] * len(start)
        (parts, strips), blocks, rows = self._parts, self.kernel.in_blocks, self.kernel.taps[1]

        def share(part: Word, parts: int, whole: int) -> Range:
            first, last = part * whole // parts, (part + 1) * whole // parts
            return first, last - first

        with e.loop(0, parts * strips) as part:
            some_blocks = share(part // strips, parts, blocks)
            some_rows = share(part % strips, strips, rows) if strips > 1 else (0, rows)
            sums = self._accumulate(e, source, weights, some_blocks, some_rows, zeros)
            for index, value in enumerate(sums):
                e.store(value + e.load(totals, index * e.lanes), totals, index * e.lanes)
        return [e.load(totals, index * e.lanes) for index in range(len(start))]

    def _accumulate(
        self,
        e: Emitter,
        source: Word,
        weights: Word,
        blocks: Range,
        rows: Range,
        start: list[Vector],
    ) -> list[Vector]:
        """Σ over some input blocks, taps in some rows of the window, and channels."""
        kernel = self.kernel
        step = [e.bytes * number for number in kernel.tap_step]
        run, rounds = kernel.run
        panel_row = e.bytes * kernel.vectors * e.lanes

        def over_blocks(index: Word, sums: list[Vector]) -> list[Vector]:
            block = index + blocks[0]
            x = source + block * (e.bytes * kernel.source.block)
            w = weights + block * (e.bytes * kernel.weight_block(e.lanes))
            for offset in self._next_source(e):
                e.prefetch(x, offset)

            def over_depth(d: Word, sums: list[Vector]) -> list[Vector]:
                def over_rows(strip: Word, sums: list[Vector]) -> list[Vector]:
                    h = strip + rows[0]

                    def over_columns(k: Word, sums: list[Vector]) -> list[Vector]:
                        tap = (d * kernel.taps[1] + h) * rounds + k
                        pixel = x + (d * step[0] + h * step[1] + k * step[2])
                        return self._run(e, run, pixel, w + tap * (panel_row * run), sums)

                    return e.fold(rounds, sums, over_columns)

                return e.fold(rows[1], sums, over_rows)

            return e.fold(kernel.taps[0], sums, over_depth)

        return e.fold(blocks[1], start, over_blocks)

    def _next_source(self, e: Emitter) -> list[int]:
        """What the tile after this one reads and this one does not, from an input block's start.

        Only where too little is done with each pixel to hide that it comes from afar: windows of one tap on a
        source too large for the second cache (the tile on the right), depthwise ones (the rows below).
        """
        kernel = self.kernel
        _, row, pixel = kernel.source.pixel
        if kernel.depthwise:
            below = kernel.taps[1] * kernel.tap_step[1]
            lines = range(0, self.width * pixel, e.lanes) if self.height == 1 else ()
            return [below + new + line for new in range(0, row, kernel.tap_step[1]) for line in lines]
        if prod(kernel.taps) > 1 or kernel.panels > _FEW_PANELS or kernel.source_bytes(e) <= _STRIP:
            return []
        return [self.width * pixel + self._offset(kernel.source, k) for k in range(self.height * self.width)]

    def _run(self, e: Emitter, length: int, source: Word, weights: Word, sums: list[Vector]) -> list[Vector]:
        """`length` products of every sum, from numbers that lie side by side (or pixels, if depthwise)."""
        unroll = length if self.kernel.depthwise and length <= _DEPTHWISE_RUN else _unrolling(length)
        row, step = e.bytes * unroll * self.kernel.vectors * e.lanes, e.bytes * unroll * self._step

        def some(index: Word, sums: list[Vector]) -> list[Vector]:
            x, w = source + index * step, weights + index * row
            for k in range(unroll):
                sums = self._products(e, k, x, w, sums)
            return sums

        return e.fold(length // unroll, sums, some)

    @property
    def _step(self) -> int:
        """From one number of a run to the next."""
        return self.kernel.tap_step[2] if self.kernel.depthwise else 1

    def _products(self, e: Emitter, k: int, x: Word, w: Word, sums: list[Vector]) -> list[Vector]:
        vectors = self.kernel.vectors
        row = [e.load(w, (k * vectors + vector) * e.lanes) for vector in range(vectors)]
        following: list[Vector] = []
        take = e.load if self.kernel.depthwise else e.broadcast
        for pixel in range(self.height * self.width):
            number = take(x, k * self._step + self._offset(self.kernel.source, pixel))
            following += [e.fma(number, row[v], sums[pixel * vectors + v]) for v in range(vectors)]
        return following

    def _finish(self, e: Emitter, total: Vector, pixel: int, vector: int, outputs: dict[int, Word]) -> None:
        epilogue = self.kernel.epilogue

        def where(name: int, place: Place | None) -> tuple[Word, int] | None:
            return (outputs[name], self._offset(place, pixel) + vector * place.block) if place else None

        target = self.kernel.target
        value = epilogue.apply(e, total, where(ADDEND, epilogue.addend), where(GATE, epilogue.gate))
        e.store(value, outputs[TARGET], self._offset(target, pixel) + vector * target.block)


def _unrolling(length: int) -> int:
    """How many products to write out: 4 or 2 where they divide the run, else one by one.

    With an odd number of them LLVM loads the broadcasts of all before the first is used, and spills.
    """
    return next(k for k in (4, 2, 1) if length % k == 0)
