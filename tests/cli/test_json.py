"""Every `--format json`: what it writes is what its published schema says, for nets of many kinds."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import jsonschema
import numpy as np
import pytest

from cnnspec.cli.main import cli

Run = Callable[..., Any]

ROOT = Path(__file__).parents[2]
SCHEMAS = {
    path.name.partition(".")[0]: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "docs/schema").glob("*.schema.json"))
}
PAGE = (ROOT / "docs/json.md").read_text(encoding="utf-8")

BRANCHES = """
block unit(c, s = 1):
    skip = conv(c, 1, stride=s, bias=false)
    conv(c, 3, stride=s, pad=1) -> bn -> relu
    it + skip

net branches(classes = 10, width = 0.5):
    input image: [3, H = 16, W = 16] where H >= 8
    unit(16 * width, 2)
    halves = split(2)
    training output aux = halves[0] -> global_avgpool -> flatten -> linear(3) weight 0.25
    conv_transpose(4, 2, stride=2) as up
    conv(4, 1) as nowhere
    output up -> global_avgpool -> flatten -> linear(classes)
    output map = up -> conv(2, 3, pad=1)
    expect up.params > 0
"""
SHARED = """
net shared:
    input left: [1, L = 64]
    input right: [1, L]
    layer encode = conv(4, 5, stride=2, frozen) -> relu
    a = left -> encode
    b = right -> encode
    output concat(a, b) -> maxpool(2) -> conv(2, 1)
"""
VOLUME = """
net volume:
    input clip: [2, D = 8, H = 12, W = 12]
    conv(4, 3, pad=1) -> relu -> maxpool(2, ceil) -> upsample(2)
    output conv(1, (1, 3, 3), dilation=(1, 2, 2))
"""
NETS = {"branches": BRANCHES, "shared": SHARED, "volume": VOLUME}
HOLES = """
net holes:
    input image: [3, 32, 32]
    conv(?width in 1..64, 3, pad=?) -> relu
    output conv(4, 3)
    expect params <= 10K and output.height == 30
"""


@pytest.fixture(params=[*NETS, "lenet5", "googlenet"])
def net(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param not in NETS:
        return ROOT / f"specs/{request.param}.cnn"
    path = tmp_path / f"{request.param}.cnn"
    path.write_text(NETS[request.param], encoding="utf-8")
    return path


def refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def document(name: str, cnnspec: Run, *arguments: Any, code: int = 0) -> dict[str, Any]:
    """What a command writes, held against the schema of a name."""
    result = cnnspec(*arguments, "--format", "json")
    assert (result.code, result.err) == (code, "")
    return held(name, result.out)


def held(name: str, text: str) -> dict[str, Any]:
    """A document, held against the schema of a name."""
    assert text.isascii()
    found = json.loads(text, parse_constant=refuse)
    jsonschema.Draft202012Validator(SCHEMAS[name]).validate(found)
    return found


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_a_schema_and_says_its_version(name: str) -> None:
    schema = SCHEMAS[name]
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"] == schema["properties"]["schema"]["const"] == f"cnnspec/{name}/1"
    assert schema["additionalProperties"] is False
    assert f"schema/{name}.schema.json" in PAGE


def test_every_command_that_writes_json_has_a_schema() -> None:
    context = click.Context(cli)
    writes = {
        name
        for name in cli.list_commands(context)
        for option in getattr(cli.get_command(context, name), "params", [])
        if "--format" in option.opts and "json" in option.type.choices
    }
    assert writes - {"check"} <= SCHEMAS.keys()
    assert {"check", "costs", "diff", "explain", "plan", "plot", "rule", "show", "sizes", "solve"} <= writes


@pytest.mark.parametrize("free", [[], ["--symbolic"]])
def test_show(cnnspec: Run, net: Path, free: list[str]) -> None:
    document("show", cnnspec, "show", net, *free)


def test_the_other_tables_of_show(cnnspec: Run, net: Path) -> None:
    document("dense", cnnspec, "show", net, "--dense")
    document("flops-as", cnnspec, "show", net, "--flops-as", "fvcore")


@pytest.mark.parametrize("options", [[], ["--symbolic", "--batch", "N"], ["--device", "peak=4TF bw=50GB/s"]])
def test_costs(cnnspec: Run, net: Path, options: list[str]) -> None:
    document("costs", cnnspec, "costs", net, *options)


def test_diff(cnnspec: Run, net: Path) -> None:
    assert document("diff", cnnspec, "diff", net, net)["same"]
    found = document("diff", cnnspec, "diff", net, ROOT / "specs/lenet5.cnn", code="lenet5" not in net.name)
    assert {total["name"] for total in found["totals"]} >= {"parameters", "MACs"}


def test_crossover(cnnspec: Run) -> None:
    vgg, alexnet = ROOT / "specs/vgg16.cnn", ROOT / "specs/squeezenet1_0.cnn"
    asked = ("--crossover", "macs", "H", "-s", "W=224")
    found = document("crossover", cnnspec, "diff", vgg, alexnet, *asked)
    assert found["runs"][-1]["high"] is None


def test_explain(cnnspec: Run, net: Path) -> None:
    assert document("explain", cnnspec, "explain", net, "*")["layers"]
    document("explain", cnnspec, "explain", net, "*", "--symbolic")


def test_rule(cnnspec: Run) -> None:
    (code,) = document("rule", cnnspec, "rule", "even-kernel")["codes"]
    assert (code["code"], code["severity"], code["bad"]["language"]) == ("even-kernel", "warning", "cnnspec")
    assert len(document("rule", cnnspec, "rule")["codes"]) > 60
    assert cnnspec("rule", "even-kernle", "--format", "json").code == 2


@pytest.mark.parametrize("options", [[], ["--training"], ["--training", "--recompute"]])
def test_plan(cnnspec: Run, net: Path, options: list[str]) -> None:
    document("plan", cnnspec, "plan", net, *options)


def test_plot(cnnspec: Run) -> None:
    found = document("plot", cnnspec, "plot", ROOT / "specs/unet.cnn", "macs", "H=W=30..64..2")
    assert None in found["values"] or len(found["sizes"]) == len(found["values"])


def test_sensitivity(cnnspec: Run, net: Path) -> None:
    if "clip" not in net.read_text(encoding="utf-8"):
        document("sensitivity", cnnspec, "sensitivity", net)


def test_sizes(cnnspec: Run, net: Path) -> None:
    document("sizes", cnnspec, "sizes", net)
    found = document("sizes", cnnspec, "sizes", ROOT / "specs/unet.cnn", "--at", "H=33", code=1)
    assert found["legal"] is False


def test_solve(cnnspec: Run, tmp_path: Path) -> None:
    path = tmp_path / "holes.cnn"
    path.write_text(HOLES, encoding="utf-8")
    assert document("solve", cnnspec, "solve", path)["count"] > 0
    path.write_text(HOLES.replace("10K", "10"), encoding="utf-8")
    found = document("solve", cnnspec, "solve", path, code=1)
    assert found["findings"]


def test_verify(cnnspec: Run, tmp_path: Path) -> None:
    path = tmp_path / "small.cnn"
    path.write_text("net small:\n    input x: [1, 6, 6]\n    output conv(2, 3)\n", encoding="utf-8")
    assert document("verify", cnnspec, "verify", path, "--seconds", "2")["holds"]


LABELLED = """
net labelled:
    input image: [1, 28, 28]
    avgpool(4) -> flatten
    output linear(10)
