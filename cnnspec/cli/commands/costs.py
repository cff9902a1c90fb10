"""`cnnspec costs`: what a net costs to train and to run, and in how much memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cnnspec.cli.net_options import format_option, net_options

if TYPE_CHECKING:
    from cnnspec.analysis.roofline import Device
    from cnnspec.dims import Dim

LONGEST_BATCH = 18
"""Digits of a number of samples."""


@click.command(
    short_help="Show training compute, memory, padding, traffic and a roofline.",
    epilog="""\b
Examples:
  cnnspec costs specs/resnet50.cnn --batch 32 --optimiser adam
  cnnspec costs specs/vgg16.cnn --bits 8 --device "peak=4TF bw=50GB/s"
  cnnspec costs specs/vgg16.cnn --symbolic --batch N""",
)
@net_options
@click.option(
    "--batch",
    default="1",
    show_default=True,
    metavar="N",
    help="Samples that run together; a name such as N leaves the number free.",
)
@click.option(
    "--bits",
    type=click.Choice(["8", "16", "32", "64"]),
    default="32",
    show_default=True,
    help="The width of every number.",
)
@click.option(
    "--optimiser",
    "--optimizer",
    "optimizer",
    type=click.Choice(["sgd", "momentum", "adam"]),
    default="momentum",
    show_default=True,
    help="It keeps 0, 1 or 2 numbers for every trained parameter.",
)
@click.option("--device", metavar="LINE", help='Operations and bytes a second: "peak=4TF bw=50GB/s".')
@click.option("--symbolic", is_flag=True, help="Leave the symbols of the input free: costs are formulas.")
@format_option("table", "json")
def command(
    *,
    spec_path: str,
    net_name: str | None,
    settings: tuple[str, ...],
    batch: str,
    bits: str,
    optimizer: str,
    device: str | None,
    symbolic: bool,
    format_name: str,
) -> None:
    """Show what every layer costs to run and to train, and the memory of both.

    SPEC is a spec file, or - for the standard input. MACs are of one sample; bytes moved, times and memory of
    the whole batch. A layer is bound by memory where it computes less for each byte than the device can.
    """
    from cnnspec import pipeline
    from cnnspec.analysis.costs import Setting, costs
    from cnnspec.analysis.memory import Optimiser
    from cnnspec.cli.net_options import open_net
    from cnnspec.cli.screen import out, waiting
    from cnnspec.report.costs import costs_json, describe_costs

    setting = Setting(_batch(batch), int(bits), Optimiser(optimizer), _device(device) if device else None)
    graph = open_net(spec_path, net_name, settings, symbolic=symbolic).graph
    with waiting(f"counting what {graph.name} costs"):
        found = costs(pipeline.analyse(graph), setting)
    screen = out()
    screen.write(costs_json(found) if format_name == "json" else describe_costs(found, screen.width))


def _batch(text: str) -> Dim:
    from cnnspec.dims import symbol

    if text.isidentifier():
        return symbol(text)
    if not text.isdecimal() or not int(text[:LONGEST_BATCH]) >= 1 or len(text) > LONGEST_BATCH:
        raise click.UsageError("`--batch` takes a number from 1 on, or a name")
    return int(text)


def _device(text: str) -> Device:
    from cnnspec.analysis.roofline import DeviceError, parse_device

    try:
        return parse_device(text)
    except DeviceError as problem:
        raise click.UsageError(f"`--device`: {problem}") from problem
