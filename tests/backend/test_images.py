"""Pictures and arrays become what a net reads; what cannot is said in words."""

from __future__ import annotations

import os
import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnnspec.backend.images import read_input, write_picture
from cnnspec.diagnostics import DiagnosticError

COLOURS = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
GREY = COLOURS[..., 0]


def saved(folder: Path, array: np.ndarray, name: str = "x.png", **options: object) -> Path:
    Image.fromarray(array).save(folder / name, **options)
    return folder / name


def problem(path: Path, shape: tuple[int, ...] = (1, 5, 7)) -> str:
    with pytest.raises(DiagnosticError) as caught:
        read_input(path, shape)
    (found,) = caught.value.diagnostics
    assert found.code == "bad-data"
    return found.message


def test_colour_and_grey_pictures_as_the_net_wants_them(tmp_path: Path) -> None:
    path = saved(tmp_path, COLOURS)
    np.testing.assert_array_equal(read_input(path, (3, 5, 7))[0], COLOURS.transpose(2, 0, 1))
    grey = read_input(path, (1, 5, 7))
    assert grey.shape == (1, 1, 5, 7)
    luminance = COLOURS @ np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(grey[0, 0], luminance, atol=1)
    np.testing.assert_array_equal(read_input(saved(tmp_path, GREY), (3, 5, 7))[0], [GREY] * 3)


def test_deep_grey_palettes_and_transparency(tmp_path: Path) -> None:
    deep = saved(tmp_path, GREY.astype(np.uint16) * 257)
    np.testing.assert_array_equal(read_input(deep, (1, 5, 7))[0, 0], GREY)
    palette = Image.fromarray(COLOURS).convert("P", palette=Image.Palette.ADAPTIVE)
    palette.save(tmp_path / "p.png")
    expected = np.asarray(palette.convert("RGB")).transpose(2, 0, 1)
    np.testing.assert_array_equal(read_input(tmp_path / "p.png", (3, 5, 7))[0], expected)
    clear = np.dstack(
        [COLOURS, np.where(np.arange(7) < 3, 0, 255).astype(np.uint8) * np.ones((5, 1), np.uint8)]
    )
    seen = read_input(saved(tmp_path, clear), (3, 5, 7))[0]
    assert not seen[:, :, :3].any()
    np.testing.assert_array_equal(seen[:, :, 3:], COLOURS.transpose(2, 0, 1)[:, :, 3:])


def test_a_photograph_is_turned_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = saved(tmp_path, np.repeat(np.repeat(GREY, 8, 0), 8, 1), "x.jpg", exif=exif, quality=95)
    assert read_input(path, (1, 56, 40)).shape == (1, 1, 56, 40)


@pytest.mark.parametrize(
    ("array", "shape", "batch"),
    [
        (np.zeros((4, 1, 5, 7)), (1, 5, 7), (4, 1, 5, 7)),
        (np.zeros((1, 5, 7)), (1, 5, 7), (1, 1, 5, 7)),
        (np.zeros((5, 7)), (1, 5, 7), (1, 1, 5, 7)),
        (np.zeros((3, 9)), (3, 9), (1, 3, 9)),
        (np.zeros(6), (6,), (1, 6)),
        (np.zeros((2, 6)), (6,), (2, 6)),
    ],
)
def test_arrays_of_one_sample_or_several(
    tmp_path: Path, array: np.ndarray, shape: tuple[int, ...], batch: tuple[int, ...]
) -> None:
    np.save(tmp_path / "x.npy", array)
    assert read_input(tmp_path / "x.npy", shape).shape == batch


def test_arrays_of_another_rank_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((2, 2)))
    assert "has shape [2, 2]; one sample is [3, 5, 7]" in problem(tmp_path / "x.npy", (3, 5, 7))


def test_pictures_for_nets_that_read_none(tmp_path: Path) -> None:
    for shape in ((2, 5, 7), (16,), (1, 4, 5, 7)):
        assert "is a picture, but the net does not read" in problem(saved(tmp_path, GREY), shape)


