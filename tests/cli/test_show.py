"""`cnnspec show` and `cnnspec explain` as commands; what they print is held in tests/report."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
Write = Callable[..., Path]

NETS = """\
net first(classes = 10, alpha = 0.5):
    input image: [1, H = 8, W = 8]
    conv(8*alpha, 3) -> relu
    output global_avgpool -> flatten -> linear(classes)

net second:
    input image: [1, 8, 8]
    conv(2, 3)
"""


def shown(cnnspec: Run, *arguments: Any) -> dict[str, Any]:
    result = cnnspec("show", *arguments, "--format", "json")
    assert (result.code, result.err) == (0, "")
    return json.loads(result.out)


def test_the_first_net_is_shown_unless_another_is_named(cnnspec: Run, spec: Write) -> None:
    path = spec(NETS)
    assert shown(cnnspec, path)["net"] == "first"
    assert shown(cnnspec, path, "--net", "second")["net"] == "second"


def test_a_net_that_is_not_there_is_trouble(cnnspec: Run, spec: Write) -> None:
    result = cnnspec("show", spec(NETS), "--net", "secnd")
    assert result.code == 2
    assert "error[unknown-net]" in result.err
    assert "did you mean `second`?" in result.err


@pytest.mark.parametrize(
    ("settings", "layer", "output"),
    [
        (["H=16"], 1, [4, 14, 6]),
        (["H=16", "W=32"], 1, [4, 14, 30]),
        (["H=1K", "W=8"], 1, [4, 998, 6]),
        (["alpha=0.75"], 1, [6, 6, 6]),
        (["alpha=3/4"], 1, [6, 6, 6]),
        (["alpha=75%"], 1, [6, 6, 6]),
        (["classes=3"], -1, [3]),
        (["classes=1_000"], -1, [1000]),
        (["classes"], -1, ["classes"]),
        (["H"], 1, [4, "H − 2", 6]),
    ],
)
def test_settings_bind_symbols_and_parameters(
    cnnspec: Run, spec: Write, settings: list[str], layer: int, output: list[Any]
) -> None:
    options = [word for setting in settings for word in ("-s", setting)]
    assert shown(cnnspec, spec(NETS), *options)["layers"][layer]["output"] == output


@pytest.mark.parametrize(
    "setting",
    [
        "",
        "=3",
        "H=",
        "H=x",
        "H=1.2.3",
        "H=--3",
        "H=1/0",
        "H=1/2/3",
        "H=0x10",
        "H=inf",
        "H=nan",
        "H=٣",
        "H=1e999999999999",
        "H=10**10**10",
        "H=__import__('os')",
        "H=" + "9" * 100_000,
        "3=H",
        "a b=3",
        "H\x1b[2J=3",
        "H=\x1b[2J",
    ],
)
def test_what_is_no_setting_is_refused(cnnspec: Run, spec: Write, setting: str) -> None:
    result = cnnspec("show", spec(NETS), "-s", setting)
    assert result.code == 2
    assert result.err.startswith("error[usage]: `-s ")
    assert "\x1b" not in result.err
    assert len(result.err) < 400


@pytest.mark.parametrize("setting", ["Q=3", "clases=3"])
def test_a_name_that_the_net_does_not_have_is_trouble(cnnspec: Run, spec: Write, setting: str) -> None:
    result = cnnspec("show", spec(NETS), "-s", setting)
    assert result.code == 2
    assert "error[unknown-name]" in result.err


@pytest.mark.parametrize("setting", ["H=-5", "H=0", "H=2", "H=2.5", "classes=0"])
def test_a_size_that_does_not_fit_is_a_finding(cnnspec: Run, spec: Write, setting: str) -> None:
    result = cnnspec("show", spec(NETS), "-s", setting)
    assert result.code == 1, result.err
    assert result.out == ""
    assert " --> " in result.err


def test_a_wrong_spec_is_a_finding_on_the_standard_error(cnnspec: Run, spec: Write) -> None:
    for command in (["show"], ["explain", "conv1"]):
        result = cnnspec(command[0], spec(NETS.replace("relu", "rleu")), *command[1:])
        assert (result.code, result.out) == (1, "")
        assert "error[unknown-layer]" in result.err


def test_the_standard_input_is_a_spec_too(cnnspec: Run) -> None:
    assert cnnspec("show", "-", stdin=NETS.encode()).out.startswith("first  image [1, 8, 8] → [10]\n")


def test_symbols_can_be_left_free(cnnspec: Run, spec: Write) -> None:
    document = shown(cnnspec, spec(NETS), "--symbolic")
    assert document["symbols"] == ["H", "W"]
    assert document["layers"][1]["macs"] == "36·(H − 2)·(W − 2)"


def test_the_width_of_the_terminal_is_kept(
    cnnspec: Run, spec: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    monkeypatch.chdir(spec(NETS).parent)
    for command in (["show"], ["explain", "conv1"]):
        out = cnnspec(command[0], "net.cnn", *command[1:]).out
        assert max(map(len, out.splitlines())) <= 50


def test_explain_takes_a_layer_a_block_or_a_pattern(cnnspec: Run) -> None:
    path = "specs/resnet50.cnn"

    def heads(layer: str) -> list[str]:
        lines = cnnspec("explain", path, layer).out.splitlines()
        return [line.split()[0] for line in lines if line and not line.startswith(" ")]

    assert heads("conv_bn1.conv1") == ["conv_bn1.conv1"]
    assert heads("conv_bn1") == ["conv_bn1.conv1", "conv_bn1.bn1", "conv_bn1.relu1"]
    assert heads("*[14].add1") == [
        "bottleneck1.add1",
        "bottleneck4.add1",
        "bottleneck11.add1",
        "bottleneck14.add1",
    ]


def test_explain_knows_labels(cnnspec: Run) -> None:
    assert cnnspec("explain", "specs/lenet5.cnn", "s4").out.startswith("s4  avgpool(2)\n")


def test_explain_suggests_the_layer_that_was_meant(cnnspec: Run) -> None:
    result = cnnspec("explain", "specs/lenet5.cnn", "cnv1")
    assert result.code == 2
    assert result.err == "error[usage]: lenet5 has no layer `cnv1`\n   = help: did you mean `conv1`?\n"
    assert "`cnnspec show SPEC` lists" in cnnspec("explain", "specs/lenet5.cnn", "nothing-like-it").err
