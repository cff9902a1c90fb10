"""Pictures and arrays as a net's input, and maps as pictures.

Pillow decodes and encodes (PNG and JPEG only: the fewer decoders, the less there is to attack).
"""

from __future__ import annotations

import struct
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from cnnspec.backend.atomic import replacing
from cnnspec.backend.datasets import bad_data, read_npy
from cnnspec.diagnostics.refusals import reason, require_file

_MODES = {1: "L", 3: "RGB"}
_FORMATS = ("PNG", "JPEG")
_BROKEN = (
    UnidentifiedImageError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
    SyntaxError,
    ValueError,
    EOFError,
    struct.error,
)


def read_input(path: str | Path, shape: tuple[int, ...]) -> NDArray[Any]:
    """A file as a batch `(count, *shape)` or `(count, channels, *other sizes)`: one picture, or an array.

    `.npy` holds one sample or a batch of them (a grey map may leave its channel out). A picture is turned
    into grey or colour as the net's channels ask. Raises DiagnosticError (bad-data).
    """
    path = Path(path).expanduser()
    if path.suffix.lower() == ".npy":
        return _as_batch(read_npy(path), shape, path)
    if path.suffix.lower() == ".npz":
        raise bad_data(
            f"{path} is an archive of arrays, and the net reads one",
            way_out="save the array alone: np.save('input.npy', np.load('archive.npz')['name'])",
        )
    return read_picture(path, _MODES.get(shape[0]) if len(shape) == 3 else None)[np.newaxis]


def _as_batch(array: NDArray[Any], shape: tuple[int, ...], path: Path) -> NDArray[Any]:
    rank = len(shape)
    if array.ndim == rank - 1 and shape[0] == 1:
        array = array[np.newaxis]
    if array.ndim == rank:
        array = array[np.newaxis]
    if array.ndim != rank + 1:
        raise bad_data(
            f"{path} has shape {list(array.shape)}; one sample is {list(shape)}, a batch has one axis more"
        )
    return array


def read_picture(path: Path, mode: str | None) -> NDArray[np.uint8]:
    """A PNG or JPEG as bytes `(channels, height, width)`; transparent pixels are 0, as padding is."""
    if mode is None:
        raise bad_data(
            f"{path} is a picture, but the net does not read 1 or 3 channels of height × width",
            way_out="give a .npy array",
        )
    try:
        require_file(path)
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=_FORMATS) as picture:
                pixels = np.asarray(_upright(picture).convert(mode))
    except _BROKEN as error:
        raise bad_data(f"{path} is not a PNG or JPEG picture that can be read: {error}") from error
    except OSError as error:
        raise bad_data(f"cannot read {path}: {reason(error)}") from error
    return np.ascontiguousarray(np.moveaxis(pixels.reshape(*pixels.shape[:2], -1), -1, 0))


def _upright(picture: Image.Image) -> Image.Image:
    """The picture the way its camera held it, 8 bits a channel, transparency over black."""
    turned = ImageOps.exif_transpose(picture)
    if turned.mode.startswith("I"):
        return Image.fromarray((np.asarray(turned, np.uint32) >> 8).astype(np.uint8))
    if "A" not in turned.getbands() and "transparency" not in turned.info:
        return turned
    clear = turned.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", clear.size, (0, 0, 0, 255)), clear)


def check_picture_name(path: Path) -> None:
    """Raise DiagnosticError (bad-data) for a name that no picture has."""
    if path.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise bad_data(f"cannot write {str(path)!r}: pictures end in .png or .jpg, arrays in .npy")


def write_picture(path: str | Path, maps: NDArray[Any], *, angles: bool = False) -> None:
    """Maps `(channels, height, width)` as a PNG or JPEG; the least value becomes black, the greatest white.

    One map is grey and three are red, green, blue; other numbers of maps stand side by side. `angles` are in
    radians: each map stands by itself, and its values are hues, so that −π and π are one colour.
    """
    path = Path(path).expanduser()
    check_picture_name(path)
    _check_maps(maps)
    if angles:
        pixels = _hues(np.concatenate(list(maps), axis=1))
    else:
        grey = _stretched(maps)
        pixels = np.moveaxis(grey, 0, -1) if len(grey) == 3 else np.concatenate(list(grey), axis=1)
    with replacing(path) as fresh:
        Image.fromarray(pixels).save(fresh, "PNG" if path.suffix.lower() == ".png" else "JPEG")


def _check_maps(maps: NDArray[Any]) -> None:
    if maps.ndim != 3 or not maps.size:
        raise bad_data(f"an output of shape {list(maps.shape)} is no picture: [channels, height, width] is")
    if not np.isfinite(maps).all():
        raise bad_data("the output holds values that are not finite (NaN or infinity)")


def _stretched(maps: NDArray[Any]) -> NDArray[np.uint8]:
    low, high = float(maps.min()), float(maps.max())
    spread = (high - low) or 1.0
    return np.round((maps - low) * (255.0 / spread)).astype(np.uint8)


def _hues(angles: NDArray[Any]) -> NDArray[np.uint8]:
    """Around the circle of colours: red at 0, then yellow, green, cyan at ±π, blue, magenta."""
    hue = np.round(angles * (256 / (2 * np.pi))).astype(np.int64) % 256
    full = np.full_like(hue, 255)
    colours = np.stack([hue, full, full], axis=-1).astype(np.uint8)
    return np.asarray(Image.fromarray(colours, "HSV").convert("RGB"))
