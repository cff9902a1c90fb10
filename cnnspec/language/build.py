"""Rules to syntax tree: one method for each rule or alternative that the grammar names."""

from __future__ import annotations

import re
from typing import NamedTuple

from cnnspec.diagnostics import Source, Span
from cnnspec.language import ast
from cnnspec.language.findings import Findings
from cnnspec.language.numbers import NumberProblem, read_number
from cnnspec.language.tokens import Token

Statements = tuple[ast.Statement, ...]


class Head(NamedTuple):
    """The first line of a definition."""

    span: Span
    kind: str
    name: Token
    params: tuple[ast.Param, ...]


class Body(NamedTuple):
    """What follows the head of a definition."""

    doc: str | None
    statements: Statements


class Branch(NamedTuple):
    """`elif condition:` with its body."""

    condition: ast.Expression
    body: Statements


class Broken:
    """A statement that could not be read; it leaves no trace in the tree."""


class Builder:
    """Makes the nodes. Values that cannot be read are reported and replaced, so that parsing goes on."""

    def __init__(self, source: Source, findings: Findings) -> None:
        self._source = source
        self._findings = findings

    def _span(self, token: Token) -> Span:
        return Span(self._source, token.start, token.end)

    # --- files and definitions

    def file(self, _span: Span, doc: str | None, *items: object) -> ast.File:
        return ast.File(
            self._source,
            doc,
            uses=tuple(item for item in items if isinstance(item, ast.Use)),
            assignments=tuple(item for item in items if isinstance(item, ast.Assign)),
            definitions=tuple(item for item in items if isinstance(item, ast.Definition)),
            expects=tuple(item for item in items if isinstance(item, ast.Expect)),
        )

    def use(self, span: Span, path: ast.String) -> ast.Use:
        return ast.Use(span, path.value, path.span)

    def use_std(self, span: Span, word: Token) -> ast.Use:
        return ast.Use(span, None, self._span(word))

    def definition(self, span: Span, head: Head, body: Body) -> ast.Definition:
        return ast.Definition(
            head.span,
            head.kind,
            head.name.text,
            self._span(head.name),
            head.params,
            body.doc,
            body.statements,
            is_complete=not self._findings.any_within(span),
        )

    def head(self, span: Span, kind: Token, name: Token, params: tuple[ast.Param, ...] | None) -> Head:
        return Head(span, kind.text, name, params or ())

    def parameters(self, _span: Span, *params: ast.Param) -> tuple[ast.Param, ...]:
        return params

    def parameter(self, span: Span, name: Token) -> ast.Param:
        return ast.Param(span, name.text, is_tensor=False, default=None)

    def parameter_tensor(self, span: Span, name: Token) -> ast.Param:
        return ast.Param(span, name.text, is_tensor=True, default=None)

    def parameter_default(self, span: Span, name: Token, default: ast.Expression) -> ast.Param:
        return ast.Param(span, name.text, is_tensor=False, default=default)

    def body(self, _span: Span, doc: str | None, *statements: ast.Statement | Broken) -> Body:
        return Body(doc, _sound(statements))

    def body_line(self, _span: Span, statement: ast.Statement) -> Body:
        return Body(None, (statement,))

    def doc(self, _span: Span, token: Token) -> str:
        return clean_doc(token.text[3:-3])

    # --- statements

    def suite(self, _span: Span, *statements: ast.Statement | Broken) -> Statements:
        return _sound(statements)

    def broken(self, _span: Span, *_parts: object) -> Broken:
        return Broken()

    def input(
        self, span: Span, name: Token, *rest: ast.InputDim | tuple[ast.Expression, ...] | None
    ) -> ast.Input:
        dims = tuple(part for part in rest if isinstance(part, ast.InputDim))
        where = next((part for part in rest if isinstance(part, tuple)), ())
        return ast.Input(span, name.text, self._span(name), dims, where)

    def dim(self, span: Span, value: ast.Expression) -> ast.InputDim:
        if isinstance(value, ast.Name):
            return ast.InputDim(span, value.name, None)
        return ast.InputDim(span, None, value)

    def dim_default(self, span: Span, symbol: Token, value: ast.Expression) -> ast.InputDim:
        return ast.InputDim(span, symbol.text, value)

    def where(self, _span: Span, *conditions: ast.Expression) -> tuple[ast.Expression, ...]:
        return conditions

    def output(
        self, span: Span, name: Token | None, value: ast.Expression, weight: ast.Expression | None
    ) -> ast.Output:
        return self._output(span, name, value, weight, training_only=False)

    def training_output(
        self, span: Span, name: Token | None, value: ast.Expression, weight: ast.Expression | None
    ) -> ast.Output:
        return self._output(span, name, value, weight, training_only=True)

    def _output(
        self,
        span: Span,
        name: Token | None,
        value: ast.Expression,
        weight: ast.Expression | None,
        *,
        training_only: bool,
    ) -> ast.Output:
        if name is None:
            return ast.Output(span, None, None, value, training_only, weight)
        return ast.Output(span, name.text, self._span(name), value, training_only, weight)

    def layer(self, span: Span, name: Token, value: ast.Expression) -> ast.LayerDefinition:
        return ast.LayerDefinition(span, name.text, self._span(name), value)

    def assign(self, span: Span, targets: tuple[ast.Target, ...], value: ast.Expression) -> ast.Assign:
        return ast.Assign(span, targets, value)

    def targets(self, _span: Span, *targets: ast.Target) -> tuple[ast.Target, ...]:
        return targets

    def target(self, span: Span, name: Token) -> ast.Target:
        return ast.Target(span, name.text)

    def expect(self, span: Span, condition: ast.Expression, within: ast.Expression | None) -> ast.Expect:
        return ast.Expect(span, condition, within)

    def flow(self, span: Span, value: ast.Expression) -> ast.Flow:
        return ast.Flow(span, value)

    def repeat(self, span: Span, count: ast.Expression, body: Statements) -> ast.Repeat:
        return ast.Repeat(span, count, body)

    def for_(
        self, span: Span, targets: tuple[ast.Target, ...], iterable: ast.Expression, body: Statements
    ) -> ast.For:
        return ast.For(span, targets, iterable, body)

    def if_(
        self, span: Span, condition: ast.Expression, body: Statements, *rest: Branch | Statements | None
    ) -> ast.If:
        branches = [(condition, body)]
        branches += [(part.condition, part.body) for part in rest if isinstance(part, Branch)]
        otherwise = rest[-1] if rest and not isinstance(rest[-1], Branch) else None
        return ast.If(span, tuple(branches), otherwise or ())

    def elif_(self, _span: Span, condition: ast.Expression, body: Statements) -> Branch:
        return Branch(condition, body)

    def else_(self, _span: Span, body: Statements) -> Statements:
        return body

    # --- expressions

    def pipeline(self, span: Span, *parts: ast.Stage | ast.Expression) -> ast.Pipeline:
        return ast.Pipeline(span, tuple(_stage(part) for part in parts))

    def labelled(self, span: Span, value: ast.Expression, label: Token) -> ast.Stage:
        return ast.Stage(span, value, label.text, self._span(label))

    def conditional(
        self, span: Span, then: ast.Expression, condition: ast.Expression, otherwise: ast.Expression
    ) -> ast.Conditional:
        return ast.Conditional(span, then, condition, otherwise)

    def binary(self, span: Span, left: ast.Expression, operator: Token, right: ast.Expression) -> ast.Binary:
        return ast.Binary(span, operator.text, self._span(operator), left, right)

    def unary(self, span: Span, operator: Token, operand: ast.Expression) -> ast.Unary:
        return ast.Unary(span, operator.text, operand)

    def comparison(self, span: Span, first: ast.Expression, *links: ast.Expression | Token) -> ast.Comparison:
        operators = [part.text for part in links if isinstance(part, Token)]
        operands = [part for part in links if not isinstance(part, Token)]
        return ast.Comparison(span, first, tuple(zip(operators, operands, strict=True)))

    def attribute(self, span: Span, base: ast.Expression, name: Token) -> ast.Attribute:
        return ast.Attribute(span, base, name.text, self._span(name))

    def index(self, span: Span, base: ast.Expression, index: ast.Expression) -> ast.Index:
        return ast.Index(span, base, index)

    def call(self, span: Span, callee: ast.Expression, *arguments: ast.Argument) -> ast.Call:
        return ast.Call(span, callee, arguments)

    def argument(self, span: Span, value: ast.Expression) -> ast.Argument:
        return ast.Argument(span, None, None, value)

    def argument_named(self, span: Span, name: Token, value: ast.Expression) -> ast.Argument:
        return ast.Argument(span, name.text, self._span(name), value)

    def sequence(self, span: Span, *items: ast.Expression) -> ast.Sequence:
        return ast.Sequence(span, items)

    def variable(self, span: Span, name: Token) -> ast.Name:
        return ast.Name(span, name.text)

    def hole(
        self, span: Span, name: Token | None, low: ast.Expression | None, high: ast.Expression | None
    ) -> ast.Hole:
        return ast.Hole(span, name.text if name else None, low, high)

    def string(self, span: Span, token: Token) -> ast.String:
        return ast.String(span, token.text[1:-1])

    def number(self, span: Span, token: Token) -> ast.Number:
        try:
            return ast.Number(span, read_number(token.text))
        except NumberProblem as problem:
            self._findings.add(problem.at(span))
            return ast.Number(span, 1)

    def sizes(self, span: Span, token: Token) -> ast.Sequence:
        items: list[ast.Expression] = []
        start = token.start
        for text in token.text.split("x"):
            end = start + len(text)
            items.append(self.number(Span(self._source, start, end), Token("NUMBER", text, start, end)))
            start = end + 1
        return ast.Sequence(span, tuple(items))


def _stage(part: ast.Stage | ast.Expression) -> ast.Stage:
    return part if isinstance(part, ast.Stage) else ast.Stage(part.span, part, None, None)


def _sound(statements: tuple[ast.Statement | Broken, ...]) -> Statements:
    return tuple(statement for statement in statements if not isinstance(statement, Broken))


def clean_doc(text: str) -> str:
    """A docstring without the indentation it shares and without empty lines at its ends."""
    first, *rest = re.split(r"\r\n?|\n", text.expandtabs())
    margin = min((len(line) - len(line.lstrip()) for line in rest if line.strip()), default=0)
    lines = [first.strip(), *(line[margin:].rstrip() for line in rest)]
    return "\n".join(lines).strip("\n")
