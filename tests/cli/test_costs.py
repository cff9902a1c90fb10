"""`cnnspec costs`: what is printed is what the analysis says, in every unit, and mistakes are said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
Write = Callable[..., Path]
SPECS = Path(__file__).parents[2] / "specs"
LENET = SPECS / "lenet5.cnn"


def costs(cnnspec: Run, *arguments: Any) -> dict[str, Any]:
    result = cnnspec("costs", *arguments, "--format", "json")
    assert (result.code, result.err) == (0, "")
    return json.loads(result.out)


def test_numbers(cnnspec: Run) -> None:
    found = costs(cnnspec, LENET)
    totals, memory = found["totals"], found["memory"]
    assert (totals["macs"], totals["macs_on_padding"]) == (416_520, 0)
    # The gradient of the first convolution's data is not computed.
    assert totals["training_macs"] == 3 * 416_520 - 117_600
    assert totals["training_flops"] == 2 * totals["training_macs"]
    assert memory["weights"] == 4 * 61_706
    assert memory["inference"] == {
        "bytes": 2 * 6 * 28 * 28 * 4, "layer": "tanh1", "parts": {"activations": 2 * 6 * 28 * 28 * 4}
    }  # fmt: skip
    assert memory["training"]["bytes"] == sum(memory["training"]["parts"].values())
    assert [layer["path"] for layer in found["layers"]][:3] == ["conv1", "tanh1", "avgpool1"]


@pytest.mark.parametrize("bits", [8, 16, 64])
def test_bits_scale_every_byte(cnnspec: Run, bits: int) -> None:
    usual, other = costs(cnnspec, LENET), costs(cnnspec, LENET, "--bits", str(bits))
    for key in ("weights", "inference", "inference_in_place", "training"):
        before, after = usual["memory"][key], other["memory"][key]
        if isinstance(before, dict):
            before, after = before["bytes"], after["bytes"]
        assert after * 32 == before * bits
    assert other["totals"]["moved_bytes"] * 32 == usual["totals"]["moved_bytes"] * bits
    assert other["totals"]["macs"] == usual["totals"]["macs"]


def test_the_batch_scales_activations_and_not_weights(cnnspec: Run) -> None:
    one, eight = costs(cnnspec, LENET), costs(cnnspec, LENET, "--batch", "8")
    assert eight["memory"]["inference"]["bytes"] == 8 * one["memory"]["inference"]["bytes"]
    assert eight["memory"]["weights"] == one["memory"]["weights"]
    assert eight["totals"]["training_macs"] == one["totals"]["training_macs"]


@pytest.mark.parametrize(("optimizer", "states"), [("sgd", 0), ("momentum", 1), ("adam", 2)])
def test_optimizers_remember(cnnspec: Run, optimizer: str, states: int) -> None:
    parts = costs(cnnspec, LENET, "--optimizer", optimizer)["memory"]["training"]["parts"]
    assert parts.get("optimiser", 0) == states * parts["gradients of weights"]


def test_a_device_gives_bounds_and_times(cnnspec: Run) -> None:
    without = costs(cnnspec, LENET)
    assert without["device"] is None
    assert without["totals"]["seconds"] is None
    found = costs(cnnspec, LENET, "--device", "peak=1GF bw=1TB/s")
    assert found["device"] == {"peak": 1e9, "bandwidth": 1e12}
    assert {layer["bound"] for layer in found["layers"] if layer["macs"]} == {"compute"}
    flops = 2 * 416_520
    assert flops / 1e9 < found["totals"]["seconds"] < 1.2 * flops / 1e9
    found = costs(cnnspec, LENET, "--device", "peak=1PF bw=1MB/s")
    assert {layer["bound"] for layer in found["layers"]} == {"memory"}
    assert found["totals"]["seconds"] == pytest.approx(found["totals"]["moved_bytes"] / 1e6)


def test_a_name_leaves_the_batch_free(cnnspec: Run) -> None:
    memory = costs(cnnspec, LENET, "--batch", "N")["memory"]
    assert memory["inference"]["bytes"] == f"{2 * 6 * 28 * 28 * 4}·N"


def test_formulas(cnnspec: Run) -> None:
    found = costs(cnnspec, SPECS / "vgg16.cnn", "--symbolic", "--batch", "N")
    assert found["memory"]["inference"]["bytes"] == "512·H·N·W"
    assert found["memory"]["inference"]["layer"] == "relu1"
    assert found["layers"][0]["intensity"] is None


def test_the_table(cnnspec: Run) -> None:
    lines = cnnspec("costs", LENET, "--device", "peak=4TF bw=50GB/s").out.splitlines()
    conv2 = next(line.split() for line in lines if line.startswith("conv2"))
    assert conv2[-4:] == ["23.2", "memory", "415", "ns"]
    assert any(line.startswith("memory of training (momentum)") for line in lines)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--batch", "0"], "`--batch` takes a number from 1 on, or a name"),
        (["--batch", "1.5"], "`--batch` takes a number from 1 on, or a name"),
        (["--batch", "9" * 30], "`--batch` takes a number from 1 on, or a name"),
        (["--bits", "7"], "'7' is not one of"),
        (["--device", "fast"], "`--device`: `fast` cannot be read"),
        (["--device", "peak=4TF"], "`--device`: `bw` is missing"),
    ],
)
def test_mistakes_are_said(cnnspec: Run, arguments: list[str], said: str) -> None:
    result = cnnspec("costs", LENET, *arguments)
    assert result.code == 2
    assert "error[usage]" in result.err
    assert said in result.err
    assert result.out == ""


def test_nets_without_anything_to_compute(cnnspec: Run, spec: Write) -> None:
    found = costs(cnnspec, spec("net n:\n    input x: [3, 8, 8]\n    output it\n"))
    assert found["totals"]["training_macs"] == 0
    assert found["layers"] == []
    assert cnnspec("costs", spec("net n:\n    input x: [3, 8, 8]\n    output relu\n")).code == 0
