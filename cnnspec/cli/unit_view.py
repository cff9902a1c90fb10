"""`show --layer PATH --unit Y,X`: from the words of the command line to a unit of a layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from cnnspec.analysis.facts import Analysis
    from cnnspec.diagnostics.styled import Line

LARGEST_MAP = 2**26
"""The most pixels of a map of which sets are kept."""


def unit_view(analysis: Analysis, layer: str, unit: str | None) -> Iterator[Line]:
    """What a unit of a layer sees, by default the one in the middle.

    Raises DiagnosticError for an unknown layer and UsageError for a unit that it does not have.
    """
    from cnnspec.cli.net_options import no_layer
    from cnnspec.report.unit import describe_unit

    if analysis.graph.symbols:
        free = " ".join(f"-s {name}=…" for name in analysis.graph.symbols)
        raise click.UsageError(f"a unit is looked at where all sizes are numbers: {free}")
    labelled = analysis.graph.labels.get(layer)
    facts = analysis.by_path.get(labelled.node if labelled else layer)
    if facts is None:
        raise no_layer(layer, analysis)
    if any(_pixels(tensor.shape) > LARGEST_MAP for node in analysis.graph for tensor in node.outputs):
        raise click.UsageError(f"a map has more than {LARGEST_MAP:,} pixels: give smaller sizes with `-s`")
    sizes = [size for size in facts.output[1:] if isinstance(size, int)]
    return describe_unit(analysis, facts, _unit(unit, sizes))


def _pixels(shape: Sequence[object]) -> int:
    pixels = 1
    for size in shape[1:]:
        pixels *= size if isinstance(size, int) else 1
    return pixels


def _unit(text: str | None, sizes: list[int]) -> tuple[int, ...]:
    if text is None:
        return tuple((size - 1) // 2 for size in sizes)
    parts = text.split(",")
    if len(parts) != len(sizes) or not all(part.strip().isdecimal() and len(part) < 12 for part in parts):
        wanted = f"{len(sizes)} whole numbers, such as {','.join('0' * len(sizes))}" if sizes else "no --unit"
        raise click.UsageError(f"`--unit {text[:40]}`: this layer takes {wanted}")
    unit = tuple(int(part) for part in parts)
    if any(index >= size for index, size in zip(unit, sizes, strict=True)):
        last = ",".join(str(size - 1) for size in sizes)
        raise click.UsageError(f"`--unit {text[:40]}`: the last unit of this layer is {last}")
    return unit
