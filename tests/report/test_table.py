"""The table: what it says, how it folds repeats, and what it gives up on narrow terminals."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent
from typing import Any

import pytest

from cnnspec.diagnostics.legible import cells
from cnnspec.diagnostics.styled import plain_text
from cnnspec.report.view import View, renderer

Analyse = Callable[..., Any]

LENET = """
    net lenet5(classes = 10):
        \"\"\"LeCun et al. 1998.\"\"\"
        input image: [1, H = 32, W = 32]
        conv(6, 5)  -> tanh -> avgpool(2)
        conv(16, 5) -> tanh -> avgpool(2) as s4
        flatten -> linear(120)
        output linear(classes)
"""
DEEP = """
    block unit(c):
        conv(c, 3, pad=same, bias=false) -> bn -> relu

    net deep:
        input image: [3, 32, 32]
        unit(8)
        repeat 4:
            unit(8)
        repeat 3:
            conv(8, 3, pad=1) -> relu
        output global_avgpool -> flatten -> linear(10)
"""


def table(analysis: Any, width: int | None = None, depth: int | None = None) -> str:
    return plain_text(renderer("table")(View(analysis, "net.cnn", depth), width))


def layers(text: str) -> list[str]:
    """The lines between the rules."""
    lines = text.splitlines()
    first, last = (number for number, line in enumerate(lines) if line.startswith("─"))
    return lines[first + 1 : last]


def test_lenet_5_reads_like_the_table_in_a_lecture(analysis: Analyse) -> None:
    assert table(analysis(LENET)) == dedent("""\
        lenet5  image [1, 32, 32] → [10]
        LeCun et al. 1998.

        layer     operation     output        params     MACs  field  stride
        ────────────────────────────────────────────────────────────────────
        image     input         [1, 32, 32]                        1       1
        conv1     conv 6, 5×5   [6, 28, 28]      156  117,600      5       1
        tanh1     tanh          [6, 28, 28]                        5       1
        avgpool1  avgpool 2×2   [6, 14, 14]                        6       2
        conv2     conv 16, 5×5  [16, 10, 10]   2,416  240,000     14       2
        tanh2     tanh          [16, 10, 10]                      14       2
        s4        avgpool 2×2   [16, 5, 5]                        16       4
        flatten1  flatten       [400]                            all
        linear1   linear 120    [120]         48,120   48,000    all
        linear2   linear 10     [10]           1,210    1,200    all
        ────────────────────────────────────────────────────────────────────
        parameters         51,902  51.9 K
        MACs              406,800  407 K
        FLOPs             832,642  833 K
          multiply-add    813,600  814 K
          bias              6,434  6.43 K
          activation        6,304  6.30 K
          elementwise       6,304  6.30 K
        weights         207,608 B  203 KiB
        activations      62,952 B  61.5 KiB
          peak           37,632 B  36.8 KiB  at tanh1
        depth                   4  layers with weights
    """)


def test_repeats_are_folded_with_the_range_of_their_fields(analysis: Analyse) -> None:
    assert layers(table(analysis(DEEP))) == [
        "image                 input                         [3, 32, 32]                       1       1",
        "unit1                 unit(c=8)",
        "  conv1               conv 8, 3×3 pad same no bias  [8, 32, 32]     216  221,184      3       1",
        "  bn1                 bn                            [8, 32, 32]      16               3       1",
        "  relu1               relu                          [8, 32, 32]                       3       1",
        "unit2…5          × 4  unit(c=8)",
        "  conv1               conv 8, 3×3 pad same no bias  [8, 32, 32]     576  589,824   5…11       1",
        "  bn1                 bn                            [8, 32, 32]      16            5…11       1",
        "  relu1               relu                          [8, 32, 32]                    5…11       1",
        "conv1…3          × 3  conv 8, 3×3 pad 1             [8, 32, 32]     584  589,824  13…17       1",
        "relu1…3          × 3  relu                          [8, 32, 32]                   13…17       1",
        "global_avgpool1       global_avgpool                [8, 1, 1]                       all",
        "flatten1              flatten                       [8]                             all",
        "linear1               linear 10                     [10]             90       80    all",
    ]


def test_closed_blocks_show_their_sums_and_their_result(analysis: Analyse) -> None:
    text = table(analysis(DEEP), depth=0)
    assert "unit2…5" in text
    (folded,) = [line for line in layers(text) if line.startswith("unit2…5")]
    assert "[8, 32, 32]     592  589,824   5…11" in folded


def test_what_is_only_for_training_is_summed_apart(analysis: Analyse) -> None:
    text = table(
        analysis("""
            net two:
                input image: [1, 8, 8]
                conv(2, 3)
                training output side = flatten -> linear(3)
                output flatten -> linear(10)
        """)
    )
    assert text.endswith(
        dedent("""\
            training only
              parameters        219
              MACs              216
              FLOPs             435
        """)
    )


def test_formulas_take_the_place_of_numbers(analysis: Analyse) -> None:
    headless = LENET.replace("flatten -> linear(120)", "").replace("output linear(classes)", "")
    text = table(analysis(headless, symbolic=True))
    (conv2,) = [line for line in layers(text) if line.startswith("conv2")]
    assert "[16, ⌊(H − 12)/2⌋, ⌊(W − 12)/2⌋]" in conv2
    assert "2400·⌊(H − 12)/2⌋·⌊(W − 12)/2⌋" in conv2


@pytest.mark.parametrize("width", [40, 50, 60, 70, 80, 100, 120, None])
@pytest.mark.parametrize("spec", [LENET, DEEP])
def test_no_line_is_wider_than_the_terminal(analysis: Analyse, spec: str, width: int | None) -> None:
    lines = table(analysis(spec), width).splitlines()
    assert max(map(cells, lines)) <= (width or 200)


@pytest.mark.parametrize(
    ("width", "titles"),
    [
        (120, "layer operation output params MACs field stride"),
        (62, "layer operation output params MACs field"),
        (56, "layer operation output params MACs"),
        (44, "layer output params MACs"),
    ],
)
def test_columns_are_left_out_in_order(analysis: Analyse, width: int, titles: str) -> None:
    assert table(analysis(LENET), width).splitlines()[3].split() == titles.split()


def test_layers_and_sizes_survive_at_60_columns(analysis: Analyse) -> None:
    text = layers(table(analysis(DEEP), 60))
    for name, line in zip(["image", "unit1", "  conv1"], text, strict=False):
        assert line.startswith(name)
    assert "[8, 32, 32]" in text[2]
    assert "216" in text[2]


def test_a_net_without_layers_has_a_peak_nowhere(analysis: Analyse) -> None:
    text = table(analysis("net nothing:\n    input image: [3, 8, 8]\n    output it\n"))
    assert [line.split() for line in text.splitlines() if "peak" in line] == [["peak", "0", "B"]]


def test_shared_weights_say_whose_they_are(analysis: Analyse) -> None:
    text = table(
        analysis("""
            net twice:
                input image: [4, 8, 8]
                layer enc = conv(4, 3, pad=1)
                enc -> relu -> enc
        """)
    )
    rows = [line.split() for line in layers(text)]
    assert [row[0] for row in rows] == ["image", "enc", "relu1", "enc.1"]
    assert " = enc " in text
    assert "parameters          148\n" in text
