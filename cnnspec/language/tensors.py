"""The main line, and arithmetic on tensors."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from cnnspec.diagnostics import Diagnostic, Help, Span
from cnnspec.dims import Symbolic
from cnnspec.graph import Tensor
from cnnspec.language import ast
from cnnspec.language.application import Site, apply_layer
from cnnspec.language.values import UNKNOWN, Outputs, Quotient, Unknown, Value, describe, is_number
from cnnspec.layers.merging import Add, Mul
from cnnspec.layers.scaling import Times

if TYPE_CHECKING:
    from cnnspec.language.body import BodyScope


def main_line(scope: BodyScope, span: Span) -> Tensor | Unknown:
    """What flows here; reported where nothing does."""
    return _flow(scope, scope.main, span)


def entry_line(scope: BodyScope, span: Span) -> Tensor | Unknown:
    """What the body was given."""
    return _flow(scope, scope.entry, span)


def _flow(scope: BodyScope, value: Value | None, span: Span) -> Tensor | Unknown:
    if value is not None:
        return as_tensor(scope, value, span)
    if scope.expansion.is_complete:  # else the input may be what could not be read
        place = scope.trace[-1].span if scope.trace else span
        way_out = Help("begin the net with `input image: [3, 224, 224]`")
        message = "nothing flows here yet: the net has no `input` above"
        scope.log.add(Diagnostic("no-input", message, place, help=way_out))
    return UNKNOWN


def as_tensor(scope: BodyScope, value: Value, span: Span) -> Tensor | Unknown:
    """The value as one tensor; reported where it is none, or several."""
    if isinstance(value, Tensor | Unknown):
        return value
    if isinstance(value, Outputs):
        only = value.main
        if only is not None:
            return only
        message = f"`{value.block}` gives {len(value.named)} tensors here: {_listed(list(value.named))}"
        first = next(iter(value.named))
        way_out = Help(f"name what it gives, `r = {value.block}(…)`, and take one: `r.{first}`")
        scope.report("several-tensors", message, span, help=way_out)
    elif isinstance(value, tuple) and any(isinstance(item, Tensor) for item in value):
        way_out = Help("give each a name: " + ", ".join("abcdefgh"[: len(value)]) + " = …")
        scope.report("several-tensors", f"these are {len(value)} tensors, not one", span, help=way_out)
    elif scope.expansion.is_complete:  # else what could not be read may have made it one
        scope.report("not-a-tensor", f"a tensor is needed here, not {describe(value)}", span)
    return UNKNOWN


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


# --- arithmetic ---------------------------------------------------------------------------------------------


def combine(scope: BodyScope, node: ast.Binary, left: Value, right: Value) -> Value:
    """`a + b`, `a - b`, `a * b` of tensors, and of a tensor and a number."""
    if is_number(left) or is_number(right):
        return _with_number(scope, node, left, right)
    first, second = as_tensor(scope, left, node.left.span), as_tensor(scope, right, node.right.span)
    if isinstance(first, Unknown) or isinstance(second, Unknown):
        return UNKNOWN
    if node.operator not in ("+", "-", "*"):
        scope.report("tensor-arithmetic", f"there is no `{node.operator}` of tensors", node.operator_span)
        return UNKNOWN
    if node.operator == "-":
        second = _times(scope, node.right, second, -1)
    if isinstance(second, Unknown):
        return UNKNOWN
    word, layer = ("mul", Mul()) if node.operator == "*" else ("add", Add())
    site = Site(scope, node, word, operands=(node.left.span, node.right.span))
    return apply_layer(site, layer, (first, second))


def _with_number(scope: BodyScope, node: ast.Binary, left: Value, right: Value) -> Value:
    """A number times a tensor scales it; adding 0 to a tensor leaves it, so that sums can begin with 0."""
    number, other, place = (left, right, node.right) if is_number(left) else (right, left, node.left)
    tensor = as_tensor(scope, other, place.span)
    if isinstance(tensor, Unknown):
        return UNKNOWN
    match node.operator, number:
        case ("+", 0):
            return tensor
        case ("-", 0):
            return _times(scope, node, tensor, -1) if number is left else tensor
        case ("*", int() | Fraction() as factor):
            return _times(scope, node, tensor, factor)
        case ("/", int() | Fraction() as divisor) if number is right and divisor:
            return _times(scope, node, tensor, Fraction(1) / divisor)
        case ("*" | "/", Symbolic() | Quotient()):
            scope.report("unbound-symbol", "the factor of a tensor must be known", node.operator_span)
        case _:
            verb = {"+": "add", "-": "subtract"}.get(node.operator, "do this to")
            message = f"cannot {verb} {describe(left)} and {describe(right)}"
            scope.report("tensor-arithmetic", message, node.operator_span)
    return UNKNOWN


def _times(
    scope: BodyScope, node: ast.Expression, tensor: Tensor, factor: int | Fraction
) -> Tensor | Unknown:
    if factor == 1:
        return tensor
    value = apply_layer(Site(scope, node, "times"), Times(Fraction(factor)), (tensor,))
    return as_tensor(scope, value, node.span)
