"""What the lectures say of published nets: receptive fields of VGG-16, cells of GoogLeNet."""

from __future__ import annotations

from pathlib import Path

import pytest

import cnnspec
from cnnspec.analysis import Analysis
from cnnspec.analysis.measures import inside

SPECS = Path(__file__).parents[2] / "specs"

CELLS = {
    "3a": (192, (64, 96, 128, 16, 32, 32)),
    "3b": (256, (128, 128, 192, 32, 96, 64)),
    "4a": (480, (192, 96, 208, 16, 48, 64)),
    "4b": (512, (160, 112, 224, 24, 64, 64)),
    "4c": (512, (128, 128, 256, 24, 64, 64)),
    "4d": (512, (112, 144, 288, 32, 64, 64)),
    "4e": (528, (256, 160, 320, 32, 128, 128)),
    "5a": (832, (256, 160, 320, 32, 128, 128)),
    "5b": (832, (384, 192, 384, 48, 128, 128)),
}
"""Table 1 of the paper: what comes in, and the widths of 1×1, 3×3 reduced, 3×3, 5×5 reduced, 5×5, pool."""

PARAMETERS = [163_696, 388_736, 376_176, 449_160, 510_104, 605_376, 868_352, 1_043_456, 1_444_080]


def analysis(name: str) -> Analysis:
    return cnnspec.load(SPECS / f"{name}.cnn").net(name).analysis


@pytest.mark.parametrize(("cell", "parameters"), [*zip(CELLS, PARAMETERS, strict=True)])
def test_a_cell_of_googlenet_has_the_parameters_of_its_row(cell: str, parameters: int) -> None:
    c, (c1, r3, c3, r5, c5, pool) = CELLS[cell]
    weights = c * (c1 + r3 + r5 + pool) + 9 * r3 * c3 + 25 * r5 * c5
    assert weights + (c1 + r3 + c3 + r5 + c5 + pool) == parameters
    net = analysis("googlenet_paper")
    assert sum(facts.params for facts in inside(net, f"inception{cell}")) == parameters


def test_the_rest_of_googlenet() -> None:
    net = analysis("googlenet_paper")
    heads = [sum(facts.params for facts in inside(net, f"auxiliary{number}")) for number in (1, 2)]
    assert heads == [3_188_840, 3_190_888]
    assert net.totals.params - sum(heads) == 6_998_552


@pytest.mark.parametrize(
    ("block", "number", "path", "field", "stride"),
    [(4, 3, "conv10", 92, 8), (5, 1, "conv11", 132, 16), (5, 3, "conv13", 196, 16)],
)
def test_what_a_unit_of_vgg16_sees(block: int, number: int, path: str, field: int, stride: int) -> None:
    """The recurrence of the textbooks, block by block: r grows by (k − 1)·j, a pool doubles j."""
    seen, jump = 1, 1
    for depth in (2, 2, 3, 3, 3)[: block - 1]:
        seen, jump = seen + 2 * jump * depth + jump, 2 * jump
    seen += 2 * jump * number
    assert (seen, jump) == (field, stride)
    (height, width) = analysis("vgg16").by_path[path].field.axes
    assert (height.size, width.size, height.stride, width.stride) == (field, field, stride, stride)
