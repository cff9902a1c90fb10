"""`cnnspec show`: what are the net's numbers."""

from __future__ import annotations

import click

from cnnspec.cli.net_options import net_options

FORMATS = ("table", "json", "csv", "markdown")


@click.command(
    short_help="Show the numbers of every layer, and the totals.",
    epilog="""\b
Examples:
  cnnspec show specs/lenet5.cnn
  cnnspec show specs/resnet50.cnn -s H=256 -s W=256 --depth 1
  cnnspec show specs/vgg16.cnn --symbolic
  cnnspec show specs/mobilenet_v2.cnn -s classes
  cnnspec show specs/googlenet.cnn --format json""",
)
@net_options
@click.option(
    "--format",
    "format_name",
    type=click.Choice(FORMATS),
    default="table",
    show_default=True,
    help="json and csv have every fact of every layer; markdown is the table for a page.",
)
@click.option(
    "--symbolic", is_flag=True, help="Leave the symbols of the input free, whatever their defaults."
)
@click.option(
    "--depth",
    type=click.IntRange(min=0),
    metavar="N",
    help="Open blocks only N levels deep in a table; deeper ones are one row each.",
)
def command(
    *,
    spec_path: str,
    net_name: str | None,
    settings: tuple[str, ...],
    format_name: str,
    symbolic: bool,
    depth: int | None,
) -> None:
    """Show every layer of a net: its shape, parameters, MACs and receptive field, and the totals.

    SPEC is a spec file, or - for the standard input. Shapes leave the batch out. `field` is the receptive
    field in pixels of the input, `stride` how far it moves from one unit to the next. Repeats are folded into
    one row, marked × 3, whose numbers are those of one repeat.
    """
    from cnnspec import pipeline
    from cnnspec.cli.net_options import open_net
    from cnnspec.cli.screen import out
    from cnnspec.report.view import View, renderer

    graph = open_net(spec_path, net_name, settings, symbolic=symbolic).graph
    screen = out()
    view = View(pipeline.analyse(graph), spec_path, depth)
    screen.write(renderer(format_name)(view, screen.width))
