"""The formats findings can be rendered in. A new one is a module `render_<name>.py` and its name here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import cast

from cnnspec.diagnostics.findings import Findings
from cnnspec.diagnostics.styled import Line

FORMATS = ("full", "concise", "json", "github", "sarif")
DOCUMENTS = ("json", "sarif")
"""Those that are a document, also where nothing was found."""


Renderer = Callable[[Findings, int | None], Iterator[Line]]
"""Turns findings into lines, given the width of the output in cells (None where it has none)."""


def renderer(name: str) -> Renderer:
    """The renderer of a format of `FORMATS`; only its own module is imported."""
    return cast("Renderer", import_module(f"cnnspec.diagnostics.render_{name}").render)
