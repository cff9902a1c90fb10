"""`cnnspec plot` as a command."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cnnspec import api

Cnnspec = Callable[..., Any]
Spec = Callable[..., Path]

LADDER = """
net ladder():
    input image: [1, H = 16, W = 16]
    skip = conv(2, 3, pad=1)
    below = skip -> maxpool(4) -> upsample(4)
    output concat(skip, below) -> conv(1, 3)
"""


def test_csv_has_the_numbers_of_the_net_at_every_size(cnnspec: Cnnspec, spec: Spec) -> None:
    path = spec(LADDER)
    result = cnnspec("plot", path, "macs", "H=W=2..40", "--format", "csv")
    assert result.code == 0, result.err
    header, *rows = csv.reader(result.out.splitlines())
    assert header == ["H=W", "macs"]
    for size, value in rows:
        if int(size) % 4:
            assert value == "", "the size is not legal"
        else:
            net = api.load(path).net().bind(H=int(size), W=int(size))
            assert int(value) == net.analysis.totals.macs


def test_json_is_the_same_as_data(cnnspec: Cnnspec, spec: Spec) -> None:
    record = json.loads(cnnspec("plot", spec(LADDER), "params", "H=4..12..4", "--format", "json").out)
    assert record == {
        "schema": "cnnspec/plot/1",
        "net": "ladder",
        "quantity": "params",
        "symbols": ["H"],
        "sizes": [4, 8, 12],
        "values": [57, 57, 57],
    }


def test_the_terminal_shows_dots_over_an_axis(cnnspec: Cnnspec, spec: Spec) -> None:
    lines = cnnspec("plot", spec(LADDER), "macs", "H=4..64").out.splitlines()
    assert lines[0] == "ladder  macs over H"
    assert lines[1].lstrip().startswith("4")
    assert lines[12].lstrip().startswith("0 ┤")
    assert lines[13].split() == ["4", "64"]
    assert lines[14] == "45 of 61 sizes are not legal and left out"


def test_without_a_legal_size_it_says_so(cnnspec: Cnnspec, spec: Spec) -> None:
    assert "no size from 5 to 7 is legal" in cnnspec("plot", spec(LADDER), "macs", "H=5..7").out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mac", "H=1..9"], "`mac` is no cost\n   = help: did you mean `macs`?\n"),
        (["price", "H=1..9"], "`price` is no cost\n   = help: these are: params, "),
        (["macs", "H=9..1"], "sizes rise from at least 1"),
        (["macs", "H"], "write a range such as H=32..512"),
        (["macs", "H=1..999999"], "more than the limit of 100,000"),
        (["macs", "Q=1..9"], "no symbol or parameter `Q`"),
    ],
)
def test_what_cannot_be_plotted_is_refused(
    cnnspec: Cnnspec, spec: Spec, arguments: list[str], message: str
) -> None:
    result = cnnspec("plot", spec(LADDER), *arguments)
    assert (result.code, result.out) == (2, "")
    assert message in result.err


def test_a_picture_needs_matplotlib(
    cnnspec: Cnnspec, spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    result = cnnspec("plot", spec(LADDER), "macs", "H=4..64", "--png", tmp_path / "curve.png")
    assert result.code == 2
    assert "a picture needs matplotlib" in result.err
    assert "pip install 'cnnspec[plot]'" in result.err


def test_a_picture_is_written(cnnspec: Cnnspec, spec: Spec, tmp_path: Path) -> None:
    picture = tmp_path / "curve.png"
    result = cnnspec("plot", spec(LADDER), "macs", "H=4..64", "--png", picture)
    assert (result.code, result.err) == (0, "")
    width, height = Image.open(picture).size
    assert width > 300
    assert height > 200
