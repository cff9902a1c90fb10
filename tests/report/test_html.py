"""What notebooks show."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import cnnspec
from cnnspec.report.html import render_html

Analyse = Callable[..., Any]

NET = '''
    net lenet5(classes = 10):
        """LeCun & co <1998>."""
        input image: [1, H = 32, W = 32]
        repeat 3:
            conv(6, 5) -> relu
        training output side = global_avgpool -> flatten -> linear(3)
        output global_avgpool -> flatten -> linear(classes)
'''


class Texts(HTMLParser):
    """The text of every table cell, row by row; fails on tags that do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.rows: list[list[str]] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data


def test_the_fragment_is_the_table(analysis: Analyse) -> None:
    rows = Texts(render_html(analysis(NET))).rows
    assert rows[0] == ["layer", "", "operation", "output", "params", "MACs", "field", "stride"]
    assert rows[1] == ["image", "", "input", "[1, 32, 32]", "", "", "1", "1"]
    assert ["linear2", "", "linear 10", "[10]", "70", "60", "all", ""] in rows
    assert ["parameters", "2,059", "2.06 K"] in rows


def test_repeats_are_folded_and_formulas_shown(analysis: Analyse) -> None:
    text = NET.replace("repeat 3", "repeat 4").replace("5)", "5, pad=same)")
    rows = Texts(render_html(analysis(text, symbolic=True))).rows
    assert ["conv2…4", "× 3", "conv 6, 5×5 pad same", "[6, H, W]", "906", "900·H·W", "9…17", "1"] in rows


def test_what_a_spec_says_is_escaped(analysis: Analyse) -> None:
    text = render_html(analysis(NET))
    assert "LeCun &amp; co &lt;1998&gt;." in text
    assert "<1998>" not in text


def test_notebooks_find_it() -> None:
    net = cnnspec.loads("net a:\n    input x: [1, 8, 8]\n    conv(2, 3)\n").net()
    assert net._repr_html_() == render_html(net.analysis)
    assert net.analysis._repr_html_() == render_html(net.analysis)
