"""The page of all layers says what the layers say of themselves."""

from __future__ import annotations

import runpy
from pathlib import Path

from cnnspec.layers import LAYERS

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_what_the_layers_say() -> None:
    written = runpy.run_path(str(DOCS / "layer_reference.py"))["page"]()
    assert (DOCS / "layers.md").read_text(encoding="utf-8") == written, "run docs/layer_reference.py"


def test_every_word_is_on_the_page() -> None:
    page = (DOCS / "layers.md").read_text(encoding="utf-8")
    assert [word for word in LAYERS if f"`{word}`" not in page] == []


def test_the_formulas_are_the_textbooks() -> None:
    page = (DOCS / "layers.md").read_text(encoding="utf-8")
    assert "[`C`, `H`, `W`] → [`K`, `⌊(H − k + 2·p)/s⌋ + 1`, `⌊(W − k + 2·p)/s⌋ + 1`]" in page
    assert "`C·K·k² + K`" in page
