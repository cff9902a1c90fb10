"""`cnnspec plan`: how a net would run on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cnnspec.cli.net_options import net_options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnnspec.backend.footprint import Footprint
    from cnnspec.backend.schedule.listing import Entry, Stretch
    from cnnspec.backend.schedule.machine import Math

_HEAD = ("pass", "layer", "algorithm", "steps", "tile", "fused", "packed")
_BUFFER_HEAD = ("buffer", "memory", "bytes", "at", "stages")


@click.command(
    short_help="Show how a net would run here, step by step.",
    epilog="""\b
Examples:
  cnnspec plan specs/resnet50.cnn --batch 8
  cnnspec plan specs/vgg16.cnn --training --math exact --format json""",
)
@net_options
@click.option("--batch", type=click.IntRange(min=1), default=1, show_default=True, help="Samples at once.")
@click.option("--training", is_flag=True, help="A training step: forward and backward.")
@click.option(
    "--math", type=click.Choice(("fast", "exact")), default="fast", show_default=True, help="Precision."
)
@click.option("--dtype", type=click.Choice(("float32", "float64")), default="float32", show_default=True)
@click.option("--buffers", is_flag=True, help="List every buffer: its bytes, its place, and for how long.")
@click.option(
    "--format", "format_name", type=click.Choice(["text", "json"]), default="text", show_default=True
)
def command(
    *,
    spec_path: str,
    net_name: str | None,
    settings: tuple[str, ...],
    batch: int,
    training: bool,
    math: Math,
    dtype: str,
    buffers: bool,
    format_name: str,
) -> None:
    """Show the algorithm of each layer, its register tile, what is fused to it, and the memory it all takes.

    Nothing is compiled or run. Layers without a kernel of the fast backend are `plain`. The memory is what
    the executable will allocate, to the byte; a training loop adds what its optimiser remembers.
    """
    from dataclasses import asdict

    from cnnspec import pipeline
    from cnnspec.backend.fast.simd.compiler import host
    from cnnspec.backend.fast.simd.target import Real
    from cnnspec.backend.footprint import fast_footprint
    from cnnspec.backend.schedule.inference import schedule_inference
    from cnnspec.backend.schedule.listing import entries, fullest, stretches
    from cnnspec.backend.schedule.machine import machine_for
    from cnnspec.backend.schedule.training import schedule_training
    from cnnspec.cli.net_options import open_net
    from cnnspec.cli.screen import out
    from cnnspec.diagnostics.styled import Style, line
    from cnnspec.report.document import document

    graph = open_net(spec_path, net_name, settings).graph
    plan = pipeline.plan(graph, batch=batch, training=training, dtype=dtype)
    machine = machine_for(host(), Real(dtype), 1, math)
    schedule = (schedule_training if training else schedule_inference)(plan, machine, batch)
    found, places = entries(schedule, machine), stretches(schedule, machine)
    memory = fast_footprint(plan, schedule)
    if format_name == "json":
        sizes = {f"{name}_bytes": size for name, size in asdict(memory).items()}
        record = {"net": graph.name, "total_bytes": memory.total, **sizes, "fullest": fullest(schedule)}
        lists = {"steps": list(map(asdict, found)), "buffers": list(map(asdict, places))}
        out().write(document("plan", record | lists))
        return
    screen = out()
    tables = [[_HEAD, *map(_row, found)], [_BUFFER_HEAD, *map(_buffer_row, places)]]
    for rows in tables[: 1 + buffers]:
        head, *lines = _columns(rows)
        screen.write([line((head, Style.HEADING)), *map(line, lines), line("")])
    screen.write([line(("memory", Style.HEADING)), *map(line, _columns(_memory_rows(memory)))])
    screen.write([line(f"the arena is fullest at {fullest(schedule)}")])


def _columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Rows of equally many cells as lines, each column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def _memory_rows(memory: Footprint) -> list[tuple[str, str]]:
    sizes = {
        "weights": memory.weights,
        "gradients": memory.gradients,
        "weights as kernels read them": memory.packed,
        "inputs and outputs": memory.ports,
        "arena": memory.arena,
        "all": memory.total,
    }
    return [(name, f"{size:>15,} bytes") for name, size in sizes.items() if size]


def _buffer_row(place: Stretch) -> tuple[str, ...]:
    stages = "" if place.first is None else f"{place.first} to {place.last}"
    return place.name, place.memory, f"{place.bytes:,}", f"{place.offset:,}", stages


def _row(entry: Entry) -> tuple[str, ...]:
    steps = "" if entry.steps == 1 else f"× {entry.steps}"
    packed = f"{entry.packed_bytes:,}" if entry.packed_bytes else ""
    return entry.when, entry.path, entry.algorithm, steps, entry.tile, entry.fused, packed
