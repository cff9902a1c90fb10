"""Draw `images/gallery.png`: the photograph and what the nets of `specs/filters/` make of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

import cnnspec

HERE = Path(__file__).parent
PAGE = HERE / "images" / "gallery.png"
FILTERS = HERE.parents[1] / "specs" / "filters"
SHOWN = (
    ("sobel_right", "sobel_right"),
    ("sobel_bottom", "sobel_bottom"),
    ("prewitt", "prewitt"),
    ("scharr", "scharr"),
    ("average", "average"),
    ("sharpen", "sharpen"),
    ("hog", "hog_magnitude"),
    ("hog", "hog_orientation"),
)
COLUMNS, GAP, CAPTION = 3, 8, 16


def picture(results: dict[str, np.ndarray], net: str) -> Image.Image:
    """What a net made, as a picture; the orientation in hues, as bright as the gradient is long."""
    if net != "hog_orientation":
        return Image.fromarray(bytes_of(results[net]))
    hue = np.round(results[net] * (256 / (2 * np.pi))) % 256
    length = results["hog_magnitude"]
    parts = hue, np.full_like(hue, 255), 255 * np.sqrt(length / length.max())
    return Image.merge("HSV", [Image.fromarray(part.astype(np.uint8)) for part in parts]).convert("RGB")


def bytes_of(pixels: np.ndarray) -> np.ndarray:
    """Pixels as grey values: what has negative values around middle grey, the rest from black to white."""
    if pixels.min() < 0 and abs(pixels.mean()) < 0.1 * np.abs(pixels).max():
        pixels = 127.5 + 127.5 * pixels / np.abs(pixels).max()
    return np.clip(pixels, 0, 255).astype(np.uint8)


def gallery() -> Image.Image:
    """Every filter's picture, side by side below the photograph."""
    photo = np.asarray(Image.open(HERE / "images" / "photo.png"), dtype=np.float64)
    results = {"the photograph": photo}
    for file, net in SHOWN:
        spec = cnnspec.load(FILTERS / f"{file}.cnn")
        program = cnnspec.compile(spec.net(net), training=False, dtype="float64")
        results[net] = np.asarray(program.forward(photo[None, None]))[0, 0]
    side = photo.shape[0]
    width = COLUMNS * (side + GAP) + GAP
    sheet = Image.new("RGB", (width, -(-len(results) // COLUMNS) * (side + GAP + CAPTION) + GAP), "white")
    draw = ImageDraw.Draw(sheet)
    for index, name in enumerate(results):
        row, column = divmod(index, COLUMNS)
        left, top = GAP + column * (side + GAP), GAP + row * (side + GAP + CAPTION)
        sheet.paste(picture(results, name), (left, top))
        draw.text((left, top + side + 2), name, fill="black")
    return sheet


def main() -> None:
    """Draw the gallery anew."""
    gallery().save(PAGE, optimize=True)


if __name__ == "__main__":
    main()
