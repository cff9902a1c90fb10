"""`cnnspec explain`: why the numbers of a layer are what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cnnspec.cli.completing import layer_paths
from cnnspec.cli.net_options import format_option, net_options, no_layer

if TYPE_CHECKING:
    from cnnspec.analysis.facts import Analysis, LayerFacts


@click.command(
    short_help="Derive the numbers of one layer.",
    epilog="""\b
Examples:
  cnnspec explain specs/alexnet_lecture.cnn conv1
  cnnspec explain specs/resnet50.cnn bottleneck2
  cnnspec explain specs/resnet50.cnn '*.conv1' -s H=256""",
)
@net_options
@click.argument("layer", metavar="LAYER", shell_complete=layer_paths)
@click.option(
    "--symbolic", is_flag=True, help="Leave the symbols of the input free, whatever their defaults."
)
@format_option("text", "json")
def command(
    *,
    spec_path: str,
    net_name: str | None,
    settings: tuple[str, ...],
    layer: str,
    symbolic: bool,
    format_name: str,
) -> None:
    """Derive the shape, parameters, costs and receptive field of a layer, the numbers put in.

    LAYER is a path as `cnnspec show` prints it, a block (all its layers), or a pattern with * and ?.
    """
    from cnnspec import pipeline
    from cnnspec.cli.net_options import open_net
    from cnnspec.cli.screen import out
    from cnnspec.report.document import document
    from cnnspec.report.explain import explain, explained_record

    analysis = pipeline.analyse(open_net(spec_path, net_name, settings, symbolic=symbolic).graph)
    screen = out()
    chosen = _chosen(analysis, layer)
    if format_name == "json":
        layers = [explained_record(analysis, facts) for facts in chosen]
        screen.write(document("explain", {"net": analysis.graph.name, "layers": layers}))
        return
    for number, facts in enumerate(chosen):
        if number:
            screen.write([()])
        screen.write(explain(analysis, facts, screen.width))


def _chosen(analysis: Analysis, wanted: str) -> list[LayerFacts]:
    """The layers that a path, a block or a pattern names. Raises DiagnosticError where there is none."""
    from fnmatch import fnmatchcase

    labelled = analysis.graph.labels.get(wanted)
    exact = analysis.by_path.get(labelled.node if labelled else wanted)
    if exact:
        return [exact]
    found = [
        facts
        for facts in analysis.layers
        if facts.path.startswith(f"{wanted}.") or fnmatchcase(facts.path, wanted)
    ]
    if not found:
        raise no_layer(wanted, analysis)
    return found
