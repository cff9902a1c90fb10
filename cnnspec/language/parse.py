"""Source text to syntax tree: the automaton of the grammar, run over the tokens of the lexer."""

from __future__ import annotations

import keyword
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from cnnspec.diagnostics import Diagnostic, Source, Span
from cnnspec.language import ast
from cnnspec.language.build import Builder
from cnnspec.language.grammar import load_table
from cnnspec.language.lexer import Lexer, Token, Vocabulary, vocabulary
from cnnspec.language.table import END, Rule


@dataclass(frozen=True, slots=True)
class Parsed:
    """What was read. `file` is None where there is an error; `comments` are in order."""

    file: ast.File | None
    diagnostics: tuple[Diagnostic, ...]
    comments: tuple[Span, ...] = ()


def parse(source: Source) -> Parsed:
    """Read a source. Nothing is raised: mistakes are in `diagnostics`."""
    return _Parser(source).run()


class _Value(NamedTuple):
    """What a symbol on the stack stands for, and the characters it covers."""

    value: object
    start: int
    end: int
    depth: int


@cache
def _words() -> Vocabulary:
    return vocabulary(load_table())


class _Parser:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._table = load_table()
        self._lexer = Lexer(source, _words())
        self._builder = Builder(source)
        self._actions = [self._action(rule) for rule in self._table.rules]
        self._states = [self._table.start]
        self._values: list[_Value] = []
        self._diagnostics: list[Diagnostic] = []

    def _action(self, rule: Rule) -> Callable[..., object] | None:
        if rule.action is None:
            return None
        return getattr(self._builder, rule.action + "_" * keyword.iskeyword(rule.action))

    def run(self) -> Parsed:
        states = self._table.states
        token = self._lexer.next(states[self._states[-1]])
        while True:
            target = states[self._states[-1]].get(token.kind)
            if target is None:
                self._diagnostics.append(
                    Diagnostic(
                        "syntax", f"unexpected {token.text!r}", Span(self._source, token.start, token.end)
                    )
                )
                break
            if target >= 0:
                self._states.append(target)
                self._values.append(_Value(token, token.start, token.end, 0))
                token = self._lexer.next(states[target])
                continue
            self._reduce(~target)
            if token.kind == END and self._states[-1] == self._table.accept:
                break
        diagnostics = (*self._diagnostics, *self._builder.diagnostics, *self._lexer.diagnostics)
        file = self._values[0].value if self._values else None
        return Parsed(
            file if isinstance(file, ast.File) and not diagnostics else None,
            diagnostics,
            tuple(self._lexer.comments),
        )

    def _reduce(self, number: int) -> None:
        rule = self._table.rules[number]
        if not rule.is_pass_through:
            taken = self._values[len(self._values) - rule.size :]
            del self._values[len(self._values) - rule.size :]
            self._values.append(self._apply(rule, self._actions[number], taken))
        del self._states[len(self._states) - rule.size :]
        self._states.append(self._table.states[self._states[-1]][rule.origin])

    def _apply(self, rule: Rule, action: Callable[..., object] | None, taken: list[_Value]) -> _Value:
        start = taken[0].start if taken else self._lexer_position()
        end = taken[-1].end if taken else start
        children: list[object] = []
        for slot in rule.children:
            if slot is None:
                children.append(None)
            elif slot >= 0:
                children.append(taken[slot].value)
            else:
                children.extend(taken[~slot].value)  # type: ignore[arg-type]
        if action is None:
            return _Value(children[0] if rule.collapse else children, start, end, 0)
        return _Value(action(Span(self._source, start, end), *children), start, end, 0)

    def _lexer_position(self) -> int:
        return self._values[-1].end if self._values else 0
