"""`cnnspec plot`: how a cost goes with the size of the input."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from cnnspec.cli.net_options import format_option, net_options

if TYPE_CHECKING:
    from cnnspec.analysis.curve import Curve

MOST_SIZES = 100_000
_RANGE = re.compile(r"((?:\w+=)+)(\d{1,9})\.\.(\d{1,9})(?:\.\.(\d{1,9}))?")


@click.command(
    short_help="Plot a cost over a range of sizes.",
    epilog="""\b
Examples:
  cnnspec plot specs/vgg16.cnn macs H=32..512
  cnnspec plot specs/resnet50.cnn macs H=W=32..512..32 --format csv
  cnnspec plot specs/unet.cnn activations.bytes H=W=16..512 --png u.png""",
)
@net_options
@click.argument("quantity", metavar="QUANTITY")
@click.argument("along", metavar="NAME=FROM..TO[..STEP]")
@format_option("text", "csv", "json")
@click.option("--png", metavar="FILE", help="Write a picture; needs matplotlib: pip install 'cnnspec[plot]'.")
def command(
    *,
    spec_path: str,
    net_name: str | None,
    settings: tuple[str, ...],
    quantity: str,
    along: str,
    format_name: str,
    png: str | None,
) -> None:
    """Plot a cost of a net over a range of sizes, computed from its closed form.

    QUANTITY is a cost as `expect` names it: params, macs, flops, activations.bytes. Sizes that are not legal
    are left out. `H=W=32..512` moves two symbols together; others keep their defaults or what -s says.
    """
    from cnnspec import pipeline
    from cnnspec.analysis.curve import curve_of
    from cnnspec.analysis.measures import COSTS
    from cnnspec.cli.net_options import no_cost, open_net
    from cnnspec.cli.screen import out
    from cnnspec.dims import SizeLimitError
    from cnnspec.report.document import document
    from cnnspec.report.plot import curve_csv, curve_record, describe_curve

    if quantity not in COSTS:
        raise no_cost(quantity)
    symbols, sizes = _range(along)
    graph = open_net(spec_path, net_name, (*settings, *symbols)).graph
    others = [name for name in graph.symbols if name not in symbols]
    if others:
        raise click.UsageError(f"{' and '.join(others)} has no value: give it one with `-s {others[0]}=…`")
    try:
        curve = curve_of(pipeline.analyse(graph), quantity, symbols, sizes)
    except SizeLimitError as problem:
        raise click.UsageError(f"`{quantity}` of this net has no short formula: {problem}") from problem
    screen = out()
    if png is not None:
        _draw(png, curve, graph.name)
    elif format_name == "json":
        screen.write(document("plot", curve_record(curve, graph.name)))
    else:
        shown = curve_csv(curve) if format_name == "csv" else describe_curve(curve, graph.name, screen.width)
        screen.write(shown)


def _range(along: str) -> tuple[tuple[str, ...], range]:
    """The symbols and sizes of `H=W=32..512..32`. Raises UsageError."""
    found = _RANGE.fullmatch(along)
    if found is None:
        raise click.UsageError(f"`{along[:40]}`: write a range such as H=32..512, or H=W=32..512..32")
    names = tuple(dict.fromkeys(found[1].rstrip("=").split("=")))
    low, high, step = int(found[2]), int(found[3]), int(found[4] or 1)
    if low < 1 or high < low or step < 1:
        raise click.UsageError(f"`{along[:40]}`: sizes rise from at least 1, by at least 1")
    sizes = range(low, high + 1, step)
    if len(sizes) > MOST_SIZES:
        raise click.UsageError(
            f"{len(sizes):,} sizes are more than the limit of {MOST_SIZES:,}: state a step"
        )
    return names, sizes


def _draw(path: str, curve: Curve, net: str) -> None:
    from cnnspec.cli.pictures import drawing
    from cnnspec.report.plot import draw_curve

    with drawing(path, "text, CSV and JSON"):
        draw_curve(curve, net, path)
