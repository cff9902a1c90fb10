"""`cnnspec show --layer --unit` as a command."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Cnnspec = Callable[..., Any]


def test_a_unit_of_lenet(cnnspec: Cnnspec) -> None:
    result = cnnspec("show", "specs/lenet5.cnn", "--layer", "s4", "--unit", "0,1")
    assert result.code == 0, result.err
    assert result.out.splitlines() == [
        "s4  unit (0, 1) of [16, 5, 5]",
        "  sees of image   height 0…15, width 4…19  (16×16)",
        "  pixels          256 of 256 pixels: no holes",
        "  centre          (7.5, 11.5)",
        "  unit 𝑖          4·𝑖 … 4·𝑖 + 15",
        "  seen are        the corner pixel (0, 0) by 1 of 25 units",
        "                  the middle pixel (15, 15) by 16 of 25 units",
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--unit", "1,1"], "`--unit` needs `--layer`"),
        (["--layer", "s5"], "lenet5 has no layer `s5`"),
        (["--layer", "s4", "--unit", "5,0"], "the last unit of this layer is 4,4"),
        (["--layer", "s4", "--unit", "1"], "this layer takes 2 whole numbers, such as 0,0"),
        (["--layer", "s4", "--unit", "-1,0"], "this layer takes 2 whole numbers"),
        (["--layer", "s4", "--format", "csv"], "`--layer` has the format table"),
    ],
)
def test_what_is_no_unit_is_refused(cnnspec: Cnnspec, options: list[str], message: str) -> None:
    result = cnnspec("show", "specs/lenet5.cnn", *options)
    assert (result.code, result.out) == (2, "")
    assert message in result.err


def test_a_unit_needs_sizes(cnnspec: Cnnspec) -> None:
    result = cnnspec("show", "specs/vgg16.cnn", "--symbolic", "--layer", "conv3")
    assert result.code == 2
    assert "-s H=…" in result.err
