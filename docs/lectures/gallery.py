"""Draw `images/gallery.png`: the photograph and what the nets of `specs/filters/` make of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

import cnnspec

HERE = Path(__file__).parent
FILTERS = HERE.parents[1] / "specs" / "filters"
SHOWN = (
    ("sobel_right", "sobel_right"),
    ("sobel_bottom", "sobel_bottom"),
    ("prewitt", "prewitt"),
    ("scharr", "scharr"),
    ("average", "average"),
    ("sharpen", "sharpen"),
    ("hog", "hog_magnitude"),
)
COLUMNS, GAP, CAPTION = 4, 8, 16


def bytes_of(pixels: np.ndarray) -> np.ndarray:
    """Pixels as grey values: what has negative values around middle grey, the rest from black to white."""
    if pixels.min() < 0 and abs(pixels.mean()) < 0.1 * np.abs(pixels).max():
        pixels = 127.5 + 127.5 * pixels / np.abs(pixels).max()
    return np.clip(pixels, 0, 255).astype(np.uint8)


def main() -> None:
    """Run every filter and lay the results side by side."""
    photo = np.asarray(Image.open(HERE / "images" / "photo.png"), dtype=np.float64)
    pictures = [("the photograph", photo)]
    for file, net in SHOWN:
        spec = cnnspec.load(FILTERS / f"{file}.cnn")
        program = cnnspec.compile(spec.net(net), training=False, dtype="float64")
        pictures.append((net, np.asarray(program.forward(photo[None, None]))[0, 0]))
    side = photo.shape[0]
    rows = -(-len(pictures) // COLUMNS)
    width = COLUMNS * (side + GAP) + GAP
    sheet = Image.new("L", (width, rows * (side + GAP + CAPTION) + GAP), 255)
    draw = ImageDraw.Draw(sheet)
    for index, (name, pixels) in enumerate(pictures):
        row, column = divmod(index, COLUMNS)
        left, top = GAP + column * (side + GAP), GAP + row * (side + GAP + CAPTION)
        sheet.paste(Image.fromarray(bytes_of(pixels)), (left, top))
        draw.text((left, top + side + 2), name, fill=0)
    sheet.save(HERE / "images" / "gallery.png", optimize=True)


if __name__ == "__main__":
    main()
