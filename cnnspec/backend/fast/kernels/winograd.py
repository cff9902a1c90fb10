"""Winograd's F(4×4, 3×3): convolutions with a quarter of the multiplications (Lavin and Gray 2016).

The map is cut into tiles of 4 × 4 outputs, which read 6 × 6 inputs. With B, G, A the transforms of inputs,
weights and outputs, a tile is Aᵀ[(G w Gᵀ) ⊙ (Bᵀ x B)]A: the products at each of the 36 positions are a
matrix product over the channels, done by `TapConvolution`. Between the steps lie
`[36][block][tile][channel]` (V, of inputs, and M, of outputs), for some tiles at a time that fit the cache.

The error of a layer is some ten times that of the direct sums, so this is for `math="fast"` alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import ClassVar

from cnnspec.backend.fast.kernels import winograd_lines as lines
from cnnspec.backend.fast.kernels.epilogue import Epilogue
from cnnspec.backend.fast.kernels.taps import Strides, TapConvolution
from cnnspec.backend.fast.kernels.tiles import shape_of
from cnnspec.backend.fast.kernels.weight_gradient import WeightGradient, vectors_for
from cnnspec.backend.fast.layout import BlockedMap, Place
from cnnspec.backend.fast.simd.emitter import Emitter
from cnnspec.backend.fast.simd.values import Mask, Vector, Word

POSITIONS = 36


@dataclass(frozen=True, slots=True)
class Tiles:
    """The tiles of a map of outputs, and how many are worked on at a time.

    `room` is the distance between blocks of V and M in tiles: a little more than `together`, so that the 36
    positions of a tile do not all fall on one set of the cache.
    """

    outputs: BlockedMap
    together: int
    room: int

    @property
    def rows(self) -> int:
        """Tiles along the height."""
        return -(-self.outputs.size[1] // 4)

    @property
    def columns(self) -> int:
        """Tiles along the width."""
        return -(-self.outputs.size[2] // 4)

    @property
    def total(self) -> int:
        """All tiles, of every sample."""
        return self.outputs.batch * self.rows * self.columns

    def numbers(self, blocks: int) -> int:
        """How many numbers V or M is, for so many channel blocks."""
        return POSITIONS * blocks * self.room * self.outputs.block

    def step(self, blocks: int) -> int:
        """From one position to the next in V or M."""
        return blocks * self.room * self.outputs.block

    def find(self, tile: Word) -> tuple[Word, Word, Word]:
        """(sample, row, column) of a tile, by its number among all."""
        rest, element = tile % (self.rows * self.columns), tile // (self.rows * self.columns)
        return element, rest // self.columns, rest % self.columns


def tiles_for(outputs: BlockedMap, in_blocks: int, budget: int) -> Tiles:
    """Tiles cut so that V and M are about `budget` numbers at most."""
    whole = Tiles(outputs, 1, 1)
    blocks = in_blocks + outputs.blocks
    most = max(28, budget // (POSITIONS * blocks * outputs.block))
    parts = -(-whole.total // most)
    together = -(-whole.total // parts)
    room = together
    movable = [count for count in (in_blocks, outputs.blocks) if count % 64]  # others stay multiples of 64
    while any(room * count % 64 == 0 for count in movable):
        room += 1
    return Tiles(outputs, together, room)


def _tile_address(
    e: Emitter, buffer: Word, place: Place, found: tuple[Word, Word, Word], block: Word
) -> Word:
    element, row, column = found
    return buffer + e.bytes * (
        element * place.batch
        + block * place.block
        + row * (4 * place.pixel[1])
        + column * (4 * place.pixel[2])
        + place.offset
    )


@dataclass(frozen=True, slots=True)
class TransformInputs:
    """Buffers: source, V, number of the first tile. Bᵀ x B of a part of the tiles.

    `source` starts at the first input of the first tile; the halo must hold whole tiles (see
    `halo_for_tiles`).
    """

    buffers: ClassVar[int] = 3
    tiles: Tiles
    blocks: int
    source: Place

    @property
    def tasks(self) -> int:
        """One a tile and block."""
        return self.blocks * self.tiles.together

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """One tile of one block."""
        tile, block = task % self.tiles.together, task // self.tiles.together
        with e.when(tile + buffers[2] < self.tiles.total):
            found = self.tiles.find(tile + buffers[2])
            x = _tile_address(e, buffers[0], self.source, found, block)
            _, row, column = self.source.pixel
            values = lines.both_ways(e, lines.of_inputs, 6, 6, lambda i, j: e.load(x, i * row + j * column))
            _store_positions(e, values, self.tiles, self.blocks, buffers[1], block, tile)
        with e.when(tile + buffers[2] >= self.tiles.total):
            _store_positions(e, _nothing(e), self.tiles, self.blocks, buffers[1], block, tile)


def _nothing(e: Emitter) -> list[list[Vector]]:
    """The positions of a tile past the last: zeros, which add nothing to sums over tiles."""
    return [[e.vector(0.0)] * 6 for _ in range(6)]


def _store_positions(
    e: Emitter, values: list[list[Vector]], tiles: Tiles, blocks: int, buffer: Word, block: Word, tile: Word
) -> None:
    place = buffer + e.bytes * (block * tiles.room + tile) * tiles.outputs.block
    step = tiles.step(blocks)
    for position in range(POSITIONS):
        e.store(values[position // 6][position % 6], place, position * step)


@dataclass(frozen=True, slots=True)
class TransformOutputs:
    """Buffers: M, bias, target, addend, gate, number of the first tile. The epilogue of Aᵀ M A."""

    buffers: ClassVar[int] = 6
    tiles: Tiles
    epilogue: Epilogue

    @property
    def tasks(self) -> int:
        """One a tile and block."""
        return self.tiles.outputs.blocks * self.tiles.together

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """One tile of one block: whole, or as much of it as lies on the map."""
        tiles, outputs = self.tiles, self.tiles.outputs
        tile, block = task % tiles.together, task // tiles.together
        with e.when(tile + buffers[5] < tiles.total):
            found = tiles.find(tile + buffers[5])
            m = buffers[0] + e.bytes * (block * tiles.room + tile) * outputs.block
            bias = e.load(buffers[1] + block * (e.bytes * outputs.block)) if self.epilogue.bias else None
            step = tiles.step(outputs.blocks)
            values = lines.both_ways(e, lines.of_outputs, 6, 6, lambda i, j: e.load(m, (6 * i + j) * step))
            for condition, rows, columns in _edges(tiles, found):
                with e.when(condition):
                    for row in range(rows):
                        for column in range(columns):
                            value = values[row][column]
                            value = value if bias is None else value + bias
                            self._finish(e, value, buffers, found, block, (row, column))

    def _finish(
        self,
        e: Emitter,
        value: Vector,
        buffers: Sequence[Word],
        found: tuple[Word, Word, Word],
        block: Word,
        pixel: tuple[int, int],
    ) -> None:
        def place_of(buffer: Word, place: Place) -> tuple[Word, int]:
            address = _tile_address(e, buffer, place, found, block)
            return address, pixel[0] * place.pixel[1] + pixel[1] * place.pixel[2]

        epilogue = self.epilogue
        addend = place_of(buffers[3], epilogue.addend) if epilogue.addend else None
        gate = place_of(buffers[4], epilogue.gate) if epilogue.gate else None
        e.store(epilogue.apply(e, value, addend, gate), *place_of(buffers[2], self.tiles.outputs.place()))


def _edges(tiles: Tiles, found: tuple[Word, Word, Word]) -> list[tuple[Mask, int, int]]:
    """The kinds of tiles: inside, and along the edges where fewer than four rows or columns are left."""
    _, row, column = found
    height, width = tiles.outputs.size[1:]
    last_rows, last_columns = height - 4 * (tiles.rows - 1), width - 4 * (tiles.columns - 1)
    if (last_rows, last_columns) == (4, 4):
        return [(row >= 0, 4, 4)]
    inner_row, inner_column = row < tiles.rows - 1, column < tiles.columns - 1
    return [
        (inner_row & inner_column, 4, 4),
        (inner_row & ~inner_column, 4, last_columns),
        (~inner_row & inner_column, last_rows, 4),
        (~inner_row & ~inner_column, last_rows, last_columns),
    ]


def products(tiles: Tiles, in_blocks: int, accumulators: int) -> TapConvolution:
    """The 36 matrix products of V by U, as a convolution with 36 groups whose pixels are the tiles.

    U lies as `[panel][input block][36][channel][vectors × lanes]`.
    """
    outputs = tiles.outputs
    pixels, vectors = shape_of(1, tiles.together, outputs.blocks, accumulators)
    block = outputs.block
    row = block * vectors * block
    return TapConvolution(
        batch=1,
        groups=POSITIONS,
        in_blocks=in_blocks,
        inner=block,
        out_blocks=outputs.blocks,
        count=(1, 1, tiles.together),
        taps=(1, 1, 1),
        tap_step=(0, 0, 0),
        source=Place(0, 0, tiles.room * block, (0, 0, block)),
        target=Place(0, 0, tiles.room * block, (0, 0, block)),
        pixels=pixels,
        vectors=vectors,
        epilogue=Epilogue(),
        weight_steps=Strides(group=row, panel=in_blocks * POSITIONS * row, block=POSITIONS * row),
    )


@dataclass(frozen=True, slots=True)
class _Square:
    """Numbers of one pair of channels, `side` × `side`: in numbers, from a block and from one to the next."""

    side: int
    block: int
    step: int


@dataclass(frozen=True, slots=True)
class _PanelTransform:
    """Something done to every pair of channels: a source becomes a target of another side."""

    buffers: ClassVar[int] = 2
    panels: int
    in_blocks: int
    inner: int
    vectors: int

    @property
    def tasks(self) -> int:
        """One a panel, block and channel."""
        return self.panels * self.in_blocks * self.inner

    def tap(self, e: Emitter) -> int:
        """Numbers of all pairs of channels of a panel and block, at one tap or position."""
        return self.inner * self.vectors * e.lanes

    def _transform(
        self,
        e: Emitter,
        buffers: Sequence[Word],
        task: Word,
        line: lines.Line,
        source: _Square,
        target: _Square,
    ) -> None:
        """All output channels of one panel for one input channel."""
        channel, block = task % self.inner, task // self.inner
        row = self.vectors * e.lanes
        first = buffers[0] + e.bytes * (block * source.block + channel * row)
        into = buffers[1] + e.bytes * (block * target.block + channel * row)
        with e.loop(0, self.vectors) as vector:
            x, y = first + vector * (e.bytes * e.lanes), into + vector * (e.bytes * e.lanes)

            def load(i: int, j: int) -> Vector:
                return e.load(x, (source.side * i + j) * source.step)

            values = lines.both_ways(e, line, source.side, source.side, load)
            for index, value in enumerate(chain.from_iterable(values)):
                e.store(value, y, index * target.step)


@dataclass(frozen=True, slots=True)
class TransformWeights(_PanelTransform):
    """Buffers: packed weights, U. G w Gᵀ of every pair of channels, from panels of nine taps."""

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """Nine taps to 36 positions."""
        tap = self.tap(e)
        source, target = _Square(3, 9 * tap, tap), _Square(6, POSITIONS * tap, tap)
        self._transform(e, buffers, task, lines.of_weights, source, target)


@dataclass(frozen=True, slots=True)
class TransformGradients:
    """Buffers: gradient, Z, number of the first tile. A y Aᵀ of the gradients of the outputs.

    Tiles past the last are zeros, so that sums over tiles may run over all that there is room for.
    """

    buffers: ClassVar[int] = 3
    tiles: Tiles

    @property
    def tasks(self) -> int:
        """One a tile and block."""
        return self.tiles.outputs.blocks * self.tiles.together

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """One tile of one block; what is off the map counts as zero."""
        tiles, outputs = self.tiles, self.tiles.outputs
        tile, block = task % tiles.together, task // tiles.together
        found = tiles.find(tile + buffers[2])
        place = outputs.place()
        y = _tile_address(e, buffers[0], place, found, block)
        inside = tile + buffers[2] < tiles.total
        for condition, rows, columns in _edges(tiles, found):
            with e.when(condition & inside):

                def load(row: int, column: int, rows: int = rows, columns: int = columns) -> Vector:
                    if row >= rows or column >= columns:
                        return e.vector(0.0)
                    return e.load(y, row * place.pixel[1] + column * place.pixel[2])

                values = lines.both_ways(e, lines.of_output_gradients, 4, 4, load)
                _store_positions(e, values, tiles, outputs.blocks, buffers[1], block, tile)
        with e.when(~inside):
            _store_positions(e, _nothing(e), tiles, outputs.blocks, buffers[1], block, tile)


def gradient_products(tiles: Tiles, in_blocks: int, accumulators: int, *, adds: bool) -> WeightGradient:
    """The sums over tiles of V and Z at each position, as the weight gradient of a 1 × 1 convolution."""
    block, step = tiles.outputs.block, tiles.room * tiles.outputs.block
    out_blocks = tiles.outputs.blocks
    return WeightGradient(
        batch=1,
        groups=POSITIONS,
        in_blocks=in_blocks,
        inner=block,
        out_blocks=out_blocks,
        count=(1, 1, tiles.together),
        taps=(1, 1, 1),
        tap_step=(0, 0, block),
        source=Place(0, 0, step, (0, 0, block)),
        gradient=Place(0, 0, step, (0, 0, block)),
        vectors=vectors_for(out_blocks),
        accumulators=accumulators,
        adds=adds,
    )


@dataclass(frozen=True, slots=True)
class TransformWeightGradient(_PanelTransform):
    """Buffers: sums, packed gradient. Gᵀ u G of every pair of channels, to panels of nine taps.

    The sums lie as `[36][panel][input block][channel][vectors × lanes]`.
    """

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """36 positions to nine taps."""
        tap = self.tap(e)
        source, target = _Square(6, tap, self.panels * self.in_blocks * tap), _Square(3, 9 * tap, tap)
        self._transform(e, buffers, task, lines.of_weight_gradients, source, target)
