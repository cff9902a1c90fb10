"""What `explain` says: formulas with the numbers put in, which are true."""

from __future__ import annotations

import re

import pytest
from layers.applying import BrokenError, apply, make
from layers.torch_oracle import ORACLES

from cnnspec.dims import symbol
from cnnspec.layers import LAYERS, Derivation

H, W = symbol("H"), symbol("W")


def derivations(word: str, *values: object, on: tuple[object, ...], **named: object) -> dict[str, Derivation]:
    applied = apply(make(word, *values, **named), on)  # type: ignore[arg-type]
    return {line.what: line for line in applied.layer.derive((on,), applied.outputs)}  # type: ignore[arg-type]


def test_alexnets_first_layer() -> None:
    lines = derivations("conv", 96, 11, 4, on=(3, 227, 227))
    assert lines["height"] == Derivation("height", "⌊(n − k + 2·p)/s⌋ + 1", "⌊(227 − 11 + 2·0)/4⌋ + 1", "55")
    assert lines["parameters"] == Derivation("parameters", "out·in·k·k + out", "96·3·11·11 + 96", "34,944")
    assert lines["MACs"] == Derivation("MACs", "outputs·in·k·k", "96·55·55·3·11·11", "105,415,200")


def test_each_padding_has_its_formula() -> None:
    assert derivations("conv", 8, 3, 2, "same", on=(3, 9))["length"].formula == "⌈n/s⌉"
    assert derivations("conv", 8, 3, 2, ((1, 2),), on=(3, 9))["length"].numbers == "⌊(9 − 3 + 1 + 2)/2⌋ + 1"
    dilated = derivations("conv", 8, 3, dilation=2, on=(3, 9))["length"]
    assert dilated.formula == "⌊(n − (d·(k − 1) + 1) + 2·p)/s⌋ + 1"
    assert dilated.numbers == "⌊(9 − (2·(3 − 1) + 1) + 2·0)/1⌋ + 1"
    ceiled = derivations("maxpool", 3, 2, ceil=True, on=(3, 8))["length"]
    assert ceiled.numbers == "⌊(8 + min(2·0 − 3 + 2 − 1, 0 − 1))/2⌋ + 1"
    assert ceiled.value == "4"


def test_symbols_stand_in_the_numbers() -> None:
    lines = derivations("conv", 8, 3, 2, 1, on=(3, (H + 1) // 2, H + W))
    assert lines["height"].numbers == "⌊(⌊(H + 1)/2⌋ − 3 + 2·1)/2⌋ + 1"
    assert lines["height"].value == "⌊(H + 3)/4⌋"
    assert lines["width"].numbers == "⌊((H + W) − 3 + 2·1)/2⌋ + 1"


def test_other_layers_explain_themselves() -> None:
    assert derivations("linear", 10, on=(84,))["parameters"].numbers == "10·84 + 10"
    assert derivations("bn", on=(64, 8, 8))["parameters"].value == "128"
    assert derivations("flatten", on=(256, 6, 6))["features"].numbers == "256·6·6"
    assert derivations("flatten", on=(256, 6, 6))["features"].value == "9,216"
    grouped = derivations("conv", 8, 3, groups=2, bias=False, on=(4, 9))["parameters"]
    assert (grouped.formula, grouped.numbers) == ("out·(in/groups)·k", "8·2·3")


@pytest.mark.parametrize("word", LAYERS)
def test_the_numbers_come_out_as_the_value(word: str) -> None:
    for case in ORACLES[word]():
        try:
            applied = apply(make(word, **case.arguments), *case.shapes)
        except BrokenError:
            continue
        for line in applied.layer.derive(case.shapes, applied.outputs):
            assert calculated(line.numbers) == int(line.value.replace(",", "")), (case, line)


def calculated(text: str) -> int:
    """The value of a formula without letters."""
    python = re.sub(r"⌈(\d+)/(\d+)⌉", r"-(-\1/\2)", text)
    for sign, operator in {"⌊": "(", "⌋": ")", "/": "//", "·": "*", "−": "-"}.items():
        python = python.replace(sign, operator)
    return eval(python, {"__builtins__": {}}, {"min": min})  # noqa: S307 - the text is our own
