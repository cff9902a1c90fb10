"""`cnnspec plan`: how a net would run on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cnnspec.cli.net_options import net_options

if TYPE_CHECKING:
    from cnnspec.backend.schedule.listing import Entry
    from cnnspec.backend.schedule.machine import Math

_HEAD = ("pass", "layer", "algorithm", "steps", "tile", "fused", "packed")


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
    format_name: str,
) -> None:
    """Show the algorithm of each layer, its register tile, what is fused to it, and the memory it all takes.

    Nothing is compiled or run. Layers without a kernel of the fast backend are `plain`.
    """
    from dataclasses import asdict

    from cnnspec import pipeline
    from cnnspec.backend.fast.simd.compiler import host
    from cnnspec.backend.fast.simd.target import Real
    from cnnspec.backend.schedule.inference import schedule_inference
    from cnnspec.backend.schedule.listing import entries
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
    found = entries(schedule, machine)
    if format_name == "json":
        steps = [asdict(entry) for entry in found]
        sizes = {"arena_bytes": schedule.arena, "packed_bytes": schedule.packed}
        out().write(document("plan", {"net": graph.name, **sizes, "steps": steps}))
        return
    rows = [_HEAD, *(_row(entry) for entry in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    screen = out()
    screen.write([line((lines[0], Style.HEADING)), *(line(text) for text in lines[1:])])
    screen.write([line(f"activations {schedule.arena:,} bytes, packed weights {schedule.packed:,} bytes")])


def _row(entry: Entry) -> tuple[str, ...]:
    steps = "" if entry.steps == 1 else f"× {entry.steps}"
    packed = f"{entry.packed_bytes:,}" if entry.packed_bytes else ""
    return entry.when, entry.path, entry.algorithm, steps, entry.tile, entry.fused, packed
