"""Statements, carried out one after the other: what moves the main line, what binds names, what repeats."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from cnnspec.diagnostics import Help, Label, Span
from cnnspec.graph import Expectation, Output, Tensor
from cnnspec.language import ast, limits
from cnnspec.language.evaluate import decided, evaluate, whole_number
from cnnspec.language.inputs import add_input
from cnnspec.language.names import is_transformation
from cnnspec.language.tensors import as_tensor
from cnnspec.language.transformations import deferred
from cnnspec.language.values import (
    UNKNOWN,
    UNNAMED,
    Outputs,
    Sharing,
    Transformation,
    Unknown,
    Value,
    describe,
)

if TYPE_CHECKING:
    from cnnspec.language.body import BodyScope


GREATEST_WEIGHT = 1_000_000
"""The greatest weight of an output in the loss."""


def run_body(body: Iterable[ast.Statement], scope: BodyScope) -> None:
    """Carry out statements; what they bind and the main line stay in the scope."""
    for statement in body:
        scope.expansion.step(scope, statement.span)
        scope.enter(statement.span)
        _RULES[type(statement)](statement, scope)
        scope.leave()


def result_of(body: BodyScope, name: str) -> Value:
    """What a block gives: its outputs if it names any, else its main line."""
    if not body.outputs:
        return UNKNOWN if body.main is None else body.main
    return Outputs(name, dict(body.outputs))


def _look_at(body: Iterable[ast.Statement], scope: BodyScope) -> None:
    """Leave nothing known behind of statements that it is not known whether to carry out."""
    body = tuple(body)
    if scope.expansion.is_blind:
        run_body(body, replace(scope, outputs={}))
    _poison(body, scope)


def _poison(body: Iterable[ast.Statement], scope: BodyScope) -> None:
    for statement in body:
        for inner in _bodies(statement):
            _poison(inner, scope)
        scope.values.update(dict.fromkeys(_bound_by(statement), UNKNOWN))
    scope.main = UNKNOWN


def _bodies(statement: ast.Statement) -> Iterator[tuple[ast.Statement, ...]]:
    match statement:
        case ast.If():
            yield from (body for _, body in statement.branches)
            yield statement.otherwise
        case ast.For() | ast.Repeat():
            yield statement.body
        case _:
            return


def _bound_by(statement: ast.Statement) -> Iterator[str]:
    match statement:
        case ast.Assign() | ast.For():
            yield from (target.name for target in statement.targets)
        case ast.LayerDefinition() | ast.Input():
            yield statement.name
        case ast.Output() if statement.name:
            yield statement.name
        case _:
            return


# --- one rule a kind of statement ---------------------------------------------------------------------------


def _flow(node: ast.Flow, scope: BodyScope) -> None:
    value = evaluate(node.value, scope)
    if isinstance(value, Tensor | Outputs | Unknown) or _is_tensors(value):
        scope.main = value
        return
    way_out = (
        Help("to apply it, give it a name first, `name = …`, and write that name")
        if isinstance(value, Transformation)
        else Help("a line by itself is a step of the main line; to name a value write `name = …`")
    )
    message = f"this line gives {describe(value)}, not a tensor"
    scope.report("not-a-tensor", message, node.span, help=way_out)
    scope.main = UNKNOWN


def _is_tensors(value: Value) -> bool:
    return (
        isinstance(value, tuple) and bool(value) and all(isinstance(item, Tensor | Unknown) for item in value)
    )


def _assign(node: ast.Assign, scope: BodyScope) -> None:
    value = evaluate(node.value, scope)
    names = [target.name for target in node.targets]
    if len(names) == 1:
        scope.values[names[0]] = value
        return
    _unpack(node.targets, value, scope, node.value.span)


def _unpack(targets: tuple[ast.Target, ...], value: Value, scope: BodyScope, span: Span) -> None:
    items = tuple(value.named.values()) if isinstance(value, Outputs) else value
    if isinstance(items, tuple) and len(items) == len(targets):
        scope.values.update(zip((target.name for target in targets), items, strict=True))
        return
    if not isinstance(items, Unknown):
        given = f"{len(items)} values" if isinstance(items, tuple) else describe(items)
        message = f"{len(targets)} names cannot share {given}"
        labels = (Label(span, given),)
        scope.report("unpack-count", message, targets[0].span.to(targets[-1].span), labels=labels)
    scope.values.update((target.name, UNKNOWN) for target in targets)


def _layer(node: ast.LayerDefinition, scope: BodyScope) -> None:
    if not is_transformation(scope, node.value):
        value = evaluate(node.value, scope)
        if value is not UNKNOWN:
            message = f"`layer` names a layer, a block or a pipeline of them, not {describe(value)}"
            scope.report("type-mismatch", message, node.value.span)
        scope.values[node.name] = UNKNOWN
        return
    sharing = Sharing(*scope.namer.path(node.name, node.name))
    scope.values[node.name] = deferred(scope, node.value, node.name, sharing)


def _output(node: ast.Output, scope: BodyScope) -> None:
    tensor = as_tensor(scope, evaluate(node.value, scope), node.value.span)
    weight = _loss_weight(node, scope)
    name = node.name or UNNAMED
    if node.name:
        scope.values[node.name] = tensor
    if not node.training_only:
        if name in scope.outputs:
            message = f"two outputs are called `{name}`" if node.name else "two outputs have no name"
            way_out = Help("write `output name = …` for one of them")
            scope.report("duplicate-name", message, node.name_span or node.span, help=way_out)
        scope.outputs[name] = tensor
    if isinstance(tensor, Tensor) and (node.training_only or scope.is_net):
        full = scope.namer.prefix + name
        scope.expansion.graph.outputs.append(Output(full, tensor, node.training_only, weight))


def _loss_weight(node: ast.Output, scope: BodyScope) -> float:
    if node.loss_weight is None:
        return 1.0
    value = evaluate(node.loss_weight, scope)
    if isinstance(value, int | Fraction) and not isinstance(value, bool) and 0 <= value <= GREATEST_WEIGHT:
        if not scope.is_net and not node.training_only:
            message = "only the outputs of a net and training outputs have a weight in the loss"
            scope.report("type-mismatch", message, node.loss_weight.span)
        return float(value)
    if value is not UNKNOWN:
        message = f"a weight in the loss is a number from 0 to {GREATEST_WEIGHT:,}, not {describe(value)}"
        scope.report("bad-argument", message, node.loss_weight.span)
    return 1.0


def _repeat(node: ast.Repeat, scope: BodyScope) -> None:
    count = whole_number(node.count, scope, "the count of `repeat`")
    if isinstance(count, Unknown) or (count == 0 and scope.expansion.is_blind):
        _look_at(node.body, scope)
        return
    if count < 0:
        scope.report("bad-argument", f"nothing can be repeated {count} times", node.count.span)
    if count > limits.MAX_REPETITIONS:
        scope.refuse(
            f"{count:,} repetitions are more than the limit of {limits.MAX_REPETITIONS:,}", node.count.span
        )
    for _ in range(count):
        run_body(node.body, scope)


def _for(node: ast.For, scope: BodyScope) -> None:
    value = evaluate(node.iterable, scope)
    items = tuple(value.named.values()) if isinstance(value, Outputs) else value
    if not isinstance(items, tuple | Unknown):
        message = f"`for` goes through a list, not {describe(value)}"
        scope.report("not-a-list", message, node.iterable.span)
    if not isinstance(items, tuple) or (not items and scope.expansion.is_blind):
        scope.values.update((target.name, UNKNOWN) for target in node.targets)
        _look_at(node.body, scope)
        return
    for item in items:
        if len(node.targets) == 1:
            scope.values[node.targets[0].name] = item
        else:
            _unpack(node.targets, item, scope, node.iterable.span)
        run_body(node.body, scope)


def _if(node: ast.If, scope: BodyScope) -> None:
    for position, (condition, body) in enumerate(node.branches):
        holds = decided(condition, scope)
        if isinstance(holds, Unknown):
            _undecided(node, position, scope)
            return
        if holds:
            run_body(body, scope)
            return
    run_body(node.otherwise, scope)


def _undecided(node: ast.If, position: int, scope: BodyScope) -> None:
    """It is not known which branch from a position on is taken."""
    for condition, _ in node.branches[position + 1 :]:
        evaluate(condition, scope)
    for _, body in node.branches[position:]:
        _look_at(body, scope)
    _look_at(node.otherwise, scope)


def _expect(node: ast.Expect, scope: BodyScope) -> None:
    place = replace(scope, values=dict(scope.values))
    scope.expansion.graph.expectations.append(Expectation(node, place))


_RULES: Mapping[type, Callable[[Any, BodyScope], None]] = {
    ast.Input: add_input,
    ast.Assign: _assign,
    ast.Flow: _flow,
    ast.Output: _output,
    ast.LayerDefinition: _layer,
    ast.Repeat: _repeat,
    ast.For: _for,
    ast.If: _if,
    ast.Expect: _expect,
}
