"""The other tables of `show`: as another tool counts, beside fully connected layers, one layer's matrix."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from cnnspec.analysis.facts import Analysis, LayerFacts
    from cnnspec.diagnostics.styled import Line

Command = TypeVar("Command", bound=Callable[..., object])

TOOLS = ("fvcore", "ptflops", "thop", "torchinfo", "calflops", "onnx-tool")
MOST_ENTRIES = 5_000_000
"""The most entries of a matrix that are drawn."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which other table was asked for; at most one is."""

    flops_as: str | None
    dense: bool
    matrix: bool
    layer: str | None
    unit: str | None


def view_options(command: Command) -> Command:
    """The options that ask for another table than that of the layers."""
    command = click.option(
        "--matrix", is_flag=True, help="Draw the sparse matrix that the convolution of `--layer` is."
    )(command)
    command = click.option(
        "--unit", metavar="Y,X", help="The unit of `--layer` to look at; by default the one in the middle."
    )(command)
    command = click.option(
        "--layer",
        "layer",
        metavar="PATH",
        help="Show exactly what a unit of this layer sees of the input; with --matrix, the layer drawn.",
    )(command)
    command = click.option(
        "--dense", is_flag=True, help="Compare convolutions with the fully connected layers they replace."
    )(command)
    return click.option(
        "--flops-as",
        "flops_as",
        type=click.Choice(TOOLS),
        help="Count as another tool does, and say why it differs.",
    )(command)


def other_view(
    asked: Asked, analysis: Analysis, format_name: str, width: int | None
) -> Iterator[Line] | None:
    """The lines of the table that was asked for; None for the usual one. Raises UsageError."""
    chosen = [
        name
        for name, given in (("flops-as", asked.flops_as), ("dense", asked.dense), ("matrix", asked.matrix))
        if given
    ]
    if asked.layer is not None and not asked.matrix:
        chosen.append("layer")
    if asked.unit is not None and "layer" not in chosen:
        raise click.UsageError("`--unit` needs `--layer`, the layer that it is a unit of")
    if not chosen:
        return None
    if len(chosen) > 1:
        raise click.UsageError(f"`--{chosen[0]}` and `--{chosen[1]}` are two tables: ask for one")
    formats = ("table",) if asked.layer or asked.matrix else ("table", "json")
    if format_name not in formats:
        raise click.UsageError(f"`--{chosen[0]}` has the format {' and '.join(formats)}, not {format_name}")
    return _lines(asked, analysis, format_name == "json", width)


def _lines(asked: Asked, analysis: Analysis, as_json: bool, width: int | None) -> Iterator[Line]:
    from cnnspec.cli.unit_view import unit_view
    from cnnspec.report import dense

    if asked.layer is not None and not asked.matrix:
        return unit_view(analysis, asked.layer, asked.unit)
    if asked.flops_as:
        return _as_counted(asked.flops_as, analysis, as_json, width)
    if asked.dense:
        return dense.dense_json(analysis) if as_json else dense.describe_dense(analysis, width)
    return dense.describe_matrix(_convolution(asked.layer, analysis))


def _as_counted(tool: str, analysis: Analysis, as_json: bool, width: int | None) -> Iterator[Line]:
    from cnnspec.analysis.conventions import CONVENTIONS, compare
    from cnnspec.report.conventions import comparison_json, describe_comparison

    name, comparison = analysis.graph.name, compare(analysis, CONVENTIONS[tool])
    return comparison_json(name, comparison) if as_json else describe_comparison(name, comparison, width)


def _convolution(path: str | None, analysis: Analysis) -> LayerFacts:
    """The layer whose matrix is drawn: by default the net's only convolution. Raises UsageError."""
    from cnnspec.analysis.dense import dense_equivalents
    from cnnspec.diagnostics.legible import clip, legible
    from cnnspec.diagnostics.suggest import nearest

    rows = {row.facts.path: row for row in dense_equivalents(analysis)}
    if path is None and len(rows) == 1:
        path = next(iter(rows))
    if path is None:
        raise click.UsageError("`--matrix` draws one layer: name it with `--layer`")
    if path not in rows:
        what = "is no convolution" if path in analysis.by_path else "is no layer of this net"
        near = nearest(path, rows)
        hint = f"; did you mean `{near}`?" if near else ""
        raise click.UsageError(f"`{legible(clip(path, 60))}` {what}{hint}")
    nonzero = rows[path].nonzero
    if not isinstance(nonzero, int) or not isinstance(rows[path].connections, int):
        raise click.UsageError(f"the matrix of `{legible(path)}` has no size while symbols are free")
    if nonzero > MOST_ENTRIES:
        raise click.UsageError(
            f"the matrix of `{legible(path)}` has {nonzero:,} entries that are not zero; "
            f"at most {MOST_ENTRIES:,} are drawn"
        )
    return rows[path].facts
