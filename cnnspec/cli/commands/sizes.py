"""`cnnspec sizes`: for which input sizes is the net legal."""

from __future__ import annotations

import click

from cnnspec.cli.net_options import format_option, net_options


@click.command(
    short_help="Find every legal input size and what bounds it.",
    epilog="""\b
Examples:
  cnnspec sizes specs/unet.cnn
  cnnspec sizes specs/unet.cnn --at H=300 --at W=400
  cnnspec sizes specs/alexnet.cnn --keep-weights""",
)
@net_options
@click.option(
    "--at",
    "at",
    multiple=True,
    metavar="NAME=SIZE",
    help="Say whether a size is legal, and if not the nearest.",
)
@click.option(
    "--keep-weights",
    is_flag=True,
    help="Only sizes that the weights made for the default sizes fit (linear layers behind a flatten).",
)
@format_option("text", "json")
def command(
    *,
    spec_path: str,
    net_name: str | None,
    settings: tuple[str, ...],
    at: tuple[str, ...],
    keep_weights: bool,
    format_name: str,
) -> int:
    """Find the exact set of legal sizes of a net's free symbols under its `where` clauses.

    Each bound is shown with the layer that sets it. The set is decided by algebra, not by trial. Exit code 1
    where a size asked for with --at is not legal, or where no size is.
    """
    from cnnspec.analysis.legal_sizes import legal_sizes, weights_kept
    from cnnspec.analysis.waste import sizes_without_waste
    from cnnspec.cli.net_options import open_net
    from cnnspec.cli.outcome import Exit
    from cnnspec.cli.screen import out
    from cnnspec.diagnostics.styled import Style, line
    from cnnspec.report.document import document
    from cnnspec.report.sizes import broken_conditions, describe_sizes, repair, sizes_record

    graph = open_net(spec_path, net_name, settings, symbolic=True).graph
    asked = _sizes(at, graph.symbols)
    defaults = {name: size for name, size in graph.symbols.items() if size is not None}
    kept = weights_kept(graph, defaults) if keep_weights else []
    found = legal_sizes(graph, [*graph.conditions, *kept])
    broken = broken_conditions(found, asked)
    illegal = bool(broken) or any(size not in found.by_symbol[name] for name, size in asked.items())
    screen = out()
    if format_name == "json":
        legal = {"legal": not illegal} if asked else {}
        screen.write(document("sizes", {"net": graph.name, **sizes_record(found), **legal}))
    elif not graph.symbols:
        screen.write([line(f"{graph.name} has no free symbol: its input has one size")])
    else:
        screen.write([line((graph.name, Style.HEADING))])
        screen.write(describe_sizes(graph, found, sizes_without_waste(graph), screen.width))
        screen.write(repair(name, size, found.by_symbol[name]) for name, size in asked.items())
        screen.write(broken)
    return Exit.FINDINGS if found.is_empty or illegal else Exit.CLEAN


def _sizes(at: tuple[str, ...], symbols: dict[str, int | None]) -> dict[str, int]:
    """Read `--at` options. Raises UsageError."""
    from cnnspec.cli.net_options import parse_settings

    sizes: dict[str, int] = {}
    for name, value in parse_settings(at, "--at").items():
        if name not in symbols:
            free = ", ".join(symbols) or "none"
            raise click.UsageError(f"`--at {name}`: the free symbols are {free}")
        if not isinstance(value, int) or value < 1:
            raise click.UsageError(f"`--at {name}=…`: a size is a whole number, at least 1")
        sizes[name] = value
    return sizes
