"""`cnnspec sensitivity`: what one more of each symbol and parameter costs."""

from __future__ import annotations

import click

from cnnspec.cli.net_options import format_option, net_options


@click.command(
    short_help="Show what one more of each symbol and parameter costs.",
    epilog="""\b
Examples:
  cnnspec sensitivity specs/resnet50.cnn
  cnnspec sensitivity specs/densenet121.cnn -s growth=24""",
)
@net_options
@format_option("text", "json")
def command(*, spec_path: str, net_name: str | None, settings: tuple[str, ...], format_name: str) -> None:
    """Show by how much each cost grows where a symbol or parameter of the net becomes one greater.

    The differences are exact: the net is expanded anew. `elasticity` is by how many per cent a cost grows
    where the value grows by one: 1 is linear, 2 quadratic. Where one more is no legal size the next legal one
    is taken.
    """
    from cnnspec import pipeline
    from cnnspec.analysis.sensitivity import sensitivities
    from cnnspec.cli.net_options import open_net
    from cnnspec.cli.screen import out, waiting
    from cnnspec.report.document import document
    from cnnspec.report.sensitivity import describe_sensitivities, sensitivity_record

    opened = open_net(spec_path, net_name, settings)
    if opened.graph.symbols:
        first = next(iter(opened.graph.symbols))
        raise click.UsageError(f"`{first}` has no value to be changed: give it one with `-s {first}=…`")
    analysis = pipeline.analyse(opened.graph)
    with waiting(f"changing {opened.graph.name}"):
        found = list(sensitivities(opened.spec, analysis, opened.bindings))
    screen = out()
    if format_name == "json":
        screen.write(document("sensitivity", sensitivity_record(opened.graph.name, found)))
    else:
        screen.write(describe_sensitivities(opened.graph.name, found, screen.width))
