"""The zoo against torchvision's own nets, measured independently (tests/oracles)."""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from cnnspec import api
from cnnspec.analysis.facts import Analysis, LayerFacts

SPECS = Path(__file__).parents[2] / "specs"
ORACLES = Path(__file__).parents[1] / "oracles"

TOTALS = json.loads((ORACLES / "totals.json").read_text(encoding="utf-8"))["nets"]
FIELDS = json.loads((ORACLES / "receptive_fields.json").read_text(encoding="utf-8"))["nets"]
LAYERS = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))["rows"] for path in ORACLES.glob("layers/*")
}

WEIGHTED = {"Conv2d": "conv", "Linear": "linear", "BatchNorm2d": "bn"}
POOLS = {"MaxPool2d": "maxpool", "AvgPool2d": "avgpool"}
"""Torchvision's module classes that are one layer here. Some of its pools are plain functions."""

Row = tuple[str, tuple[int, ...], tuple[int, ...], int, int]
"""Word, input shape, output shape, parameters, MACs."""


@cache
def analysis(name: str, **symbols: int) -> Analysis:
    return api.load(SPECS / f"{name}.cnn").net(name).bind(**symbols).analysis


def at_inference(net: Analysis) -> list[LayerFacts]:
    return [facts for facts in net.layers if not facts.training_only]


@pytest.mark.parametrize("name", TOTALS)
def test_totals_are_torchvisions(name: str) -> None:
    net, oracle = analysis(name), TOTALS[name]
    assert net.totals.params == oracle["params"]
    assert net.totals.buffers == oracle["buffers_elems"]
    assert net.totals.macs == oracle["macs_conv_linear"]
    assert [1, *net.graph.inputs[0].tensor.shape] == oracle["input"]
    assert [[1, *output.tensor.shape] for output in net.graph.inference_outputs] == [oracle["output"]]


@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_is_torchvisions(name: str) -> None:
    def ours(facts: LayerFacts) -> Row:
        node = facts.node
        return node.layer.word, node.inputs[0].shape, facts.output, facts.params, facts.macs

    def theirs(row: dict) -> Row:
        word = (WEIGHTED | POOLS)[row["type"]]
        return word, tuple(row["in"][1:]), tuple(row["out"][1:]), row["params"], row["macs"]

    here = Counter(ours(facts) for facts in at_inference(analysis(name)) if facts.node.inputs)
    there = Counter(theirs(row) for row in LAYERS[name] if row["type"] in WEIGHTED | POOLS)
    assert there - here == Counter()
    assert {row[0] for row in here - there}.isdisjoint(WEIGHTED.values())


@pytest.mark.parametrize("name", FIELDS)
def test_the_trunks_receptive_field_is_the_measured_one(name: str) -> None:
    oracle = FIELDS[name]
    net = analysis(name, H=oracle["input"], W=oracle["input"])
    head = next(f for f in at_inference(net) if f.node.layer.word in {"global_avgpool", "adaptive_avgpool"})
    field = net.by_path[head.node.inputs[0].node].field
    assert [axis.size for axis in field.axes] == [oracle["rf_h"], oracle["rf_w"]]


@pytest.mark.parametrize("path", sorted(SPECS.rglob("*.cnn")), ids=lambda path: path.stem)
def test_a_spec_is_clean_short_and_cites_its_source(path: Path) -> None:
    spec = api.load(path)
    assert spec.check() == ()
    assert all(spec.net(name).graph.doc for name in spec.nets)
    limits = {"resnet50": 22, "googlenet": 35, "mobilenet_v2": 25, "inception_v3": 70}
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    assert len(lines) <= limits.get(path.stem, 60)


LECTURES = {"alexnet_lecture"}
"""Nets that are no paper's."""


@pytest.mark.parametrize("path", sorted(SPECS.glob("*.cnn")), ids=lambda path: path.stem)
def test_a_published_net_has_a_source_with_a_year_and_expects_its_numbers(path: Path) -> None:
    spec = api.load(path)
    docs = [spec.net(name).graph.doc or "" for name in spec.nets]
    assert path.stem in LECTURES or all(re.search(r"\b(19|20)\d\d\b, \S", doc) for doc in docs)
    assert re.search(r"^    expect \S", path.read_text(encoding="utf-8"), re.MULTILINE)
