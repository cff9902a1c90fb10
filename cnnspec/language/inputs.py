"""Inputs of a net: their sizes, the symbols in them, and what is assumed of the symbols."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnspec.diagnostics import Help, Span
from cnnspec.dims import Dim, OneSymbol, Relation, Symbolic, symbol
from cnnspec.graph import InputLayer, InputSpec, Node, Origin, Tensor
from cnnspec.language import ast
from cnnspec.language.arithmetic import parts
from cnnspec.language.evaluate import evaluate
from cnnspec.language.names import bound
from cnnspec.language.values import UNKNOWN, Claim, Undecided, Unknown, Value, describe, show
from cnnspec.layers.base import Requirement

if TYPE_CHECKING:
    from cnnspec.language.body import BodyScope


def add_input(node: ast.Input, scope: BodyScope) -> None:
    """`input name: [sizes] where …`: the first one begins the main line."""
    if not scope.is_net:
        scope.report("input-in-block", "only a net has inputs; a block is given `in`", node.span)
        return
    sizes = [_size(dim, scope) for dim in node.dims]
    for condition in node.where:
        _assume(condition, scope)
    shape = tuple(size for size in sizes if not isinstance(size, Unknown))
    known = len(shape) == len(sizes) and scope.expansion.is_complete
    value = _node(node, shape, scope) if known else UNKNOWN
    scope.values[node.name] = value
    if scope.entry is None:
        scope.entry = scope.main = value


def _node(node: ast.Input, shape: tuple[Dim, ...], scope: BodyScope) -> Tensor | Unknown:
    graph = scope.expansion.graph
    if any(given.name == node.name for given in graph.inputs):
        scope.report("duplicate-name", f"two inputs are called `{node.name}`", node.name_span)
        return UNKNOWN
    path, _ = scope.namer.path("input", node.name)
    tensor = Tensor(path, 0, shape)
    origin = Origin("input", node.name_span)
    graph.add(Node(path, InputLayer(), (), (tensor,), (), path, origin))
    graph.inputs.append(InputSpec(node.name, tensor))
    return tensor


NOTHING = ("None", "none", "null", "nil")
"""How other tools write a size that is open."""


def _size(dim: ast.InputDim, scope: BodyScope) -> Dim | Unknown:
    """One size: a number, a name bound already, or a symbol with or without a default."""
    if dim.symbol is None or (dim.value is None and bound(scope, dim.symbol) is not None):
        value = evaluate(dim.value or ast.Name(dim.span, dim.symbol or ""), scope)
        return _checked(value, dim.span, scope)
    if dim.symbol in NOTHING:
        way_out = Help("leave the batch out; a size that is open has a name of its own, such as `H`")
        scope.report("bad-size", f"`{dim.symbol}` is no size", dim.span, help=way_out)
        return UNKNOWN
    default = None if dim.value is None else _checked(evaluate(dim.value, scope), dim.value.span, scope)
    if dim.symbol in scope.values:
        message = f"`{dim.symbol}` has a value already"
        scope.report("duplicate-name", message, dim.span)
        return UNKNOWN
    if isinstance(default, Unknown):
        return UNKNOWN
    expansion = scope.expansion
    size = _checked(expansion.bind(dim.symbol, default, free=expansion.symbolic), dim.span, scope)
    scope.values[dim.symbol] = size
    return size


def _checked(value: Value, span: Span, scope: BodyScope) -> Dim | Unknown:
    if isinstance(value, Symbolic | Unknown):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    scope.report("bad-size", f"a size is a whole number, at least 1, not {describe(value)}", span)
    return UNKNOWN


# --- where --------------------------------------------------------------------------------------------------


def _assume(node: ast.Expression, scope: BodyScope) -> None:
    """Hold numbers against a `where` clause; note what it says of symbols."""
    value = evaluate(node, scope)
    if isinstance(value, bool | Unknown):
        if value is False:
            scope.report("where-violated", _violation(node, scope), node.span)
        return
    requirements = _requirements(value, node) if isinstance(value, Undecided) else None
    if requirements is None:
        message = "a `where` clause on a symbol compares by `==`, `<`, `<=`, `>` or `>=`"
        scope.report("type-mismatch", message, node.span)
        return
    scope.expansion.graph.assumptions.extend(requirements)
    for requirement in requirements:
        _note_least(requirement, scope.log.at_least)


def _violation(node: ast.Expression, scope: BodyScope) -> str:
    names = {inner.name for inner in ast.walk(node) if isinstance(inner, ast.Name)}
    values = {name: value for name, value in scope.values.items() if name in names}
    if any(isinstance(value, Symbolic) for value in values.values()):
        return f"no size meets `{node.span.text}` and what stands before it"
    given = [f"{name} = {show(value)}" for name, value in values.items()]
    return f"`{node.span.text}` does not hold" + (f" for {', '.join(given)}" if given else "")


def _requirements(value: Undecided, node: ast.Expression) -> list[Requirement] | None:
    """The clause as requirements on the symbols; None where it is no conjunction of comparisons."""
    if value.claims is None or any(claim.operator == "!=" for claim in value.claims):
        return None
    return [requirement_of(claim, node.span.text) for claim in value.claims]


def requirement_of(claim: Claim, text: str) -> Requirement:
    """What a claim asks of the sizes; `text` is the clause as it is written."""
    (top, bottom), (other_top, other_bottom) = parts(claim.left), parts(claim.right)
    left, right = top * other_bottom, other_top * bottom
    match claim.operator:
        case "==":
            sides = left, Relation.EQUAL, right
        case ">=":
            sides = left, Relation.AT_LEAST, right
        case ">":
            sides = left, Relation.AT_LEAST, right + 1
        case "<=":
            sides = right, Relation.AT_LEAST, left
        case _:
            sides = right, Relation.AT_LEAST, left + 1
    return Requirement("where-violated", *sides, why=lambda: f"the net assumes `{text}`")


def _note_least(requirement: Requirement, at_least: dict[str, int]) -> None:
    """A clause such as `H >= 32` bounds a symbol from below."""
    left, right = requirement.left, requirement.right
    if requirement.relation is not Relation.AT_LEAST or not isinstance(right, int):
        return
    if isinstance(left, OneSymbol) and left == symbol(left.symbol):
        at_least[left.symbol] = max(right, at_least.get(left.symbol, 1))
