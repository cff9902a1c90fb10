"""`cnnspec diff`: what changed between two nets."""

from __future__ import annotations

import click


@click.command(
    short_help="Compare two nets layer by layer, and their totals.",
    epilog="""\b
Examples:
  cnnspec diff specs/resnet18.cnn specs/resnet34.cnn
  cnnspec diff old.cnn new.cnn --format markdown >> $GITHUB_STEP_SUMMARY
  cnnspec diff specs/vgg16.cnn specs/vgg19.cnn --symbolic""",
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
@click.option(
    "--format", "format_name", type=click.Choice(["text", "markdown"]), default="text", show_default=True
)
def command(
    *,
    before: str,
    after: str,
    nets: tuple[str, ...],
    settings: tuple[str, ...],
    symbolic: bool,
    format_name: str,
) -> int:
    """Match the layers of two nets by the structure around them and show what was added, removed and changed.

    Names and line numbers do not matter. Exit code 0 where the nets are the same, 1 where they differ.
    """
    from cnnspec import pipeline
    from cnnspec.analysis.difference import difference
    from cnnspec.cli.net_options import open_net
    from cnnspec.cli.outcome import Exit
    from cnnspec.cli.screen import out
    from cnnspec.report.diff import describe_difference, markdown_difference

    if len(nets) > 2:
        raise click.UsageError("`--net` is given once for both files, or once for each")
    names = nets or (None,)
    first, second = (
        pipeline.analyse(open_net(path, name, settings, symbolic=symbolic).graph)
        for path, name in ((before, names[0]), (after, names[-1]))
    )
    found = difference(first, second)
    describe = markdown_difference if format_name == "markdown" else describe_difference
    out().write(describe(found))
    return Exit.CLEAN if found.is_empty else Exit.FINDINGS
