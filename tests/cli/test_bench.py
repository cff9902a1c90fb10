"""`cnnspec bench` as a command. No test asks how fast anything is."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from cnnspec import api
from cnnspec.backend.executable import processors
from cnnspec.bench import contest as contests
from cnnspec.bench import limits
from cnnspec.bench.peers import preparing

ROOT = Path(__file__).parents[2]
LENET = ROOT / "specs/lenet5.cnn"
SCHEMA = json.loads((ROOT / "docs/schema/bench.schema.json").read_text(encoding="utf-8"))

Cnnspec = Callable[..., Any]
Spec = Callable[..., Path]
QUICK = ("--seconds", "0.01", "--threads", "1")

SMALL = """
net small():
    input image: [2, H = 8, W = 8]
    conv(4, 3) -> relu -> flatten
    output linear(3)
"""


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.fixture(autouse=True)
def _little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """The memory that is read to measure the machine is small here: what it gives is not asked."""
    monkeypatch.setattr(limits, "MEMORY_BYTES", 1 << 20)


def measured(cnnspec: Cnnspec, *arguments: object) -> dict[str, Any]:
    """The JSON that a command writes, held against the schema."""
    result = cnnspec("bench", *arguments, *QUICK, "--format", "json")
    assert result.code == 0, result.err
    document = json.loads(result.out)
    Draft202012Validator(SCHEMA).validate(document)
    return document


def test_a_table_says_what_was_timed_and_on_what(cnnspec: Cnnspec) -> None:
    result = cnnspec("bench", LENET, *QUICK, "--batch", "4", "--profile")
    assert result.code == 0, result.err
    assert "inference of batch 4 on 1 thread, math fast: 3.41 MFLOP" in result.out
    assert "GFLOP/s" in result.out
    assert "from memory" in result.out
    for layer in ("conv1", "s4", "linear3"):
        assert layer in result.out
    assert "the parts take" in result.out


def test_json_has_the_work_of_the_analysis(cnnspec: Cnnspec) -> None:
    document = measured(cnnspec, LENET, "--batch", "3", "--profile")
    flops = 3 * api.load(LENET).net().analysis.totals.flops.total
    assert document["flops"] == document["profile"]["flops"] == flops
    layers = document["profile"]["layers"]
    assert sum(layer["flops"] for layer in layers) == flops
    assert sum(layer["seconds"] for layer in layers) == pytest.approx(document["profile"]["seconds"])
    (ours,) = document["implementations"]
    assert ours["images_per_second"] == pytest.approx(3 / ours["seconds"]["middle"])
    assert ours["flops_per_second"] == pytest.approx(flops / ours["seconds"]["middle"])
    assert ours["share_of_peak"] == pytest.approx(
        ours["flops_per_second"] / document["machine"]["flops_per_second"]
    )


def test_json_of_training_has_both_passes(cnnspec: Cnnspec, spec: Spec) -> None:
    document = measured(cnnspec, spec(SMALL), "--training", "--batch", "2", "--profile", "--math", "exact")
    stages = {layer["stage"] for layer in document["profile"]["layers"]}
    assert {"forward", "backward"} <= stages
    assert document["run"] == "training"
    assert document["math"] == "exact"
    assert not document["winograd"]


def test_without_profile_there_is_none(cnnspec: Cnnspec, spec: Spec) -> None:
    assert measured(cnnspec, spec(SMALL))["profile"] is None


def test_size_is_that_of_the_input(cnnspec: Cnnspec, spec: Spec) -> None:
    path = spec(SMALL)
    large = measured(cnnspec, path, "-s", "H=16", "-s", "W=12")
    net = api.load(path).net().bind(H=16, W=12)
    assert large["flops"] == net.analysis.totals.flops.total


def test_weights_of_a_file_are_used(cnnspec: Cnnspec, spec: Spec, tmp_path: Path) -> None:
    path, weights = spec(SMALL), tmp_path / "small.safetensors"
    api.compile(api.load(path).net(), training=False).save(weights)
    assert measured(cnnspec, path, "--weights", weights)["net"] == "small"
    result = cnnspec("bench", LENET, *QUICK, "--weights", weights)
    assert result.code != 0
    assert "weights-mismatch" in result.err


def test_a_framework_that_is_not_installed_or_does_not_train_is_told(
    cnnspec: Cnnspec, spec: Spec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        preparing, "find_spec", lambda name: None if name == "openvino" else SimpleNamespace(name=name)
    )
    arguments = (spec(SMALL), "--training", "--vs", "openvino,onnxruntime")
    result = cnnspec("bench", *arguments, *QUICK)
    assert result.code == 0
    assert "openvino  left out: openvino is not installed; `pip install openvino` brings it" in result.out
    assert "onnxruntime  left out: onnxruntime does not train" in result.out
    document = measured(cnnspec, *arguments)
    ours, openvino, _ = document["implementations"]
    assert ours["problem"] is None
    assert openvino["seconds"] is None
    assert "not installed" in openvino["problem"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--threads", "0"), "0 is not in the range x>=1"),
        (("--threads", "-1"), "-1 is not in the range x>=1"),
        (("--batch", "0"), "0 is not in the range x>=1"),
        (("--batch", "-8"), "-8 is not in the range x>=1"),
        (("--seconds", "0"), "'0' is not a number above 0 and below 3600"),
        (("--seconds", "nan"), "'nan' is not a number above 0"),
        (("-s", "H=0"), "no symbol or parameter `H`"),
        (("-s", "classes=0"), "at least 1"),
        (("--vs", "tensorflow"), "no framework is called `tensorflow`"),
        (("--vs", "onnxruntme"), "did you mean `onnxruntime`?"),
        (("--math", "plain"), "'plain' is not one of 'fast', 'exact'"),
        (("--weights", "no-such-file"), "cannot read"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_timed(
    cnnspec: Cnnspec, arguments: tuple[str, ...], message: str
) -> None:
    result = cnnspec("bench", LENET, *arguments)
    assert result.code != 0
    assert message in result.err
    assert result.out == ""


def test_more_threads_than_processors_are_refused(cnnspec: Cnnspec) -> None:
    result = cnnspec("bench", LENET, "--threads", processors() + 1)
    assert result.code == 2
    assert f"`--threads {processors() + 1}`: this process may use" in result.err


def test_a_batch_that_does_not_fit_into_memory_is_refused(cnnspec: Cnnspec) -> None:
    result = cnnspec("bench", LENET, *QUICK, "--batch", 10**9)
    assert result.code != 0
    assert "too-big" in result.err


def test_a_net_without_weights_is_not_trained(cnnspec: Cnnspec, spec: Spec) -> None:
    path = spec("net still():\n    input image: [1, 4, 4]\n    output relu\n")
    assert measured(cnnspec, path)["flops"] == 16
    result = cnnspec("bench", path, *QUICK, "--training")
    assert result.code != 0
    assert "still has no weights to train" in result.err


def test_a_net_with_a_free_size_asks_for_it(cnnspec: Cnnspec, spec: Spec) -> None:
    result = cnnspec("bench", spec(SMALL), *QUICK, "-s", "H")
    assert result.code != 0
    assert "H needs a value" in result.err


def test_ctrl_c_shows_what_was_measured(
    cnnspec: Cnnspec, spec: Spec, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(self: object, peer: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(contests.Contest, "_opened", stop)
    result = cnnspec("bench", spec(SMALL), *QUICK, "--vs", "torch", "--profile")
    assert result.code == 130
    assert "cnnspec" in result.out
    assert "stopped before the end: this is what was measured until then" in result.out


class FakeAxes:
    """Remembers the points that are drawn."""

    def __init__(self) -> None:
        self.points: list[tuple[float, float]] = []
        self.roofs: list[list[float]] = []

    def scatter(self, x: list[float], y: list[float], **_: object) -> None:
        self.points += zip(x, y, strict=True)

    def plot(self, x: list[float], y: list[float], *_: object, **__: object) -> None:
        self.roofs.append(y)

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_, **__: None


def test_a_picture_has_a_point_for_every_layer_that_computes(
    cnnspec: Cnnspec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    axes = FakeAxes()
    figure = SimpleNamespace(subplots=lambda: axes, savefig=lambda path, **_: Path(path).write_bytes(b"PNG"))
    monkeypatch.setitem(sys.modules, "matplotlib", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "matplotlib.figure", SimpleNamespace(Figure=lambda **_: figure))
    picture = tmp_path / "roofline.png"
    document = measured(cnnspec, LENET, "--png", picture)
    rows = [row for row in document["profile"]["layers"] if row["seconds"] and row["flops"]]
    assert axes.points
    assert sorted(axes.points) == sorted((row["intensity"], row["flops_per_second"] / 1e9) for row in rows)
    assert [max(roof) for roof in axes.roofs] == pytest.approx(
        [document["machine"]["flops_per_second"] / 1e9] * 2
    )
    assert picture.read_bytes() == b"PNG"


def test_a_picture_needs_matplotlib_and_says_so_first(
    cnnspec: Cnnspec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    result = cnnspec("bench", LENET, "--png", tmp_path / "roofline.png")
    assert result.code == 2
    assert "a picture needs matplotlib" in result.err
    assert "pip install 'cnnspec[plot]'" in result.err
    assert result.out == ""
