"""`cnnspec diff`: what changed between two nets."""

from __future__ import annotations

import click

from cnnspec.cli.net_options import format_option


@click.command(
    short_help="Compare two nets layer by layer, and their totals.",
    epilog="""\b
Examples:
  cnnspec diff specs/resnet18.cnn specs/resnet34.cnn
  cnnspec diff old.cnn new.cnn --format markdown >> $GITHUB_STEP_SUMMARY
  cnnspec diff specs/vgg16.cnn specs/vgg19.cnn --symbolic
  cnnspec diff specs/vgg11.cnn specs/resnet18.cnn --crossover macs H""",
)
@click.argument("before", metavar="BEFORE")
@click.argument("after", metavar="AFTER")
@click.option(
    "--net", "nets", multiple=True, metavar="NAME", help="The net to take; twice for one of each file."
)
@click.option(
    "-s",
    "--set",
    "settings",
    multiple=True,
    metavar="NAME[=VALUE]",
    help="A value for a symbol, in both nets.",
)
@click.option("--symbolic", is_flag=True, help="Leave the symbols of the inputs free: changes are formulas.")
@format_option("text", "markdown", "json")
@click.option(
    "--crossover",
    nargs=2,
    metavar="QUANTITY NAME",
    help="Instead of the layers: the sizes at which a cost (macs, params, …) of one is below the other's.",
)
def command(
    *,
    before: str,
    after: str,
    nets: tuple[str, ...],
    settings: tuple[str, ...],
    symbolic: bool,
    format_name: str,
    crossover: tuple[str, str] | None,
) -> int:
    """Match the layers of two nets by the structure around them and show what was added, removed and changed.

    Names and line numbers do not matter. Exit code 0 where the nets are the same, 1 where they differ; always
    0 with --crossover, which solves for the sizes of one symbol instead.
    """
    from cnnspec import pipeline
    from cnnspec.analysis.difference import difference
    from cnnspec.cli.net_options import open_net
    from cnnspec.cli.outcome import Exit
    from cnnspec.cli.screen import out
    from cnnspec.report.diff import describe_difference, difference_record, markdown_difference
    from cnnspec.report.document import document

    if len(nets) > 2:
        raise click.UsageError("`--net` is given once for both files, or once for each")
    names = nets or (None,)
    if crossover is not None:
        if symbolic or format_name == "markdown":
            spare = "--symbolic" if symbolic else "--format markdown"
            raise click.UsageError(f"`{spare}` does not go with `--crossover`, which leaves one symbol free")
        return _crossover((before, after), (names[0], names[-1]), settings, crossover, format_name)
    first, second = (
        pipeline.analyse(open_net(path, name, settings, symbolic=symbolic).graph)
        for path, name in ((before, names[0]), (after, names[-1]))
    )
    found = difference(first, second)
    if format_name == "json":
        record = difference_record(first.graph.name, second.graph.name, found)
        out().write(document("diff", record))
    else:
        screen = out()
        is_markdown = format_name == "markdown"
        screen.write(markdown_difference(found) if is_markdown else describe_difference(found, screen.width))
    return Exit.CLEAN if found.is_empty else Exit.FINDINGS


def _crossover(
    paths: tuple[str, str],
    names: tuple[str | None, str | None],
    settings: tuple[str, ...],
    crossover: tuple[str, str],
    format_name: str,
) -> int:
    """Show where a cost of the first net is below that of the second. Raises UsageError."""
    from cnnspec import pipeline
    from cnnspec.analysis.crossover import cheaper_where
    from cnnspec.analysis.measures import COSTS
    from cnnspec.cli.net_options import no_cost, open_net
    from cnnspec.cli.outcome import Exit
    from cnnspec.cli.screen import out
    from cnnspec.dims import SizeLimitError
    from cnnspec.report.crossover import describe_runs, runs_record
    from cnnspec.report.document import document

    quantity, symbol = crossover
    if quantity not in COSTS:
        raise no_cost(quantity)
    if not symbol.isidentifier():
        raise click.UsageError(f"`{symbol[:40]}` is no symbol: write `--crossover {quantity} H`")
    nets = [
        pipeline.analyse(open_net(path, name, (*settings, symbol)).graph)
        for path, name in zip(paths, names, strict=True)
    ]
    others = {name for net in nets for name in net.graph.symbols if name != symbol}
    if others:
        raise click.UsageError(f"{' and '.join(sorted(others))} has no value: give it one with `-s`")
    try:
        runs = cheaper_where(nets[0], nets[1], quantity, symbol)
    except SizeLimitError as problem:
        raise click.UsageError(f"the crossover of `{quantity}` cannot be listed: {problem}") from problem
    asked = runs, quantity, symbol, [net.graph.name for net in nets]
    if format_name == "json":
        out().write(document("crossover", runs_record(*asked)))
    else:
        out().write(describe_runs(*asked))
    return Exit.CLEAN
