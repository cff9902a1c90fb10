"""Calls of blocks: the body is carried out on the main line of the call with the values of the parameters."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cnnspec.diagnostics import Frame
from cnnspec.graph import Tensor
from cnnspec.language import ast
from cnnspec.language.binding import Bound, Formals, bind
from cnnspec.language.evaluate import evaluate
from cnnspec.language.names import TRUTHS
from cnnspec.language.names import bound as value_named
from cnnspec.language.naming import inside
from cnnspec.language.statements import result_of, run_body
from cnnspec.language.tensors import as_tensor
from cnnspec.language.transformations import value_or_transformation
from cnnspec.language.values import UNKNOWN, Block, Value, show

if TYPE_CHECKING:
    from cnnspec.language.body import BodyScope


def expand(scope: BodyScope, block: Block, node: ast.Name | ast.Call) -> Value:
    """What a block makes of the main line; nothing known where parts of the block could not be read."""
    definition = block.definition
    arguments = node.arguments if isinstance(node, ast.Call) else ()
    bound = bind(scope, node, arguments, formals(definition), lambda word: value_named(scope, word) is None)
    if bound is None:
        return UNKNOWN
    values = _values(scope, definition, bound)
    if scope.expansion.is_blind:
        return UNKNOWN
    frame = Frame(written(definition.name, values), node.span)
    paths = scope.namer.path(definition.name, scope.label(node))
    body = replace(
        scope,
        trace=(frame, *scope.trace),
        unit=block.unit,
        values=values,
        namer=inside(paths, scope.expansion.labels(definition)),
        outputs={},
        is_net=False,
        entry=scope.main if definition.is_complete else UNKNOWN,
        main=scope.main if definition.is_complete else UNKNOWN,
        stage=None,
    )
    _add_defaults(body, definition)
    run_body(definition.body, body)
    return result_of(body, definition.name) if definition.is_complete else UNKNOWN


def formals(definition: ast.Definition) -> Formals:
    """The parameters of a block; those with a default of true or false are flags."""
    params = definition.params
    return Formals(
        definition.name,
        positional=tuple(param.name for param in params),
        required=tuple(param.name for param in params if param.default is None),
        flags=frozenset(
            param.name
            for param in params
            if isinstance(param.default, ast.Name) and param.default.name in TRUTHS
        ),
    )


def _values(scope: BodyScope, definition: ast.Definition, bound: Bound) -> dict[str, Value]:
    """The values of the arguments given, in the order of the parameters."""
    return {
        param.name: _value(scope, param, bound[param.name])
        for param in definition.params
        if param.name in bound
    }


def _value(scope: BodyScope, param: ast.Param, argument: ast.Argument) -> Value:
    """The value of one argument: a bare flag is set, a tensor made now, a layer applied where it stands."""
    node = argument.value
    if isinstance(node, ast.Name) and argument.name is None and node.name == param.name and _is_flag(param):
        return True if value_named(scope, node.name) is None else evaluate(node, scope)
    if param.is_tensor:
        return as_tensor(scope, evaluate(node, scope), node.span)
    return value_or_transformation(scope, node, param.name)


def _is_flag(param: ast.Param) -> bool:
    return isinstance(param.default, ast.Name) and param.default.name in TRUTHS


def _add_defaults(body: BodyScope, definition: ast.Definition) -> None:
    """The defaults of what was not given; they see the parameters before them, and `in`."""
    for param in definition.params:
        if param.name not in body.values and param.default is not None:
            body.values[param.name] = value_or_transformation(body, param.default, param.name)


def written(name: str, values: dict[str, Value]) -> str:
    """The call as a trace shows it: `bottleneck(mid=64, s=1)`."""
    shown = (f"{parameter}={_short(value)}" for parameter, value in values.items())
    return f"{name}({', '.join(shown)})" if values else name


def _short(value: Value) -> str:
    text = "a tensor" if isinstance(value, Tensor) else show(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
