"""`cnnspec show`: what are the net's numbers."""

from __future__ import annotations

import click

from cnnspec.cli.net_options import net_options
from cnnspec.cli.show_views import Asked, other_view, view_options

FORMATS = ("table", "json", "csv", "markdown", "latex")


@click.command(
    short_help="Show the numbers of every layer, and the totals.",
    epilog="""\b
Examples:
  cnnspec show specs/lenet5.cnn
  cnnspec show specs/resnet50.cnn -s H=256 -s W=256 --depth 1
  cnnspec show specs/vgg16.cnn --symbolic
  cnnspec show specs/mobilenet_v2.cnn -s classes
  cnnspec show specs/googlenet.cnn --format json
  cnnspec show specs/alexnet.cnn --layer conv3 --unit 6,6
  cnnspec show specs/lenet5.cnn --dense
  cnnspec show specs/lenet5.cnn --layer conv1 --matrix
  cnnspec show specs/resnet18.cnn --flops-as thop""",
)
@net_options
@click.option(
    "--format",
    "format_name",
    type=click.Choice(FORMATS),
    default="table",
    show_default=True,
    help="json and csv have every fact of every layer; markdown and latex are the table for a page.",
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
@view_options
def command(
    *,
    spec_path: str,
    net_name: str | None,
    settings: tuple[str, ...],
    format_name: str,
    symbolic: bool,
    depth: int | None,
    flops_as: str | None,
    dense: bool,
    layer: str | None,
    matrix: bool,
    unit: str | None,
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
    screen, analysis = out(), pipeline.analyse(graph)
    lines = other_view(Asked(flops_as, dense, matrix, layer, unit), analysis, format_name, screen.width)
    if lines is None:
        lines = renderer(format_name)(View(analysis, spec_path, depth), screen.width)
    screen.write(lines)
