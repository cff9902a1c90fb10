"""What is to be shown, and the formats it can be shown in.

A new format is a module `render_<name>.py` with a function `render(view, width)`, and its name in `FORMATS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import cast

from cnnspec.analysis.facts import Analysis
from cnnspec.diagnostics.styled import Line

FORMATS = ("table", "json", "csv", "markdown", "latex")


@dataclass(frozen=True, slots=True)
class View:
    """An analysis, the name of the spec it comes from, and to which level of blocks a table opens it."""

    analysis: Analysis
    spec: str
    depth: int | None = None


Renderer = Callable[[View, int | None], Iterator[Line]]
"""Turns a view into lines, given the width of the output in cells (None where it has none)."""


def renderer(name: str) -> Renderer:
    """The renderer of a format of `FORMATS`; only its own module is imported."""
    return cast("Renderer", import_module(f"cnnspec.report.render_{name}").render)
