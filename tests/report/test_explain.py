"""Explanations: each number with the formula it comes from."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent
from typing import Any

import pytest

from cnnspec.diagnostics.styled import plain_text
from cnnspec.report.explain import explain

Analyse = Callable[..., Any]

NET = """
    block unit(c):
        skip = conv(c, 1)
        conv(c, 3, pad=1) -> bn -> relu
        it + skip

    net small:
        input image: [3, 227, 227]
        conv(96, 11, stride=4) -> maxpool(3, 2)
        unit(8) -> conv_transpose(4, 2, 2)
        output global_avgpool -> flatten -> linear(10)
"""


def explained(analysis: Any, path: str, width: int | None = None) -> str:
    return plain_text(explain(analysis, analysis.by_path[path], width))


def test_the_first_layer_of_alexnet_as_on_the_blackboard(analysis: Analyse) -> None:
    assert explained(analysis(NET), "conv1") == dedent("""\
        conv1  conv(96, 11, 4)
          written at net.cnn:9:5
          [3, 227, 227] → [96, 55, 55]

          height               ⌊(n − k + 2·p)/s⌋ + 1  = ⌊(227 − 11 + 2·0)/4⌋ + 1  = 55
          width                ⌊(n − k + 2·p)/s⌋ + 1  = ⌊(227 − 11 + 2·0)/4⌋ + 1  = 55
          parameters           out·in·k·k + out       = 96·3·11·11 + 96           = 34,944
          MACs                 outputs·in·k·k         = 96·55·55·3·11·11          = 105,415,200
          FLOPs, multiply-add  2·MACs                 = 2·105,415,200             = 210,830,400
          FLOPs, bias                                                             = 290,400
          activations          4 bytes an element     = 4·96·55·55                = 1.11 MiB
          receptive field      r + (e − 1)·j          = 1 + (11 − 1)·1            = 11
          stride               j·s                    = 1·4                       = 4

          weight  [96, 3, 11, 11]  34,848  starts from kaiming, fan-in 363
          bias    [96]                 96  starts from zeros
    """)


def test_a_layer_in_a_block_says_where_the_block_was_used(analysis: Analyse) -> None:
    text = explained(analysis(NET), "unit1.bn1")
    assert "\n  written at net.cnn:4:26\n  in unit(c=8), used at net.cnn:10:5\n" in text
    assert "not trained" in text


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("maxpool1", "receptive field r + (e − 1)·j = 11 + (3 − 1)·4 = 19"),
        ("maxpool1", "stride j·s = 4·2 = 8"),
        ("unit1.relu1", "receptive field unchanged = 35"),
        ("unit1.add1", "receptive field of all branches = 35, 19 = 35"),
        ("unit1.add1", "smallest field of one branch = 19"),
        ("conv_transpose1", "stride j·s = 8·(1/2) = 4"),
        ("global_avgpool1", "receptive field the whole input = 227"),
        ("linear1", "parameters out·in + out = 10·4 + 10 = 50"),
    ],
)
def test_every_step_has_its_numbers_put_in(analysis: Analyse, path: str, line: str) -> None:
    lines = [" ".join(text.split()) for text in explained(analysis(NET), path).splitlines()]
    assert line in lines


def test_axes_that_differ_are_explained_apart(analysis: Analyse) -> None:
    text = explained(
        analysis("""
            net flat:
                input image: [1, 20, 30]
                conv(1, 3x5, stride=(1, 2))
        """),
        "conv1",
    )
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "receptive field (height) r + (e − 1)·j = 1 + (3 − 1)·1 = 3" in lines
    assert "receptive field (width) r + (e − 1)·j = 1 + (5 − 1)·1 = 5" in lines
    assert "stride (width) j·s = 1·2 = 2" in lines


def test_the_input_is_what_it_is(analysis: Analyse) -> None:
    assert "receptive field" not in explained(analysis(NET), "image")


def test_narrow_terminals_do_without_the_letters(analysis: Analyse) -> None:
    text = explained(analysis(NET), "conv1", 70)
    assert "out·in·k·k" not in text
    assert "= 96·3·11·11 + 96" in text
    assert max(map(len, text.splitlines())) <= 70
    assert max(map(len, explained(analysis(NET), "conv1", 50).splitlines())) <= 50


def test_formulas_have_symbols_put_in(analysis: Analyse) -> None:
    text = explained(analysis(NET.replace("227, 227", "H = 227, W = 227"), symbolic=True), "conv1")
    assert "= ⌊(H − 11 + 2·0)/4⌋ + 1" in text
    assert "= ⌊(H − 7)/4⌋" in text
