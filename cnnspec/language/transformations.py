"""Layers, blocks and pipelines as values: given to a block, or made by `layer` and applied many times."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cnnspec.diagnostics import Frame, Help
from cnnspec.language import ast
from cnnspec.language.evaluate import evaluate
from cnnspec.language.names import callable_named, is_transformation
from cnnspec.language.naming import ROOT, inside
from cnnspec.language.values import UNKNOWN, Sharing, Transformation, Value

if TYPE_CHECKING:
    from cnnspec.language.body import BodyScope


def deferred(
    scope: BodyScope, node: ast.Expression, name: str, sharing: Sharing | None = None
) -> Transformation:
    """An expression to be applied later; its names keep the values that they have now."""
    if scope.expansion.is_blind and not isinstance(node, ast.Name):
        evaluate(node, scope)
    return Transformation(node, replace(scope, values=dict(scope.values)), name, sharing)


def value_or_transformation(scope: BodyScope, node: ast.Expression, name: str) -> Value:
    """What is given to a parameter: a layer, block or pipeline as it is, anything else by its value."""
    return deferred(scope, node, name) if is_transformation(scope, node) else evaluate(node, scope)


def transform(scope: BodyScope, target: Transformation, node: ast.Name | ast.Call) -> Value:
    """What a transformation makes of the main line.

    Where it is a bare layer or block, given as in `stage(bottleneck, 64)`, it can be called with arguments.
    """
    if isinstance(node, ast.Call):
        return _called(scope, target, node)
    paths = target.sharing.next_paths() if target.sharing else _labelled(scope, target, node)
    expression = target.expression
    here = replace(
        target.scope,
        trace=(Frame(target.name, node.span), *scope.trace),
        main=scope.main,
        namer=scope.namer if paths is None else inside(paths, target.scope.namer.labels),
        stage=None if paths is None else ast.Stage(expression.span, expression, ROOT, None),
        shared=node.span if target.sharing else scope.shared,
    )
    return evaluate(expression, here)


def _labelled(scope: BodyScope, target: Transformation, node: ast.Name) -> tuple[str, str] | None:
    label = scope.label(node)
    return None if label is None else scope.namer.path(target.name, label)


def _called(scope: BodyScope, target: Transformation, node: ast.Call) -> Value:
    inner = target.expression
    if isinstance(inner, ast.Name) and target.sharing is None:
        callee = callable_named(target.scope, inner.name)
        if callee is not None:
            return scope.apply(callee, node)
    if not node.arguments:
        return scope.apply(target, ast.Name(node.span, target.name))
    way_out = Help(f"write `{target.name}` without brackets")
    scope.report("not-callable", f"`{target.name}` has its arguments already", node.span, help=way_out)
    return UNKNOWN
