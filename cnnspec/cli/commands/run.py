"""`cnnspec run`: see what a net makes of an image, an array or a data set."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cnnspec.cli.net_options import format_option, machine_options, net_options, weights_option
from cnnspec.diagnostics.legible import legible
from cnnspec.diagnostics.styled import Line, Style, line

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cnnspec.backend.datasets import Dataset
    from cnnspec.backend.executable import Executable, Precision
    from cnnspec.backend.plan.model import Scores
    from cnnspec.backend.preparation import Preparation
    from cnnspec.backend.training.measuring import Tally
    from cnnspec.graph import Graph

    Array = NDArray[Any]

LARGEST_BATCH = 32


@click.command(
    short_help="Run a net on an image, an array or a data set.",
    epilog="""\b
Examples:
  cnnspec run specs/lenet5.cnn --weights w.safetensors --input seven.png
  cnnspec run specs/lenet5.cnn --weights w.safetensors --data digits
  cnnspec run specs/unet.cnn --input cells.npy --output maps.npy
  cnnspec run edges.cnn --input photo.png --output edges.png""",
)
@net_options
@weights_option
@click.option("--input", "source", metavar="FILE", help="A .png or .jpg picture, or a .npy array.")
@click.option("--data", metavar="DATA", help="Measure on the test images of a data set (as for `train`).")
@click.option("--output", "target", metavar="FILE", help="Write the result to a .npy, .png or .jpg file.")
@click.option(
    "--top", type=click.IntRange(min=1), metavar="N", default=5, show_default=True, help="Classes to print."
)
@click.option("--labels", "names_file", metavar="FILE", help="The names of the classes, one a line.")
@click.option(
    "--seed", type=click.IntRange(min=0), metavar="N", default=0, show_default=True, help="Of random weights."
)
@machine_options
@format_option("text", "json")
def command(
    *,
    spec_path: str,
    net_name: str | None,
    settings: tuple[str, ...],
    weights: str | None,
    source: str | None,
    data: str | None,
    target: str | None,
    top: int,
    names_file: str | None,
    seed: int,
    threads: int | None,
    math: Precision,
    format_name: str,
) -> None:
    """Run a net: print the likeliest classes of an input, write its output, or measure it on test images.

    A .npy file holds one sample or a batch of them. Pictures are prepared as in training: divided by 255,
    padded to the size of the net's input, and normalised as the weights file says. In a picture that is
    written the least value is black and the greatest white; angles (`atan2`) are hues, red along x.
    """
    from cnnspec import pipeline
    from cnnspec.backend.classify import answer, run_all
    from cnnspec.backend.datasets import open_dataset
    from cnnspec.cli.compiling_progress import compiling
    from cnnspec.cli.net_options import open_net
    from cnnspec.cli.screen import err, out
    from cnnspec.report.answers import answer_lines, measured_line, run_json

    if (source is None) == (data is None):
        raise click.UsageError("give either --input or --data")
    if target is not None:
        _check_target(target)
    names = _names(names_file)
    dataset = None if data is None else open_dataset(data)
    graph = open_net(spec_path, net_name, settings).graph
    images = _images(graph, source) if source is not None else None
    batch = LARGEST_BATCH if images is None else min(LARGEST_BATCH, len(images))
    plan = pipeline.plan(graph, batch=batch)
    executable = pipeline.compile(plan, seed=seed, threads=threads, math=math, initialise=weights is None)
    preparation = _load(executable, weights, graph)
    screen, is_json = out(), format_name == "json"
    describe = partial(run_json, graph.name, weights)
    if dataset is not None:
        measured = dataset.name, _measure(executable, preparation, dataset)
        screen.write(describe(measured=measured) if is_json else [measured_line(*measured)])
    if images is None:
        return
    with compiling():
        results = run_all(executable, images, preparation)
    err().write(_not_numbers(results))
    outputs = executable.plan.outputs
    if target is not None:
        _save(results[outputs[0].name], outputs[0].scores, target)
    answers = [answer(port.name, results[port.name], port.scores, top) for port in outputs]
    if is_json:
        screen.write(describe(answers=answers, names=names, written=target))
    elif target is None:
        screen.write(answer_lines(answers, names, screen.width))


def _names(path: str | None) -> list[str] | None:
    if path is None:
        return None
    from cnnspec.language.reading import read

    return read(path).text.splitlines()


def _images(graph: Graph, source: str) -> Array:
    from cnnspec import pipeline
    from cnnspec.backend.datasets import bad_data
    from cnnspec.backend.images import read_input

    images = read_input(source, pipeline.plan(graph, batch=1).inputs[0].shape)
    if not len(images):
        raise bad_data(f"{source} holds no sample")
    return images


def _load(executable: Executable, weights: str | None, graph: Graph) -> Preparation:
    """Load the weights, if a file is given, and the preparation stored with them; else say what they are."""
    from cnnspec.backend.preparation import METADATA_KEY, Preparation
    from cnnspec.cli.screen import err

    if weights is None:
        err().write(_randomness(graph))
        return Preparation()
    stored = executable.load(weights).get(METADATA_KEY)
    return Preparation.from_json(stored) if stored else Preparation()


def _measure(executable: Executable, preparation: Preparation, dataset: Dataset) -> Tally:
    """How right the net is on the test images of a data set."""
    from cnnspec.backend.training.measuring import evaluate
    from cnnspec.backend.warming import warm_up
    from cnnspec.cli.compiling_progress import compiling
    from cnnspec.cli.screen import waiting

    with compiling():
        warm_up(executable)
    with waiting(f"measuring {dataset.name}"):
        return evaluate(executable, dataset.test_part(), preparation)


def _randomness(graph: Graph) -> Iterator[Line]:
    """That the weights are random, unless all are given in the spec."""
    if any(node.weights and node.given is None for node in graph):
        yield line(("note: ", Style.STRONG), "the weights are random; --weights FILE gives trained ones")


def _check_target(target: str) -> None:
    """Raise now what `_save` would raise after long work."""
    from cnnspec.backend.atomic import check_writable
    from cnnspec.backend.images import check_picture_name

    path = Path(target).expanduser()
    if path.suffix.lower() != ".npy":
        check_picture_name(path)
    check_writable(path)


def _save(result: Array, scores: Scores, target: str) -> None:
    """Write an output of the net: a `.npy` array of all samples, or a picture of the first."""
    import numpy as np

    from cnnspec.backend.atomic import replacing
    from cnnspec.backend.images import write_picture
    from cnnspec.backend.plan.model import Scores

    if not target.lower().endswith(".npy"):
        write_picture(target, result[0], angles=scores is Scores.ANGLES)
        return
    with replacing(Path(target).expanduser()) as fresh, fresh.open("wb") as file:
        np.save(file, result, allow_pickle=False)


def _not_numbers(results: dict[str, Array]) -> Iterator[Line]:
    """How many values of an output are infinite or not a number at all, and the first of them."""
    import numpy as np

    for name, result in results.items():
        wrong = np.argwhere(~np.isfinite(result))
        if len(wrong):
            first = tuple(map(int, wrong[0]))
            text = f"{len(wrong):,} of {result.size:,} values of {legible(name)} are not finite numbers; "
            where = f"the first is {result[first]}, in sample {first[0] + 1} at {list(first[1:])}"
            yield line(("warning: ", Style.WARNING), text, where)
