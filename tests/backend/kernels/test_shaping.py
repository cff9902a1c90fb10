"""Operations that only move elements or interpolate between them, against PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from backend.kernels.running import assert_agrees, normal, run

from cnnspec.backend.kernels.operations import (
    ChannelShuffle,
    Crop,
    Pad,
    Permute,
    PixelShuffle,
    PixelUnshuffle,
    Reshape,
    Shape,
    Upsample,
)

torch = pytest.importorskip("torch")
functional = torch.nn.functional

MAP = normal(2, 6, 3, 4, 5)


def test_reshape_keeps_the_order() -> None:
    assert_agrees(Reshape(), lambda x: x.flatten(1), [MAP])
    assert_agrees(Reshape(), lambda x: x.reshape(2, 3, 2, 12, 5), [MAP])


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (0, 4, 2, 1, 3), (0, 2, 3, 4, 1)])
def test_permute(order: Shape) -> None:
    assert_agrees(Permute(order), lambda x: x.permute(order), [MAP])


@pytest.mark.parametrize("mode", ["constant", "reflect", "replicate"])
@pytest.mark.parametrize("sides", [((0, 0, 0), (0, 0, 0)), ((1, 2, 3), (2, 1, 0)), ((2, 0, 4), (0, 3, 4))])
def test_pad(mode: str, sides: tuple[Shape, Shape]) -> None:
    before, after = sides
    listed = [side for axis in (2, 1, 0) for side in (before[axis], after[axis])]
    value = 1.5 if mode == "constant" else None
    operation = Pad(before, after, mode, 1.5)
    assert_agrees(operation, lambda x: functional.pad(x, listed, mode, value), [MAP])


def test_crop() -> None:
    assert_agrees(Crop((1, 0, 2), (1, 3, 1)), lambda x: x[:, :, 1:-1, :-3, 2:-1], [MAP])


@pytest.mark.parametrize("size", [(3, 8, 15), (6, 4, 5), (2, 3, 4), (1, 1, 1)])
def test_upsample_by_repeating(size: Any) -> None:
    assert_agrees(Upsample(), lambda x: functional.interpolate(x, size, mode="nearest"), [MAP])


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("size", [(6, 8, 10), (3, 7, 12), (2, 3, 4), (1, 1, 1), (5, 1, 9)])
def test_upsample_by_interpolation(size: Any, align_corners: bool) -> None:
    def resize(x: Any) -> Any:
        return functional.interpolate(x, size, mode="trilinear", align_corners=align_corners)

    assert_agrees(Upsample("linear", align_corners), resize, [MAP])


def test_upsample_by_interpolation_in_the_plane_and_along_a_line() -> None:
    plane, line = normal(2, 3, 1, 4, 5), normal(2, 3, 1, 1, 5)

    def bilinear(x: Any) -> Any:
        return functional.interpolate(x[:, :, 0], scale_factor=2, mode="bilinear")[:, :, None]

    def linear(x: Any) -> Any:
        return functional.interpolate(x[:, :, 0, 0], scale_factor=3, mode="linear")[:, :, None, None]

    assert_agrees(Upsample("linear"), bilinear, [plane])
    assert_agrees(Upsample("linear"), linear, [line])
    assert_agrees(Upsample("linear"), bilinear, [plane.astype(np.float32)], tolerance=1e-6)


def test_pixel_shuffle_in_the_plane() -> None:
    image = normal(2, 12, 1, 3, 5)
    operation = PixelShuffle((1, 2, 2))
    assert_agrees(operation, lambda x: functional.pixel_shuffle(x[:, :, 0], 2)[:, :, None], [image])


def test_pixel_shuffle_along_a_line_and_in_space_interleaves_channels() -> None:
    line = np.arange(6.0).reshape(1, 3, 1, 1, 2)
    found = run(PixelShuffle((1, 1, 3)), [line], outputs=[(1, 1, 1, 1, 6)]).outputs[0]
    assert found.reshape(-1).tolist() == [0, 2, 4, 1, 3, 5]
    space = np.arange(8.0).reshape(1, 8, 1, 1, 1)
    found = run(PixelShuffle((2, 2, 2)), [space], outputs=[(1, 1, 2, 2, 2)]).outputs[0]
    assert found.reshape(-1).tolist() == list(range(8))


def test_pixel_unshuffle_is_pytorchs_and_the_inverse_of_a_shuffle() -> None:
    image = normal(2, 3, 1, 6, 4)
    operation = PixelUnshuffle((1, 2, 2))
    assert_agrees(operation, lambda x: functional.pixel_unshuffle(x[:, :, 0], 2)[:, :, None], [image])
    volume = normal(2, 3, 4, 6, 8)
    tiles = run(PixelUnshuffle((2, 3, 4)), [volume], outputs=[(2, 72, 2, 2, 2)]).outputs[0]
    again = run(PixelShuffle((2, 3, 4)), [tiles], outputs=[volume.shape]).outputs[0]
    np.testing.assert_array_equal(again, volume)


@pytest.mark.parametrize("groups", [1, 2, 3, 6])
def test_channel_shuffle(groups: int) -> None:
    assert_agrees(ChannelShuffle(groups), lambda x: functional.channel_shuffle(x, groups), [MAP])
    assert_agrees(ChannelShuffle(groups), lambda x: x.reshape(4, groups, -1).mT.reshape(4, 6), [normal(4, 6)])
