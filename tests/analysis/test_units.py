"""What one unit sees: the support of a gradient in PyTorch is the oracle, on random nets."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
from random_nets import random_net
from torch_nets import TorchNet

from cnnspec import api
from cnnspec.analysis.units import map_size, misalignments, seeing, seen_by
from cnnspec.layers.borders import Pad


def linear_net(seed: int) -> api.NetAnalysis:
    """A random net in which nothing chooses or saturates, so that a gradient shows all that is seen."""
    text = random_net(seed, largest=24, pools=("avg",)).text.replace("tanh", "relu")
    return api.analyze(api.loads(text).net())


def support(analysis: api.NetAnalysis, path: str, unit: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Which pixels of the inputs have a gradient of a unit of a layer, with positive weights and inputs."""
    graph = analysis.graph
    state = {
        f"{node.owner}.{weight.name}": np.full(weight.shape, 0.0 if weight.name == "running_mean" else 1.0)
        for node in graph
        for weight in node.weights
    }
    net = TorchNet(graph, state)
    made = net({given.name: np.ones((1, *given.tensor.shape)) for given in graph.inputs}, training=False)
    name = next(output.name for output in graph.outputs if output.tensor.node == path)
    output = made[name][0].sum(dim=0)[unit]
    given = list(net.inputs.values())
    gradients = torch.autograd.grad(output, given, allow_unused=True)
    return {
        name: torch.zeros(x.shape[2:], dtype=torch.bool).numpy()
        if gradient is None
        else (gradient[0].sum(dim=0) != 0).numpy()
        for (name, x), gradient in zip(net.inputs.items(), gradients, strict=True)
    }


def repeats(analysis: api.NetAnalysis) -> bool:
    """Whether a border repeats pixels: the hull says where it stands, not what it repeats."""
    return any(isinstance(node.layer, Pad) and node.layer.mode != "constant" for node in analysis.graph)


def a_unit(analysis: api.NetAnalysis, seed: int) -> tuple[str, tuple[int, ...]]:
    tensor = analysis.graph.outputs[0].tensor
    draw = random.Random(seed)  # noqa: S311
    return tensor.node, tuple(draw.randrange(size) for size in map_size(tensor))


@pytest.mark.parametrize("part", range(6))
def test_a_unit_sees_where_its_gradient_is_not_zero(part: int) -> None:
    for seed in range(part, 48, 6):
        analysis = linear_net(seed)
        path, unit = a_unit(analysis, seed)
        found = {seen.name: seen for seen in seen_by(analysis, path, unit)}
        for name, expected in support(analysis, path, unit).items():
            seen = found.get(name)
            mask = seen.mask if seen else np.zeros_like(expected)
            assert (mask == expected).all(), f"seed {seed}, unit {unit} in {name}"
            if seen and seen.box and not repeats(analysis):
                cut = [
                    (max(low, 0), min(high, n - 1))
                    for (low, high), n in zip(seen.hull, mask.shape, strict=True)
                ]
                assert all(a <= c and d <= b for (a, b), (c, d) in zip(cut, seen.box, strict=True))


@pytest.mark.parametrize("part", range(3))
def test_the_units_that_see_a_pixel_are_those_whose_set_has_it(part: int) -> None:
    for seed in range(part, 9, 3):
        analysis = linear_net(seed)
        path, _ = a_unit(analysis, seed)
        given = analysis.graph.inputs[0]
        pixel = tuple(size // 2 for size in map_size(given.tensor))
        sees = seeing(analysis.graph, path, given.name, pixel)
        draw = random.Random(seed)  # noqa: S311
        for _ in range(12):
            unit = tuple(draw.randrange(size) for size in sees.shape)
            found = {seen.name: seen for seen in seen_by(analysis, path, unit)}
            assert sees[unit] == (given.name in found and bool(found[given.name].mask[pixel])), (
                f"seed {seed}, unit {unit}"
            )


def test_dilation_leaves_holes() -> None:
    analysis = api.analyze(
        api.loads("net n():\n    input x: [1, 20, 20]\n    output conv(1, 3, dilation=4)\n").net()
    )
    (seen,) = seen_by(analysis, "conv1", (2, 3))
    assert seen.box == ((2, 10), (3, 11))
    assert (seen.pixels, seen.pixels_in_box) == (9, 81)
    assert seen.centre == (6, 7)


def test_the_border_cuts_what_is_seen() -> None:
    analysis = api.analyze(api.loads("net n():\n    input x: [1, 9]\n    output conv(1, 5, pad=2)\n").net())
    (seen,) = seen_by(analysis, "conv1", (0,))
    assert (seen.hull, seen.box, seen.pixels) == (((-2, 2),), ((0, 2),), 3)


def test_a_mirrored_border_reads_the_map() -> None:
    text = "net n():\n    input x: [1, 9]\n    pad(3, mode=reflect)\n    output conv(1, 1)\n"
    analysis = api.analyze(api.loads(text).net())
    (seen,) = seen_by(analysis, "conv1", (0,))
    assert seen.box == ((3, 3),)


def test_branches_that_look_elsewhere_are_misaligned() -> None:
    text = "net n():\n    input x: [1, 16]\n    left = conv(1, 4, pad=(2, 1))\n    output left + in\n"
    text = text.replace("pad=(2, 1)", "pad=((2, 1),)")
    analysis = api.analyze(api.loads(text).net())
    (found,) = misalignments(analysis, "add1")
    assert (found.path, found.axis, found.pixels) == ("add1", 0, 0.5)


def test_each_part_of_a_split_sees_its_own_place() -> None:
    text = """
net n():
    input x: [1, 11, 4]
    top, bottom = chunk(2, axis=height)
    output bottom -> conv(1, 3)
"""
    analysis = api.analyze(api.loads(text).net())
    (seen,) = seen_by(analysis, "conv1", (1, 0))
    assert (seen.hull, seen.box) == (((7, 9), (0, 2)), ((7, 9), (0, 2)))


def test_exchanged_axes_are_exchanged() -> None:
    text = "net n():\n    input x: [1, 9, 7]\n    conv(1, 3)\n    output permute((0, 2, 1))\n"
    analysis = api.analyze(api.loads(text).net())
    (seen,) = seen_by(analysis, "permute1", (4, 2))
    assert seen.box == ((2, 4), (4, 6))
    assert seeing(analysis.graph, "permute1", "x", (0, 6)).nonzero() == ((4,), (0,))