"""


def test_train_and_run(cnnspec: Run, tmp_path: Path) -> None:
    path, weights = tmp_path / "labelled.cnn", tmp_path / "w"
    path.write_text(LABELLED, encoding="utf-8")
    digits = ("--data", "digits", "--batch", "100", "--epochs", "2", "--save", weights)
    trained = document("train", cnnspec, "train", path, *digits)
    assert [epoch["epoch"] for epoch in trained["epochs"]] == [1, 2]
    assert (trained["net"], trained["data"], trained["weights"]) == ("labelled", "digits", str(weights))
    measured = document("run", cnnspec, "run", path, "--weights", weights, "--data", "digits")["measured"]
    assert measured["accuracy"] == pytest.approx(trained["epochs"][-1]["test_accuracy"])
    assert measured["loss"] == pytest.approx(trained["epochs"][-1]["test_loss"], rel=1e-4)


@pytest.mark.parametrize("net", ["branches", "volume", "lenet5"], indirect=True)
def test_run(cnnspec: Run, net: Path, tmp_path: Path) -> None:
    """Every output: classes by their names, maps by their range."""
    image = document("show", cnnspec, "show", net)["layers"][0]["output"]
    np.save(tmp_path / "x.npy", np.ones((2, *image), np.float32))
    (tmp_path / "names").write_text("zero\none\n", encoding="utf-8")
    asked = ("--input", tmp_path / "x.npy", "--labels", tmp_path / "names", "--output", tmp_path / "y.npy")
    result = cnnspec("run", net, *asked, "--top", "99", "--format", "json")
    assert (result.code, result.err.startswith("note: the weights are random")) == (0, True)
    found = held("run", result.out)
    first, written = found["outputs"][0], np.load(tmp_path / "y.npy")
    assert (found["weights"], found["written"], found["measured"]) == (None, str(tmp_path / "y.npy"), None)
    assert (first["shape"], first["least"], first["greatest"]) == (
        list(written.shape),
        written.min(),
        written.max(),
    )
    for output in found["outputs"]:
        assert output["not_finite"] == 0
        assert (output["samples"] is None) == (len(output["shape"]) > 2)
        for sample in output["samples"] or ():
            assert len(sample) == output["shape"][1]
            assert sum(guess["probability"] for guess in sample) == pytest.approx(1)
            assert {(guess["class"], guess["name"]) for guess in sample} >= {
                (0, "zero"),
                (1, "one"),
                (2, None),
            }


def test_check(cnnspec: Run, net: Path, tmp_path: Path) -> None:
    path = tmp_path / "wrong.cnn"
    path.write_text(BRANCHES.replace("params > 0", "params < 0"), encoding="utf-8")
    document("diagnostics", cnnspec, "check", net, "--no-lint")
    document("diagnostics", cnnspec, "check", path, code=1)


@pytest.fixture
def long_integers() -> Iterator[None]:
    """Python reads integers of any length only where it is told to."""
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    yield
    sys.set_int_max_str_digits(before)


@pytest.mark.usefixtures("long_integers")
def test_whole_numbers_are_exact_however_long(cnnspec: Run, tmp_path: Path) -> None:
    path = tmp_path / "wide.cnn"
    path.write_text("net wide(c = 1):\n    input x: [c, c, c]\n    output conv(c, 1)\n", encoding="utf-8")
    c = 10**1200 + 1
    found = document("show", cnnspec, "show", path, "-s", f"c={c}")
    assert found["totals"]["params"] == c**2 + c
    assert document("costs", cnnspec, "costs", path, "-s", f"c={c}")["totals"]["macs"] == c**4
