"""How a map of output pixels is cut into register tiles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


def evenly(count: int, most: int) -> list[int]:
    """`count` cut into as few pieces as may be, none above `most`, as equal as may be, the larger first."""
    pieces = -(-count // most)
    least, rest = divmod(count, pieces)
    return [least + 1] * rest + [least] * (pieces - rest)


def runs(pieces: list[int]) -> Iterator[tuple[int, int, int]]:
    """Equal neighbours together: (start, size, how many)."""
    start = 0
    for size in dict.fromkeys(pieces):
        count = pieces.count(size)
        yield start, size, count
        start += size * count


@dataclass(frozen=True, slots=True)
class Tiling:
    """Rows of tiles: `heights` map rows each, cut into columns of `widths` pixels."""

    heights: tuple[int, ...]
    widths: tuple[int, ...]

    @property
    def rows(self) -> int:
        """How many rows of tiles there are."""
        return len(self.heights)

    @property
    def tiles(self) -> int:
        """How many tiles there are."""
        return len(self.heights) * len(self.widths)

    @property
    def most_pixels(self) -> int:
        """The pixels of the largest tile."""
        return self.heights[0] * self.widths[0]


def cut(height: int, width: int, most: int) -> Tiling:
    """Tiles of at most `most` pixels: whole rows where the map is narrow, parts of rows where it is wide."""
    rows = max(1, min(height, most // width))
    return Tiling(tuple(evenly(height, rows)), tuple(evenly(width, most)))


def shape_of(height: int, width: int, out_blocks: int, accumulators: int) -> tuple[int, int]:
    """The register tile (most pixels, vectors) that needs the fewest cycles for one product of every pixel.

    Each tile and product costs its multiply-adds (two a cycle) or its loads (two a cycle: a broadcast a
    pixel and a vector of weights each), whichever is more, and never less than the latency of the adds (4
    cycles).
    """

    def cycles(vectors: int) -> float:
        tiling = cut(height, width, max(1, accumulators // vectors))
        total = 0.0
        for rows in tiling.heights:
            for columns in tiling.widths:
                pixels = rows * columns
                total += max(pixels * vectors / 2, (pixels + vectors) / 2, 4.0) + 0.4 + vectors / 8
        return total * (out_blocks // vectors)

    choices = [v for v in (4, 3, 2, 1) if out_blocks % v == 0 and v <= accumulators]
    best = min(choices, key=cycles)
    return max(1, accumulators // best), best
