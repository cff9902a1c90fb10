"""From a layer of the graph back to the text: its word, its arguments, and edits of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from cnnspec.diagnostics import Edit, Source, Span
from cnnspec.graph import Node
from cnnspec.language import ast
from cnnspec.language.spec import Spec, Unit
from cnnspec.layers import LAYERS, signature
from cnnspec.layers.arguments import FLAG

Written = ast.Call | ast.Name | ast.Binary
"""How a layer can be written."""

_NOWHERE = Span(Source("", ""), 0, 0)


@dataclass(frozen=True, slots=True)
class _Step:
    """A stage with the one before it in its pipeline."""

    before: ast.Stage
    stage: ast.Stage


@dataclass(frozen=True)
class Places:
    """The expressions of a spec by their spans; the index is made when it is first asked."""

    spec: Spec

    @cached_property
    def _written(self) -> dict[Span, Written]:
        return {node.span: node for node in self._nodes() if isinstance(node, Written)}

    @cached_property
    def _steps(self) -> dict[Span, _Step]:
        return {
            after.value.span: _Step(before, after)
            for node in self._nodes()
            if isinstance(node, ast.Pipeline)
            for before, after in zip(node.stages, node.stages[1:], strict=False)
        }

    def _nodes(self) -> Iterator[ast.Node]:
        for unit in units(self.spec.main):
            for definition in unit.file.definitions:
                yield from ast.walk(definition)

    def word(self, node: Node) -> Span:
        """The word of a layer; of `a + b` the operator."""
        match self._of(node):
            case ast.Call(callee=callee):
                return callee.span
            case ast.Binary(operator_span=span):
                return span
            case _:
                return node.origin.span or _NOWHERE

    def argument(self, node: Node, name: str) -> ast.Argument | None:
        """The argument that a layer is written with, by name, by position or as a bare flag."""
        written = self._of(node)
        if not isinstance(written, ast.Call) or node.word not in LAYERS:
            return None
        known = signature(LAYERS[node.word])
        flags = {parameter.name for parameter in known if parameter.kind is FLAG}
        positions = iter([parameter.name for parameter in known])
        for argument in written.arguments:
            bare = argument.value.name if isinstance(argument.value, ast.Name) else None
            given = argument.name or (bare if bare in flags else next(positions, None))
            if given == name:
                return argument
        return None

    def value(self, node: Node, name: str) -> Span:
        """The value of an argument, or the word where it was left out."""
        argument = self.argument(node, name)
        return argument.value.span if argument else self.word(node)

    def setting(self, node: Node, name: str, value: str) -> tuple[Edit, ...]:
        """The edit that gives an argument a value; none where what is written depends on other things."""
        written, argument = self._of(node), self.argument(node, name)
        if argument is not None:
            return (Edit(argument.span, f"{name}={value}"),) if self._is_literal(argument) else ()
        if isinstance(written, ast.Name):
            return (Edit(_end(written.span), f"({name}={value})"),)
        return _inserted(written, f"{name}={value}") if isinstance(written, ast.Call) else ()

    def _is_literal(self, argument: ast.Argument) -> bool:
        """Whether the value stands there itself, and is no name that something else is bound to."""
        value = argument.value
        return isinstance(value, ast.Number) or (
            isinstance(value, ast.Name) and value.name not in self._bound
        )

    @cached_property
    def _bound(self) -> set[str]:
        """Every name that a parameter or an assignment binds somewhere in the spec."""
        nodes = [*self._nodes()]
        for unit in units(self.spec.main):
            for assignment in unit.file.assignments:
                nodes += assignment.targets
        return {node.name for node in nodes if isinstance(node, ast.Param | ast.Target)}

    def removal(self, node: Node) -> tuple[Edit, ...]:
        """The edit that takes a stage out of its pipeline; none for a first or labelled one."""
        step = self._steps.get(node.origin.span) if node.origin.span else None
        if step is None or step.stage.label is not None:
            return ()
        source, start, end = step.stage.span.source, step.before.span.end, step.stage.span.end
        between = source.text[start : step.stage.span.start]
        return (Edit(Span(source, start, end), ""),) if between.strip() == "->" else ()

    def _of(self, node: Node) -> Written | None:
        return self._written.get(node.origin.span) if node.origin.span else None


def units(main: Unit) -> Iterator[Unit]:
    """A file and all files that it uses, each once."""
    waiting, seen = [main], {id(main)}
    while waiting:
        unit = waiting.pop()
        yield unit
        fresh = [used for used in unit.used if id(used) not in seen]
        seen.update(map(id, fresh))
        waiting += fresh


def whole_lines(span: Span) -> tuple[Edit, ...]:
    """The edit that removes the lines of a statement; none where something else stands on them."""
    source, text = span.source, span.source.text
    first, last = span.line, source.position(max(span.start, span.end - 1))[0]
    start = source.line_starts[first - 1]
    stop = source.line_starts[last] if last < len(source.line_starts) else len(text)
    alone = not text[start : span.start].strip() and not text[span.end : stop].strip()
    return (Edit(Span(source, start, stop), ""),) if alone else ()


def _inserted(call: ast.Call, text: str) -> tuple[Edit, ...]:
    """One more argument behind the last one."""
    close = Span(call.span.source, call.span.end - 1, call.span.end - 1)
    if not call.arguments:
        return (Edit(close, text),)
    last = call.arguments[-1].span
    rest = call.span.source.text[last.end : close.start].strip()
    if rest in ("", ","):
        return (Edit(_end(last), f", {text}"),)
    return (Edit(close, f", {text}"),) if set(rest) == {")"} else ()


def _end(span: Span) -> Span:
    return Span(span.source, span.end, span.end)
