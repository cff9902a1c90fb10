"""`cnnspec sensitivity` as a command; expanding the net with the greater value is the oracle."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cnnspec import api

Cnnspec = Callable[..., Any]
Spec = Callable[..., Path]

PLAIN = """
net plain(width = 8, depth = 3, unused = 5):
    input image: [3, H = 16, W = 16]
    repeat depth:
        conv(width, 3, pad=1) -> relu
    output it + conv(width, 1)
"""

LADDER = """
net ladder():
    input image: [1, H = 16]
    below = maxpool(4) -> upsample(4)
    output concat(below, it)
"""


def test_every_difference_is_that_of_the_greater_net(cnnspec: Cnnspec, spec: Spec) -> None:
    path = spec(PLAIN)
    record = json.loads(cnnspec("sensitivity", path, "--format", "json").out)["parameters"]
    assert {entry["name"] for entry in record} == {"width", "depth", "unused", "H", "W"}
    before = api.load(path).net().analysis
    for entry in record:
        after = api.load(path).net().bind(**{entry["name"]: entry["greater"]}).analysis
        for cost, change in entry["costs"].items():
            assert change["before"] == before.cost(cost)
            assert change["after"] == after.cost(cost)
            growth = (change["after"] - change["before"]) / change["before"]
            step = (entry["greater"] - entry["value"]) / entry["value"]
            assert abs(change["elasticity"] - growth / step) < 1e-9


def test_where_one_more_is_not_legal_the_next_legal_size_is_taken(cnnspec: Cnnspec, spec: Spec) -> None:
    record = json.loads(cnnspec("sensitivity", spec(LADDER), "--format", "json").out)
    (entry,) = record["parameters"]
    assert (entry["name"], entry["value"], entry["greater"]) == ("H", 16, 20)


def test_the_table_leaves_out_what_does_not_change(cnnspec: Cnnspec, spec: Spec) -> None:
    out = cnnspec("sensitivity", spec(PLAIN)).out
    assert "depth 3 → 4" in out
    assert "unused: changes nothing" in out
    assert "+584" in out, "one more 3×3 convolution of 8 channels"


def test_a_symbol_without_value_is_asked_for(cnnspec: Cnnspec, spec: Spec) -> None:
    result = cnnspec("sensitivity", spec(LADDER.replace("H = 16", "H")))
    assert result.code == 2
    assert "-s H=…" in result.err
