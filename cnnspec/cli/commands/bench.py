"""`cnnspec bench`: how fast a net runs here, beside other frameworks and the limits of the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cnnspec.cli.net_options import (
    batch_option,
    check_recompute,
    fast_math_option,
    format_option,
    net_options,
    recompute_option,
    threads_option,
    weights_option,
)
from cnnspec.cli.numbers import Real

if TYPE_CHECKING:
    from cnnspec.backend.schedule.machine import Math
    from cnnspec.bench.peers.preparing import Peer

LONGEST = 3600.0
"""Seconds that each implementation may be timed."""

_WITHOUT_PICTURE = "the table of --profile and JSON"


@click.command(
    short_help="Time a net, layer by layer and beside other frameworks.",
    epilog="""\b
Examples:
  cnnspec bench specs/resnet50.cnn --vs torch,openvino --threads 1
  cnnspec bench specs/mobilenet_v2.cnn --batch 8 --profile
  cnnspec bench specs/vgg16.cnn --training --vs all --png roof.png
  cnnspec bench specs/resnet50.cnn -s H=160 -s W=160

\b
Frameworks for --vs (pip install 'cnnspec[bench]' brings them all):
  torch, torch-channels-last, torch-compile, onnxruntime, openvino,
  or all of them""",
)
@net_options
@click.option(
    "--vs", "peers", metavar="NAME,…", default="", help="Other frameworks to time beside: see below."
)
@batch_option
@threads_option
@fast_math_option
@click.option("--training", is_flag=True, help="Time a training step: forward, backward, SGD with momentum.")
@recompute_option
@click.option(
    "--seconds",
    type=Real(above=True, below=LONGEST),
    default=1.0,
    show_default=True,
    help="How long each implementation is timed.",
)
@weights_option
@click.option("--profile", "profiled", is_flag=True, help="Also time every layer alone.")
@format_option("table", "json")
@click.option(
    "--png",
    metavar="FILE",
    help="Draw the layers below the roofline; needs matplotlib: pip install 'cnnspec[plot]'.",
)
def command(
    *,
    spec_path: str,
    net_name: str | None,
    settings: tuple[str, ...],
    peers: str,
    batch: int,
    threads: int | None,
    math: Math,
    training: bool,
    recompute: bool,
    seconds: float,
    weights: str | None,
    profiled: bool,
    format_name: str,
    png: str | None,
) -> int:
    """Time a net on random inputs: an inference, or a training step.

    The median, the least and the spread of many samples; images and FLOP a second; the share of this
    machine's peak, which is measured in the same run. Other frameworks get the same weights and inputs, each
    in a process of its own; all take turns. Ctrl-C shows what was measured until then.
    """
    from cnnspec import pipeline
    from cnnspec.bench.benching import measure
    from cnnspec.cli.net_options import open_net
    from cnnspec.cli.outcome import Exit
    from cnnspec.cli.pictures import check_drawing, drawing
    from cnnspec.cli.screen import out, waiting
    from cnnspec.report.bench import describe_bench
    from cnnspec.report.bench_json import bench_json
    from cnnspec.report.roofline import draw_roofline

    chosen, used = _peers(peers), _threads(threads)
    if png is not None:
        check_drawing(png, _WITHOUT_PICTURE)
    check_recompute(recompute=recompute, training=training)
    graph = open_net(spec_path, net_name, settings).graph
    plan = pipeline.plan(graph, batch=batch, training=training, recompute=recompute)
    executable = pipeline.compile(plan, threads=used, math=math)
    if weights:
        executable.load(weights)
    with waiting(f"timing {graph.name}") as say:
        bench = measure(
            executable,
            pipeline.analyse(graph),
            chosen,
            math=math,
            seconds=seconds,
            profiled=profiled or png is not None,
            say=say,
        )
    screen = out()
    screen.write(
        bench_json(bench, spec_path) if format_name == "json" else describe_bench(bench, screen.width)
    )
    if png is not None and bench.profile:
        with drawing(png, _WITHOUT_PICTURE):
            draw_roofline(bench, png)
    return Exit.INTERRUPTED if bench.interrupted else Exit.CLEAN


def _peers(text: str) -> list[Peer]:
    """The peers of `torch,onnxruntime` or `all`, each once. Raises UsageError."""
    from cnnspec.bench.peers.preparing import PEERS
    from cnnspec.cli.outcome import usage
    from cnnspec.diagnostics import DiagnosticError
    from cnnspec.diagnostics.legible import clip, legible
    from cnnspec.diagnostics.suggest import nearest

    wanted = [name.strip() for name in text.split(",") if name.strip()]
    if wanted == ["all"]:
        return list(PEERS.values())
    for name in wanted:
        if name not in PEERS:
            close = nearest(name, [*PEERS, "all"])
            advice = f"did you mean `{close}`?" if close else f"these are known: {', '.join(PEERS)}, or all"
            raise DiagnosticError(
                usage(f"`--vs`: no framework is called `{clip(legible(name), 40)}`", advice)
            )
    return [PEERS[name] for name in dict.fromkeys(wanted)]


def _threads(wanted: int | None) -> int:
    """How many threads; at most as many as there are processors. Raises UsageError."""
    from cnnspec.backend.executable import processors

    most = processors()
    if wanted is not None and wanted > most:
        has = "1 processor" if most == 1 else f"{most:,} processors"
        raise click.UsageError(f"`--threads {wanted}`: this process may use {has}")
    return wanted or most
