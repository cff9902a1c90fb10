"""Pipelines: what flows out of one stage flows into the next."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from cnnspec.diagnostics import Help
from cnnspec.graph import Tensor
from cnnspec.language import ast
from cnnspec.language.evaluate import chosen, evaluate
from cnnspec.language.names import bound
from cnnspec.language.naming import inside
from cnnspec.language.tensors import as_tensor
from cnnspec.language.values import UNKNOWN, Outputs, Value

if TYPE_CHECKING:
    from cnnspec.language.body import BodyScope


def pipeline(scope: BodyScope, node: ast.Pipeline) -> Value:
    """What comes out of the last stage. The first takes the main line, unless it is a tensor itself."""
    first, *rest = node.stages
    value = _stage(scope.at(scope.main, first), first)
    for before, stage in zip(node.stages, rest, strict=False):
        main = as_tensor(scope, value, before.value.span)
        here = scope.at(main, stage)
        is_bound = _is_bound(here, stage.value)
        value = _stage(here, stage)
        if is_bound and isinstance(value, Tensor):
            _report_forgotten(here, stage.value)
            return UNKNOWN
    return value


def _stage(here: BodyScope, stage: ast.Stage) -> Value:
    if stage.label is None:
        return evaluate(stage.value, here)
    value = _labelled(here, stage, stage.label)
    here.values[stage.label] = value
    return value


def _labelled(here: BodyScope, stage: ast.Stage, label: str) -> Value:
    """A label on a choice names what is chosen; on a pipeline in brackets it opens a scope."""
    node = chosen(stage.value, here)
    if node is None:
        return UNKNOWN
    if isinstance(node, ast.Pipeline):
        namer = inside(here.namer.path("", label), here.namer.labels)
        return evaluate(node, here.at(here.main, None, namer))
    return evaluate(node, here.at(here.main, replace(stage, value=node)))


def _is_bound(here: BodyScope, node: ast.Expression) -> bool:
    """Whether an expression is something made before that takes nothing in: `skip`, `r.main`, `parts[0]`."""
    while isinstance(node, ast.Attribute | ast.Index):
        node = node.base
    if not isinstance(node, ast.Name):
        return False
    return node.name == "in" or isinstance(bound(here, node.name), Tensor | Outputs | tuple)


def _report_forgotten(here: BodyScope, node: ast.Expression) -> None:
    """A tensor in the middle of a pipeline would forget what flows into it."""
    text = node.span.text
    way_out = Help(f"to add it write `it + {text}`, to append its channels `concat(it, {text})`")
    message = f"`{text}` is a tensor: it cannot take what flows here"
    here.report("tensor-in-pipeline", message, node.span, help=way_out)