def png(width: int, height: int, data: bytes) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">2I5B", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def test_hostile_pictures(tmp_path: Path) -> None:
    good = saved(tmp_path, COLOURS).read_bytes()
    gif = BytesIO()
    Image.fromarray(GREY).save(gif, "GIF")
    files = {
        "empty": b"",
        "text": b"hello",
        "cut": good[: len(good) // 2],
        "flipped": good[:60] + b"\xff\xff" + good[62:],
        "another format": gif.getvalue(),
        "broken data": png(5, 7, b"nothing"),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        message = problem(tmp_path / name)
        assert "is not a PNG or JPEG picture" in message or "cannot read" in message, name


def test_a_picture_of_too_many_pixels_is_not_decoded(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png(30_000, 30_000, zlib.compress(bytes(30_001 * 100))))
    assert "Image size (900000000 pixels) exceeds limit" in problem(path)
    path.write_bytes(png(11_000, 11_000, b""))
    assert "Image size (121000000 pixels) exceeds limit" in problem(path)


def test_missing_files(tmp_path: Path) -> None:
    for name in ("none.png", "none.npy"):
        assert "no such file" in problem(tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes of Unix")
@pytest.mark.parametrize("name", ["pipe.png", "pipe.npy"])
def test_a_named_pipe_is_not_waited_for(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    assert problem(tmp_path / name) == f"cannot read {tmp_path / name}: it is not a regular file"


# --- pictures of maps -------------------------------------------------------------------------------------


def test_one_map_is_grey_three_are_colours_more_stand_side_by_side(tmp_path: Path) -> None:
    maps = np.random.default_rng(1).standard_normal((3, 5, 7))
    spread = np.round((maps - maps.min()) * 255 / (maps.max() - maps.min()))
    write_picture(tmp_path / "rgb.png", maps)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "rgb.png")), spread.transpose(1, 2, 0))
    write_picture(tmp_path / "one.png", maps[:1])
    assert np.asarray(Image.open(tmp_path / "one.png")).shape == (5, 7)
    write_picture(tmp_path / "two.jpg", maps[:2])
    assert np.asarray(Image.open(tmp_path / "two.jpg")).shape == (5, 14)
    write_picture(tmp_path / "flat.png", np.ones((1, 2, 2)))
    assert not np.asarray(Image.open(tmp_path / "flat.png")).any()


def test_angles_are_hues_that_go_round(tmp_path: Path) -> None:
    angles = np.array([0, 1 / 3, 2 / 3, 1, -1, -2 / 3, -1 / 3]) * np.pi
    write_picture(tmp_path / "hues.png", angles.reshape(1, 1, 7), angles=True)
    (pixels,) = np.asarray(Image.open(tmp_path / "hues.png")).astype(int)
    around = [(1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 1, 1), (0, 1, 1), (0, 0, 1), (1, 0, 1)]
    np.testing.assert_allclose(pixels, 255 * np.array(around), atol=6)  # a hue is one of 256
    write_picture(tmp_path / "three.png", angles[:6].reshape(3, 1, 2), angles=True)
    assert np.asarray(Image.open(tmp_path / "three.png")).shape == (1, 6, 3)


@pytest.mark.parametrize(
    ("name", "maps", "says"),
    [
        ("x.gif", np.zeros((1, 2, 2)), "pictures end in .png or .jpg"),
        ("x.png", np.zeros(10), "an output of shape [10] is no picture"),
        ("x.png", np.full((1, 2, 2), np.nan), "not finite"),
    ],
)
def test_what_is_no_picture(tmp_path: Path, name: str, maps: np.ndarray, says: str) -> None:
    with pytest.raises(DiagnosticError) as caught:
        write_picture(tmp_path / name, maps)
    assert says in caught.value.diagnostics[0].message
    assert not list(tmp_path.iterdir())
