"""`cnnspec verify`: hold the analysis of a net to account by running it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cnnspec.cli.net_options import net_options, threads_option
from cnnspec.cli.numbers import Real

if TYPE_CHECKING:
    from cnnspec.backend.compilation import Compilation
    from cnnspec.backend.executable import Precision


@click.command(
    short_help="Prove the numbers of a net by running it.",
    epilog="""\b
Examples:
  cnnspec verify specs/lenet5.cnn
  cnnspec verify specs/resnet50.cnn -s H=64 -s W=64 --seconds 120
  cnnspec verify specs/unet.cnn --all
  cnnspec verify specs/lenet5.cnn --format json

\b
Exit codes: 0 every claim that was checked holds, 1 one does not,
2 the net cannot be run.""",
)
@net_options
@click.option(
    "--batch", type=click.IntRange(min=1), metavar="N", default=3, show_default=True, help="Samples to run."
)
@click.option(
    "--seconds",
    type=Real(above=True),
    default=30.0,
    show_default=True,
    help="Time for gradients, and again for receptive fields; larger nets are checked in part.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    metavar="N",
    default=0,
    show_default=True,
    help="Of all random numbers.",
)
@threads_option
@click.option(
    "--math",
    type=click.Choice(("exact", "fast", "plain")),
    default="exact",
    show_default=True,
    help="The kernels whose gradients are checked; the others are also held against the plain ones.",
)
@click.option("--all", "everything", is_flag=True, help="List every claim, not only those that do not hold.")
@click.option(
    "--format",
    "format_name",
    type=click.Choice(("text", "json")),
    default="text",
    show_default=True,
    help="json has every claim.",
)
def command(
    *,
    spec_path: str,
    net_name: str | None,
    settings: tuple[str, ...],
    batch: int,
    seconds: float,
    seed: int,
    threads: int | None,
    math: Precision,
    everything: bool,
    format_name: str,
) -> int:
    """Run a net forward and backward and compare what is measured with what its analysis claims.

    Checked are every shape, the parameters allocated, the MACs counted, gradients against finite differences
    (in float64), receptive fields as the support of a gradient, and memory.
    """
    from cnnspec import pipeline
    from cnnspec.backend.compilation import watching
    from cnnspec.backend.verify import Effort, smaller_inputs, verify
    from cnnspec.cli.net_options import open_net
    from cnnspec.cli.outcome import Exit
    from cnnspec.cli.screen import out, waiting
    from cnnspec.report.certificate import certificate_lines, certificate_record
    from cnnspec.report.document import document

    opened = open_net(spec_path, net_name, settings)
    analysis = pipeline.analyse(opened.graph)
    smaller = smaller_inputs(opened.spec, net_name, opened.bindings)
    running = f"running {opened.graph.name}"
    with waiting(running) as say, watching(lambda state: say(_progress(running, state))):
        certificate = verify(analysis, Effort(batch, seed, seconds, threads, math), smaller)
    screen = out()
    if format_name == "json":
        screen.write(document("verify", certificate_record(certificate)))
    else:
        screen.write(certificate_lines(certificate, screen.width, everything=everything))
    return Exit.CLEAN if certificate.holds else Exit.FINDINGS


def _progress(running: str, state: Compilation) -> str:
    if state.done == state.total:
        return running
    return f"{running}: compiling, {state.done} of {state.total} kernels"
