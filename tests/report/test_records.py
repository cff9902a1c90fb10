"""The formats for programs: the JSON of the schema, CSV, and Markdown."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from cnnspec import pipeline
from cnnspec.diagnostics.styled import plain_text
from cnnspec.report.view import FORMATS, View, renderer

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "docs/schema/show.schema.json").read_text(encoding="utf-8"))
SPECS = sorted((ROOT / "specs").glob("*.cnn"))

Analyse = Callable[..., Any]

TWO_HEADS = """
    net two(alpha = 0.5):
        input image: [1, H = 8, W = 8]
        conv(4*alpha, 3) as stem
        training output side = adaptive_avgpool(2) -> flatten -> linear(3) weight 0.3
        output global_avgpool -> flatten -> linear(10)
"""


def rendered(name: str, analysis: Any) -> str:
    return plain_text(renderer(name)(View(analysis, "net.cnn"), None))


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("symbolic", [False, True])
def test_json_is_what_the_schema_says(analysis: Analyse, symbolic: bool) -> None:
    document = json.loads(rendered("json", analysis(TWO_HEADS, symbolic=symbolic)))
    jsonschema.validate(document, SCHEMA)
    assert document["net"] == "two"
    assert document["bindings"]["alpha"] == "0.5"
    assert document["symbols"] == (["H", "W"] if symbolic else [])
    assert document["outputs"][0] == {
        "name": "side",
        "layer": "linear1",
        "shape": [3],
        "training_only": True,
        "loss_weight": 0.3,
    }


def test_json_has_every_fact_of_a_layer(analysis: Analyse) -> None:
    document = json.loads(rendered("json", analysis(TWO_HEADS)))
    stem = document["layers"][1]
    assert stem == {
        "path": "stem",
        "op": "conv",
        "arguments": {
            "channels": 2,
            "kernel": 3,
            "stride": 1,
            "pad": 0,
            "dilation": 1,
            "groups": 1,
            "bias": True,
        },
        "inputs": [{"layer": "image", "port": 0, "shape": [1, 8, 8]}],
        "output": [2, 6, 6],
        "outputs": [[2, 6, 6]],
        "params": 20,
        "buffers": 0,
        "macs": 648,
        "flops": {
            "multiply_add": 1296,
            "bias": 72,
            "normalisation": 0,
            "activation": 0,
            "elementwise": 0,
            "total": 1368,
        },
        "activation_bytes": 288,
        "receptive_field": {
            "size": [3, 3],
            "min": [3, 3],
            "stride": [1, 1],
            "start": [0, 0],
            "global": [False, False],
        },
        "depth": 1,
        "shares": None,
        "frozen": False,
        "training_only": False,
        "dead": False,
        "file": "net.cnn",
        "line": 4,
    }


def test_formulas_are_text_and_numbers_are_exact_whatever_their_size(analysis: Analyse) -> None:
    document = json.loads(rendered("json", analysis(TWO_HEADS, symbolic=True)))
    assert document["layers"][1]["output"] == [2, "H − 2", "W − 2"]
    huge = analysis("""
        net huge:
            input vector: [1_000_000_000_000_000]
            linear(1_000_000_000_000_000)
    """)
    document = json.loads(rendered("json", huge))
    assert document["totals"]["macs"] == 10**30


def test_totals_are_the_sums_of_the_layers(analysis: Analyse) -> None:
    document = json.loads(rendered("json", analysis(TWO_HEADS)))
    totals, layers = document["totals"], document["layers"]
    assert totals["params"] == sum(layer["params"] for layer in layers)
    assert totals["macs"] == sum(layer["macs"] for layer in layers if not layer["training_only"])
    assert totals["macs_training_only"] == sum(layer["macs"] for layer in layers if layer["training_only"])
    columns = ("multiply_add", "bias", "normalisation", "activation", "elementwise")
    assert totals["flops"] == sum(totals[f"flops_{column}"] for column in columns)


def test_csv_has_a_line_a_layer(analysis: Analyse) -> None:
    facts = analysis(TWO_HEADS)
    table = list(csv.DictReader(rendered("csv", facts).splitlines()))
    assert [row["path"] for row in table] == [layer.path for layer in facts.layers]
    assert table[1]["operation"] == "conv 2, 3×3"
    assert table[1]["output"] == "[2, 6, 6]"
    assert (table[1]["params"], table[1]["macs"], table[1]["flops"]) == ("20", "648", "1368")
    assert (table[1]["receptive_field"], table[1]["stride"], table[1]["line"]) == ("3", "1", "4")


def test_markdown_is_two_tables(analysis: Analyse) -> None:
    text = rendered("markdown", analysis(TWO_HEADS))
    assert text.startswith("## two\n\n| layer | × | operation | output | params | MACs | field | stride |\n")
    assert "| stem |  | conv 2, 3×3 | \\[2, 6, 6\\] | 20 | 648 | 3 | 1 |\n" in text
    assert "| parameters | 77 |  |\n" in text
    columns = {line.count("|") - line.count("\\|") for line in text.splitlines() if line.startswith("| stem")}
    assert columns == {9}


def test_what_a_spec_names_cannot_become_markdown(analysis: Analyse) -> None:
    text = rendered("markdown", analysis(TWO_HEADS.replace("stem", "a_b").replace("two", "x_y_z")))
    assert "## x\\_y\\_z" in text
    assert "| a\\_b |" in text


@pytest.mark.parametrize(
    ("name", "symbolic"),
    [(path.stem, False) for path in SPECS] + [(name, True) for name in ("unet", "googlenet", "m5", "c3d")],
)
def test_the_zoo_can_be_shown_in_every_format(name: str, symbolic: bool) -> None:
    loaded = pipeline.load(ROOT / f"specs/{name}.cnn")
    assert loaded.spec
    made = pipeline.elaborate(loaded.spec, symbolic=symbolic)
    assert made.graph
    facts = pipeline.analyse(made.graph)
    for format_name in FORMATS:
        text = rendered(format_name, facts)
        if format_name == "json":
            jsonschema.validate(json.loads(text), SCHEMA)
