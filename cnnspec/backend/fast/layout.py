"""Where the numbers of an activation lie: `[batch][channel block][depth][height][width][channel in block]`.

A block holds as many channels as a vector has lanes, so that one load takes one pixel of a block. Around the
map lies a halo of zeros, as wide as its widest reader pads it: no kernel that reads it tests a border. All
offsets and strides count numbers, not bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

from cnnspec.backend.kernels.operations import Triple

NO_HALO: tuple[Triple, Triple] = ((0, 0, 0), (0, 0, 0))


@dataclass(frozen=True, slots=True)
class Place:
    """How to walk a map: the first number touched, and the steps to the next sample, block and pixel."""

    offset: int
    batch: int
    block: int
    pixel: Triple

    def moved(self, numbers: int) -> Place:
        """The same walk begun elsewhere."""
        return replace(self, offset=self.offset + numbers)


@dataclass(frozen=True, slots=True)
class BlockedMap:
    """An activation in blocks of `block` channels with a halo of zeros before and after each axis.

    `room` is the number of blocks from one batch element to the next: more than the map's own where the map
    is a slice of a concatenation.
    """

    batch: int
    channels: int
    size: Triple
    block: int
    halo: tuple[Triple, Triple] = NO_HALO
    room: int = 0

    @property
    def blocks(self) -> int:
        """Channel blocks, the last perhaps part empty."""
        return -(-self.channels // self.block)

    @property
    def filled(self) -> int:
        """The channels of a block that sums must run over: not what pads a map of a single block."""
        return min(self.block, self.channels)

    @property
    def padded(self) -> Triple:
        """The sizes with the halo."""
        before, after = self.halo
        depth, height, width = (b + s + a for b, s, a in zip(before, self.size, after, strict=True))
        return depth, height, width

    @property
    def steps(self) -> Triple:
        """From one depth, row, pixel to the next."""
        _, height, width = self.padded
        return height * width * self.block, width * self.block, self.block

    @property
    def block_step(self) -> int:
        """From one channel block to the next."""
        return prod(self.padded) * self.block

    @property
    def batch_step(self) -> int:
        """From one batch element to the next."""
        return (self.room or self.blocks) * self.block_step

    @property
    def numbers(self) -> int:
        """How many numbers the buffer holds, with the halo."""
        return self.batch * self.batch_step

    def place(self, shift: Triple = (0, 0, 0), stride: Triple = (1, 1, 1)) -> Place:
        """A walk over pixels `stride` apart from `shift` after the first (in the halo where negative)."""
        start = sum((b + s) * step for b, s, step in zip(self.halo[0], shift, self.steps, strict=True))
        depth, height, width = (s * step for s, step in zip(stride, self.steps, strict=True))
        return Place(start, self.batch_step, self.block_step, (depth, height, width))

    def slice(self, first: int, channels: int) -> tuple[BlockedMap, int]:
        """The channels from `first` (a multiple of the block) as a map of their own, and where they start."""
        if first % self.block:
            raise ValueError(f"channel {first} does not start a block of {self.block}")
        view = replace(self, channels=channels, room=self.room or self.blocks)
        return view, first // self.block * self.block_step
