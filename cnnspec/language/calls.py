"""Calls: which kind of thing is called, and what it then means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnspec.language import ast
from cnnspec.language.block_calls import expand
from cnnspec.language.builtins import call_function
from cnnspec.language.evaluate import evaluate
from cnnspec.language.layer_calls import apply_word
from cnnspec.language.names import bound, callable_named, unknown_callable
from cnnspec.language.transformations import transform
from cnnspec.language.values import (
    UNKNOWN,
    Block,
    Callable,
    Function,
    LayerWord,
    Transformation,
    Unknown,
    Value,
    describe,
    is_known,
)

if TYPE_CHECKING:
    from cnnspec.language.body import BodyScope
    from cnnspec.language.scope import Scope


def call(scope: BodyScope, node: ast.Call) -> Value:
    """`callee(arguments)`."""
    callee = node.callee
    if isinstance(callee, ast.Name):
        target = callable_named(scope, callee.name)
        if target is not None:
            return apply(scope, target, node)
        value = bound(scope, callee.name)
        if value is None and callee.name not in ("in", "it"):
            return unknown_callable(scope, callee)
    value = evaluate(callee, scope)
    if not isinstance(value, Unknown):
        scope.report("not-callable", f"{describe(value)} cannot be called", callee.span)
    return UNKNOWN


def apply(scope: BodyScope, target: Callable, node: ast.Name | ast.Call) -> Value:
    """What a layer, block or function makes of the main line and the arguments of a call."""
    match target:
        case LayerWord():
            return apply_word(scope, target, node)
        case Block():
            return expand(scope, target, node)
        case Transformation():
            return transform(scope, target, node)
        case Function():
            return apply_function(scope, target, node)


def apply_function(scope: Scope, target: Function, node: ast.Name | ast.Call) -> Value:
    """The value of a function on numbers."""
    if isinstance(node, ast.Name):
        scope.report("type-mismatch", f"`{target.name}` is a function: it needs brackets", node.span)
        return UNKNOWN
    for argument in node.arguments:
        if argument.name is not None:
            message = f"the values of `{target.name}` have no names"
            scope.report("unknown-argument", message, argument.name_span or argument.span)
            return UNKNOWN
    values = [evaluate(argument.value, scope) for argument in node.arguments]
    if not all(map(is_known, values)):
        return UNKNOWN
    return call_function(target.name, values)
