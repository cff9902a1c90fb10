"""Operations that move elements: shapes, borders, sizes, channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cnnspec.backend.kernels.operations.base import Operation, Triple


@dataclass(frozen=True, slots=True)
class Reshape(Operation):
    """The same elements in the same order under another shape: a copy (flatten, reshape, squeeze)."""


@dataclass(frozen=True, slots=True)
class Permute(Operation):
    """Reorder the axes: axis i of the output is axis `order[i]` of the input (batch included, as 0)."""

    order: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Pad(Operation):
    """Widen each spatial axis: with `value`, the mirror image (without the edge), or the edge itself."""

    before: Triple
    after: Triple
    mode: Literal["constant", "reflect", "replicate"] = "constant"
    value: float = 0.0


@dataclass(frozen=True, slots=True)
class Crop(Operation):
    """Cut `before` positions off the front of each spatial axis and `after` off its end."""

    before: Triple
    after: Triple


@dataclass(frozen=True, slots=True)
class Upsample(Operation):
    """Resize each spatial axis to the output's size, by repeating or by (tri-, bi-)linear interpolation."""

    mode: Literal["nearest", "linear"] = "nearest"
    align_corners: bool = False


@dataclass(frozen=True, slots=True)
class PixelShuffle(Operation):
    """Turn channels into space: `(C·r·s, H, W)` to `(C, r·H, s·W)`, with a factor an axis."""

    factor: Triple


@dataclass(frozen=True, slots=True)
class PixelUnshuffle(Operation):
    """Turn space into channels: `(C, r·H, s·W)` to `(C·r·s, H, W)`, with a factor an axis."""

    factor: Triple


@dataclass(frozen=True, slots=True)
class ChannelShuffle(Operation):
    """Read the channels as a `(groups, C / groups)` matrix and transpose it."""

    groups: int
