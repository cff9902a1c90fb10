"""`cnnspec train`: learn the weights of a net from data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cnnspec.cli.net_options import (
    check_recompute,
    format_option,
    machine_options,
    net_options,
    recompute_option,
)
from cnnspec.cli.numbers import Real

if TYPE_CHECKING:
    from cnnspec.backend.executable import Precision
    from cnnspec.backend.training.loop import StoppedError
    from cnnspec.backend.training.optimisers import Optimiser
    from cnnspec.backend.training.schedules import Schedule

_RATES = {"sgd": 0.05, "adam": 0.001}


@click.command(
    short_help="Train a net on labelled images.",
    epilog="""\b
Examples:
  cnnspec train specs/lenet5.cnn --data digits
  cnnspec train specs/lenet5.cnn --data mnist:FOLDER --save w.safetensors
  cnnspec train specs/resnet20_cifar.cnn --data cifar10:FOLDER --rate 0.1
  cnnspec train specs/lenet5.cnn --data npz:mine.npz --optimiser adam

\b
Data:
  digits          a small part of MNIST that comes with cnnspec
  mnist:FOLDER    the four IDX files of MNIST or Fashion-MNIST
  cifar10:FOLDER  the binary version of CIFAR-10
  npz:FILE        NumPy arrays x_train, y_train, x_test, y_test

The same command with the same seed gives the same weights, bit for bit.""",
)
@net_options
@click.option("--data", required=True, metavar="DATA", help="What to learn from: see below.")
@click.option(
    "--epochs",
    type=click.IntRange(min=1),
    metavar="N",
    default=10,
    show_default=True,
    help="How often all images are seen.",
)
@click.option(
    "--batch", type=click.IntRange(min=1), metavar="N", default=32, show_default=True, help="Images a step."
)
@click.option(
    "--optimiser",
    "--optimizer",
    "optimiser",
    type=click.Choice(("sgd", "adam")),
    default="sgd",
    show_default=True,
    help="The update rule.",
)
@click.option(
    "--rate", type=Real(above=True), help="The learning rate.  [default: 0.05 for sgd, 0.001 for adam]"
)
@click.option("--momentum", type=Real(below=1.0), default=0.9, show_default=True, help="Of sgd.")
@click.option("--decay", type=Real(), default=0.0, show_default=True, help="Weight decay (L2).")
@click.option(
    "--schedule",
    type=click.Choice(("cosine", "constant", "step")),
    default="cosine",
    show_default=True,
    help="How the rate falls: along a cosine to 0, not at all, or to a tenth at a third and two thirds.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    metavar="N",
    default=0,
    show_default=True,
    help="Of weights, order and dropout.",
)
@click.option("--weights", metavar="FILE", help="Start from these weights (safetensors).")
@click.option(
    "--save",
    "save_to",
    metavar="FILE",
    help="Where the weights go after every epoch.  [default: NET.safetensors]",
)
@recompute_option
@machine_options
@format_option("text", "json")
def command(
    *,
    spec_path: str,
    net_name: str | None,
    settings: tuple[str, ...],
    data: str,
    epochs: int,
    batch: int,
    optimiser: str,
    rate: float | None,
    momentum: float,
    decay: float,
    schedule: str,
    seed: int,
    weights: str | None,
    save_to: str | None,
    recompute: bool,
    threads: int | None,
    math: Precision,
    format_name: str,
) -> None:
    """Train a net with cross-entropy on labelled images, and save its weights after every epoch.

    Images smaller than the net's input are padded; their mean and deviation are stored with the weights, so
    that `cnnspec run` prepares images the same way. Ctrl-C stops the training and keeps the weights.
    """
    from cnnspec import pipeline
    from cnnspec.backend.atomic import check_writable
    from cnnspec.backend.compilation import watching as compiling
    from cnnspec.backend.datasets import open_dataset
    from cnnspec.backend.training.loop import StoppedError, check_fits, train
    from cnnspec.backend.training.recipe import Recipe
    from cnnspec.cli.net_options import open_net
    from cnnspec.cli.outcome import Interrupted
    from cnnspec.cli.screen import out
    from cnnspec.cli.training_progress import watching
    from cnnspec.diagnostics.legible import legible
    from cnnspec.diagnostics.styled import Style, line
    from cnnspec.report.training_json import training_json

    check_recompute(recompute=recompute, math=math)
    graph = open_net(spec_path, net_name, settings).graph
    target = f"{graph.name}.safetensors" if save_to is None else save_to
    check_writable(target)
    dataset = open_dataset(data)
    rule, falling = _optimiser(optimiser, momentum, decay), _schedule(schedule, optimiser, rate, epochs)
    recipe = Recipe(epochs, rule, falling, seed)
    plan = pipeline.plan(graph, batch=batch, training=True, recompute=recompute)
    check_fits(plan, dataset)
    executable = pipeline.compile(plan, seed=seed, threads=threads, math=math, initialise=not weights)
    if weights:
        executable.load(weights)
    screen, is_json = out(), format_name == "json"
    try:
        with watching(None if is_json else screen) as watch, compiling(watch.compile):
            trained = train(executable, dataset, recipe, watch=watch, save_to=target)
    except StoppedError as stop:
        raise Interrupted(_reached(stop, target)) from stop
    saved = line("weights saved to ", (legible(target), Style.PATH))
    screen.write(training_json(graph.name, dataset.name, trained, target) if is_json else [saved])


def _reached(stop: StoppedError, target: str) -> str:
    from cnnspec.diagnostics.legible import legible

    kept = f"the weights are in {legible(target)}" if stop.saved else "no weights were saved"
    return f"{stop.reached}; {kept}"


def _optimiser(name: str, momentum: float, decay: float) -> Optimiser:
    from cnnspec.backend.training.optimisers import Adam, Sgd

    return Adam(decay=decay) if name == "adam" else Sgd(momentum=momentum, decay=decay)


def _schedule(name: str, optimiser: str, rate: float | None, epochs: int) -> Schedule:
    from cnnspec.backend.training.schedules import Constant, Cosine, Step

    start = rate if rate is not None else _RATES[optimiser]
    match name:
        case "constant":
            return Constant(start)
        case "step":
            return Step(start, every=epochs / 3)
        case _:
            return Cosine(start)
