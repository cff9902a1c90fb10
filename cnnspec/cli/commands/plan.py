"""`cnnspec plan`: how a net would run on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cnnspec.cli.net_options import (
    batch_option,
    check_recompute,
    dtype_option,
    fast_math_option,
    format_option,
    net_options,
    recompute_option,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cnnspec.backend.footprint import Footprint
    from cnnspec.backend.schedule.listing import Entry, Stretch
    from cnnspec.backend.schedule.machine import Math
    from cnnspec.diagnostics.styled import Line
    from cnnspec.report.layout import Concession

_HEAD = ("pass", "layer", "algorithm", "steps", "tile", "fused", "weight bytes")
_BUFFER_HEAD = ("buffer", "memory", "bytes", "at", "stages")
_NAMES = frozenset({"layer", "buffer"})
_NUMBERS = frozenset({"steps", "weight bytes", "bytes", "at"})


@click.command(
    short_help="Show how a net would run here, step by step.",
    epilog="""\b
Examples:
  cnnspec plan specs/resnet50.cnn --batch 8
  cnnspec plan specs/vgg16.cnn --training --math exact --format json""",
)
@net_options
@batch_option
@click.option("--training", is_flag=True, help="A training step: forward and backward.")
@recompute_option
@fast_math_option
@dtype_option
@click.option("--buffers", is_flag=True, help="List every buffer: its bytes, its place, and for how long.")
@format_option("text", "json")
def command(
    *,
    spec_path: str,
    net_name: str | None,
    settings: tuple[str, ...],
    batch: int,
    training: bool,
    recompute: bool,
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
    from cnnspec.report.render_table import title

    check_recompute(recompute=recompute, training=training)
    graph = open_net(spec_path, net_name, settings).graph
    plan = pipeline.plan(graph, batch=batch, training=training, dtype=dtype, recompute=recompute)
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
    screen.write(title(pipeline.analyse(graph), screen.width))
    tables = [(_HEAD, map(_row, found)), (_BUFFER_HEAD, map(_buffer_row, places))]
    for head, rows in tables[: 1 + buffers]:
        screen.write([(), *_table(head, rows, screen.width)])
    screen.write([(), *_memory_lines(memory)])
    screen.write([line((f"the arena is fullest at {fullest(schedule)}", Style.QUIET))])


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]], width: int | None) -> Iterator[Line]:
    """Rows of equally many cells below their titles; layers and algorithms give way where it is narrow."""
    from cnnspec.diagnostics.legible import legible
    from cnnspec.diagnostics.styled import Piece, Style
    from cnnspec.report.layout import Column, body, fit, header, left_out, narrowed, rule

    columns = {
        name: Column(
            name,
            [Piece(legible(cell), Style.STRONG if name in _NAMES else Style.PLAIN) for cell in cells],
            name in _NUMBERS,
        )
        for name, cells in zip(head, zip(*rows, strict=True), strict=True)
    }
    concessions: list[Concession] = [
        ("algorithm", narrowed(16)),
        ("layer", narrowed(20)),
        ("weight bytes", left_out),
    ]
    fitted = fit(columns, width, concessions)
    yield header(fitted)
    yield rule(fitted)
    yield from body(fitted)


def _memory_lines(memory: Footprint) -> Iterator[Line]:
    """The parts of the memory in bytes, and their sum."""
    from cnnspec.diagnostics.styled import Style, line

    rows = _memory_rows(memory)
    names = max(len(name) for name, _ in rows)
    for name, size in rows:
        yield line(f"{name:<{names}}", (f"{size:>15,} B", Style.STRONG))


def _memory_rows(memory: Footprint) -> list[tuple[str, int]]:
    sizes = {
        "weights": memory.weights,
        "gradients": memory.gradients,
        "weights as kernels read them": memory.packed,
        "inputs and outputs": memory.ports,
        "arena": memory.arena,
        "memory in all": memory.total,
    }
    return [(name, size) for name, size in sizes.items() if size]


def _buffer_row(place: Stretch) -> tuple[str, ...]:
    stages = "" if place.first is None else f"{place.first} to {place.last}"
    return place.name, place.memory, f"{place.bytes:,}", f"{place.offset:,}", stages


def _row(entry: Entry) -> tuple[str, ...]:
    steps = "" if entry.steps == 1 else f"× {entry.steps}"
    packed = f"{entry.packed_bytes:,}" if entry.packed_bytes else ""
    return entry.when, entry.path, entry.algorithm, steps, entry.tile, entry.fused, packed
