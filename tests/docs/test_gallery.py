"""The gallery of the lectures is what the nets of `specs/filters` make of the photograph."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
from PIL import Image

LECTURES = Path(__file__).parents[2] / "docs/lectures"


def test_the_picture_in_the_docs_is_drawn_from_the_specs() -> None:
    drawn = runpy.run_path(str(LECTURES / "gallery.py"))["gallery"]()
    with Image.open(LECTURES / "images/gallery.png") as kept:
        assert kept.size == drawn.size, "run docs/lectures/gallery.py"
        apart = np.abs(np.asarray(kept.convert("RGB"), int) - np.asarray(drawn, int)).max(axis=2) > 8
    assert apart.mean() < 0.01, "run docs/lectures/gallery.py"  # captions depend on the version of Pillow
