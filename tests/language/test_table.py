"""The grammar's table: what Lark makes of the grammar, and nothing else."""

from __future__ import annotations

import json
import logging

import lark
import pytest
from language.test_parse_samples import BLOCKS, INCEPTION, LENET, RESNET

from cnnspec.diagnostics import Source
from cnnspec.language.automaton import Automaton
from cnnspec.language.build import Builder
from cnnspec.language.findings import Findings
from cnnspec.language.grammar import grammar_text, load_table
from cnnspec.language.lexer import Lexer
from cnnspec.language.table import END, START, compile_grammar, from_json, to_json
from cnnspec.language.tokens import Token, Vocabulary

EVERYTHING = '''\
"""Doc."""
use std
use "a.cnn"
n, m = [3x5, 1%]
block f(a, b = 2, t: tensor): relu as r
net x():
    """Doc."""
    input i: [3, H, W = 2] where H > 1, W % 2 == 0
    training output aux = relu -> tanh as t weight 0.3
    layer enc = conv(1, k=2)
    if a < b <= c: relu
    elif not a or b and c: tanh
    else:
        for p, q in [(1, 2), ()]:
            repeat -2 ** 3: enc[0].x(?, ?k in 1..(n))
    x = a if b else c // 2 - 1
    output it
    expect params == 1 within 1%
expect x.params == "a"
'''


class Recorder:
    """A builder that writes down what it is told, as Lark's tree does."""

    def __getattr__(self, action: str) -> object:
        return lambda _span, *children: (action.removesuffix("_"), *children)


def plain(node: object) -> object:
    """A tree of Lark's, or of the recorder, as nested tuples of texts."""
    match node:
        case lark.Tree():
            return (str(node.data), *(plain(child) for child in node.children))
        case Token(text=text):
            return text
        case tuple():
            return tuple(plain(child) for child in node)
        case str():
            return str(node)
        case _:
            return node


def tokens_and_tree(text: str) -> tuple[list[Token], object]:
    """What the lexer reads, and what the automaton makes of it."""
    source, table = Source("x.cnn", text), load_table()
    lexer = Lexer(source, Vocabulary.of(table), Findings())
    automaton = Automaton(table, Recorder(), source)
    tokens: list[Token] = []
    while not tokens or tokens[-1].kind != END:
        tokens.append(lexer.next(automaton.fits))
        assert automaton.feed(tokens[-1])
    return tokens, automaton.result


@pytest.mark.parametrize("text", [LENET, RESNET, INCEPTION, BLOCKS, EVERYTHING, ""])
def test_the_automaton_builds_the_tree_that_lark_builds(text: str) -> None:
    tokens, tree = tokens_and_tree(text)
    reference = lark.Lark(
        grammar_text(), parser="lalr", start=START, maybe_placeholders=True
    ).parse_interactive("")
    for token in tokens[:-1]:
        reference.feed_token(lark.Token(token.kind, token.text))
    assert plain(tree) == plain(reference.feed_token(lark.Token(END, "")))


def test_the_grammar_has_no_conflicts(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lark settles conflicts between shift and reduce in silence, and says so only when debugging."""
    monkeypatch.setattr(lark.logger, "propagate", True)
    with caplog.at_level(logging.DEBUG, logger=lark.logger.name):
        lark.Lark('start: "a" start "a" | "a" start | "b"', parser="lalr", debug=True)
        assert "Shift/Reduce" in caplog.text
        caplog.clear()
        lark.Lark(grammar_text(), parser="lalr", start=START, debug=True)
    assert "Shift/Reduce" not in caplog.text


def test_every_rule_has_its_method_and_every_method_its_rule() -> None:
    actions = {rule.action for rule in load_table().rules if rule.action}
    methods = {name.removesuffix("_") for name in vars(Builder) if not name.startswith("_")}
    assert methods == actions


def test_the_table_is_json() -> None:
    table = compile_grammar(grammar_text())
    assert from_json(json.loads(json.dumps(to_json(table)))) == table
