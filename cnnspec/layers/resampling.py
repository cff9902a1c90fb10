"""Larger maps: upsampling, and channels turned into pixels and back; and channels in another order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from cnnspec.dims import UNIT, Dim, IndexMap, Relation, ceil_div, product, render
from cnnspec.layers.arguments import COUNT, FLAG, PER_AXIS, PerAxis, arg, choice
from cnnspec.layers.base import Derivation, Flops, Layer, Requirement, Shape
from cnnspec.layers.derivation import factor_text
from cnnspec.layers.registry import layer
from cnnspec.layers.spatial import (
    axis_name,
    elements,
    needs_groups,
    needs_map,
    needs_one_per_axis,
    shape_text,
)
from cnnspec.layers.window import per_axis

_RANK_OF = {"bilinear": 2, "trilinear": 3}
"""The ranks that the other names of linear interpolation speak of."""


@layer("upsample")
@dataclass(frozen=True)
class Upsample(Layer):
    """A larger map by repeating pixels or by linear interpolation, by a factor or to a size.

    `linear` works in any rank; `bilinear` and `trilinear` are the same for two and three axes. Without
    `align_corners` pixels are areas whose outer edges coincide (PyTorch's default); with it the centres of
    the corner pixels do.
    """

    factor: PerAxis | None = arg(PER_AXIS, "how many times the map grows", None)
    size: PerAxis | None = arg(PER_AXIS, "the sizes of the result, instead of a factor", None)
    mode: str = arg(
        choice("nearest", "linear", "bilinear", "trilinear"), "how pixels are filled in", "nearest"
    )
    align_corners: bool = arg(FLAG, "whether the centres of the corner pixels coincide (linear only)", False)

    def lower(self, inputs: tuple[Shape, ...]) -> Layer:
        """`bilinear` and `trilinear` are `linear` where they have their rank."""
        rank = len(inputs[0]) - 1
        return replace(self, mode="linear") if _RANK_OF.get(self.mode) == rank else self

    def requirements(self, inputs: tuple[Shape, ...]) -> Iterator[Requirement]:
        """A map, a factor or a size, and interpolation of its rank."""
        yield from needs_map(self.word, inputs[0])
        yield _factor_or_size(self)
        yield from needs_one_per_axis(self.word, "factor", self.factor, inputs[0])
        yield from needs_one_per_axis(self.word, "size", self.size, inputs[0])
        yield from self._needs_rank(inputs[0])
        yield Requirement(
            "bad-argument",
            int(self.align_corners and self.mode == "nearest"),
            Relation.EQUAL,
            0,
            lambda: "`align_corners` means something only for linear interpolation",
            lambda: "add `mode=linear`, or leave `align_corners` out",
            argument="align_corners",
        )

    def _needs_rank(self, shape: Shape) -> Iterator[Requirement]:
        rank = _RANK_OF.get(self.mode, len(shape) - 1)
        yield Requirement(
            "rank-mismatch",
            len(shape) - 1,
            Relation.EQUAL,
            rank,
            lambda: (
                f"`{self.mode}` interpolates over {rank} spatial axes, not over those of {shape_text(shape)}"
            ),
            lambda: "use `mode=linear`, which works in any rank",
            argument="mode",
            port=0,
        )

    def infer(self, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        """Every axis `factor` times as long, or as long as asked for."""
        channels, *spatial = inputs[0]
        if self.size is not None:
            return ((channels, *per_axis(self.size, len(spatial))),)
        factors = per_axis(self.factor or 1, len(spatial))
        return ((channels, *(n * factor for n, factor in zip(spatial, factors, strict=True))),)

    def flops(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Flops:
        """Nearest copies; linear weighs 2 pixels an axis."""
        taps = 0 if self.mode == "nearest" else 2 ** (len(inputs[0]) - 1)
        return Flops(elementwise=elements(outputs[0]) * taps)

    def index_map(self, inputs: tuple[Shape, ...], port: int, axis: int) -> IndexMap:
        """The pixel that is repeated, or the two around the place that is looked up."""
        numerator, denominator = self._place(inputs[port], axis)
        low = numerator // denominator
        return IndexMap(low, low if self.mode == "nearest" else ceil_div(numerator, denominator))

    def _place(self, shape: Shape, axis: int) -> tuple[Dim, Dim]:
        """Where output i looks in the input, as a fraction."""
        inside, outside = shape[axis + 1], self.infer((shape,))[0][axis + 1]
        if self.factor is not None and not self.align_corners:
            inside, outside = 1, per_axis(self.factor, len(shape) - 1)[axis]
        if self.mode == "nearest":
            return UNIT * inside, outside
        if not self.align_corners:
            return (2 * UNIT + 1) * inside - outside, 2 * outside
        return (UNIT * (inside - 1), outside - 1) if outside != 1 else (0, 1)

    def derive(self, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...]) -> Iterator[Derivation]:
        """Every size."""
        rank = len(inputs[0]) - 1
        factors = per_axis(self.factor or 1, rank)
        for axis, (before, after) in enumerate(zip(inputs[0][1:], outputs[0][1:], strict=True)):
            if self.size is not None:
                yield Derivation(axis_name(rank, axis), "size", render(after), render(after))
            else:
                numbers = f"{factor_text(factors[axis])}·{factor_text(before)}"
                yield Derivation(axis_name(rank, axis), "factor·n", numbers, render(after))


def _factor_or_size(layer: Upsample) -> Requirement:
    given = (layer.factor is not None) + (layer.size is not None)
    return Requirement(
        "missing-argument" if given == 0 else "bad-argument",
        given,
        Relation.EQUAL,
        1,
        lambda: (
            "`upsample` needs a factor or a size" if given == 0 else "`factor` and `size` exclude each other"
        ),
        lambda: "write `upsample(2)` or `upsample(size=(56, 56))`",
        argument="size" if given else None,
    )


@layer("pixel_shuffle")
@dataclass(frozen=True)
class PixelShuffle(Layer):
    """Turn channels into pixels (Shi et al. 2016): `[C·r², H, W]` becomes `[C, r·H, r·W]`, in any rank."""

    factor: Dim = arg(COUNT, "how many times the map grows")

    def requirements(self, inputs: tuple[Shape, ...]) -> Iterator[Requirement]:
        """A map whose channels are a multiple of r² (r to the number of axes)."""
        (shape,) = inputs
        yield from needs_map(self.word, shape)
        share = self._share(shape)
        yield Requirement(
            "channel-mismatch",
            shape[0],
            Relation.MULTIPLE,
            share,
            lambda: f"{render(shape[0])} channels cannot be spread over {render(share)} pixels each",
            lambda: f"make the channels a multiple of {render(share)}",
            argument="factor",
            port=0,
        )

    def _share(self, shape: Shape) -> Dim:
        """How many pixels of the result one pixel becomes."""
        return product(self.factor for _ in shape[1:])

    def infer(self, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        """Fewer channels, every axis `factor` times as long."""
        (shape,) = inputs
        return ((shape[0] // self._share(shape), *(n * self.factor for n in shape[1:])),)

    def index_map(self, inputs: tuple[Shape, ...], port: int, axis: int) -> IndexMap:
        """The pixel it was a channel of."""
        del inputs, port, axis
        place = UNIT // self.factor
        return IndexMap(place, place)


@layer("pixel_unshuffle")
@dataclass(frozen=True)
class PixelUnshuffle(Layer):
    """Turn pixels into channels, the inverse of `pixel_shuffle`: `[C, r·H, r·W]` becomes `[C·r², H, W]`.

    Also known as space to depth; YOLOv2's passthrough does it.
    """

    factor: Dim = arg(COUNT, "how many times the map shrinks")

    def requirements(self, inputs: tuple[Shape, ...]) -> Iterator[Requirement]:
        """A map whose sizes are multiples of the factor."""
        (shape,) = inputs
        yield from needs_map(self.word, shape)
        for axis, size in enumerate(shape[1:]):
            yield self._whole_tiles(len(shape) - 1, axis, size)

    def _whole_tiles(self, rank: int, axis: int, size: Dim) -> Requirement:
        name, tile = axis_name(rank, axis), render(self.factor)
        return Requirement(
            "uneven-split",
            size,
            Relation.MULTIPLE,
            self.factor,
            lambda: f"a {name} of {render(size)} does not divide into tiles of {tile} pixels",
            lambda: f"make the {name} a multiple of {tile}, by `pad` or `crop`",
            argument="factor",
            port=0,
            axis=axis,
        )

    def infer(self, inputs: tuple[Shape, ...]) -> tuple[Shape, ...]:
        """A channel for every pixel of a tile, every axis `factor` times as short."""
        (shape,) = inputs
        tile = product(self.factor for _ in shape[1:])
        return ((shape[0] * tile, *(n // self.factor for n in shape[1:])),)

    def index_map(self, inputs: tuple[Shape, ...], port: int, axis: int) -> IndexMap:
        """The pixels of its tile."""
        del inputs, port, axis
        first = UNIT * self.factor
        return IndexMap(first, first + self.factor - 1)


@layer("channel_shuffle")
@dataclass(frozen=True)
class ChannelShuffle(Layer):
    """Interleave the channels of the groups (Zhang et al. 2018): a `groups × C/groups` matrix, transposed."""

    groups: Dim = arg(COUNT, "how many groups are interleaved")

    def requirements(self, inputs: tuple[Shape, ...]) -> Iterator[Requirement]:
        """The groups divide the channels."""
        yield from needs_groups(self.groups, inputs[0][0], "input")
