"""Applying a layer to tensors: hold its requirements, infer its outputs, add its node to the graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cnnspec.diagnostics import Span
from cnnspec.graph import Condition, Node, Origin, Tensor
from cnnspec.language import ast, limits
from cnnspec.language.blame import report_broken, report_unlike
from cnnspec.language.given import GivenProblem, given_values
from cnnspec.language.outcome import Outcome
from cnnspec.language.values import UNKNOWN, Value, is_known
from cnnspec.layers.base import Layer, Shape, Weight

if TYPE_CHECKING:
    from cnnspec.language.body import BodyScope

LONGEST_AXIS = 1 << limits.MAX_BITS


@dataclass(frozen=True, slots=True)
class Site:
    """Where a layer is written: the expression, its word, its arguments, the places of its operands.

    `given` is the value of `weights=`, and `frozen` whether training leaves the weights alone.
    """

    scope: BodyScope
    node: ast.Expression
    word: str
    arguments: Mapping[str, ast.Argument] = field(default_factory=dict[str, ast.Argument])
    operands: tuple[Span, ...] = ()
    given: Value | None = None
    frozen: bool = False

    @property
    def span(self) -> Span:
        """The word itself; of `a + b` the operator."""
        match self.node:
            case ast.Call():
                return self.node.callee.span
            case ast.Binary():
                return self.node.operator_span
            case _:
                return self.node.span

    def argument_span(self, name: str | None) -> Span:
        """The value of an argument, or the word where it was left out."""
        argument = self.arguments.get(name or "")
        return argument.value.span if argument else self.span


def apply_layer(site: Site, layer: Layer, inputs: tuple[Tensor, ...]) -> Value:
    """What a layer makes of tensors: one, or a list of several; `UNKNOWN`, and reported, where it cannot."""
    scope = site.scope
    if not _takes(site, layer, len(inputs)):
        return UNKNOWN
    outcome = scope.expansion.outcome(layer, tuple([tensor.shape for tensor in inputs]))
    if outcome.broken:
        report_broken(site, outcome.broken, inputs)
        return UNKNOWN
    _hold_limits(site, outcome.outputs)
    return _add(site, outcome, inputs)


def _takes(site: Site, layer: Layer, count: int) -> bool:
    least, most = layer.inputs
    if least <= count and (most is None or count <= most):
        return True
    takes = f"at least {least}" if most is None else str(least) if least == most else f"{least} to {most}"
    message = f"`{site.word}` takes {takes} tensor{'s' * (takes != '1')}, not {count}"
    site.scope.report("wrong-inputs", message, site.span)
    return False


def _hold_limits(site: Site, shapes: tuple[Shape, ...]) -> None:
    if len(site.scope.expansion.graph) >= limits.MAX_LAYERS:
        site.scope.refuse(f"the net has more than {limits.MAX_LAYERS:,} layers", site.span)
    for shape in shapes:
        for size in shape:
            if isinstance(size, int) and size >= LONGEST_AXIS:
                site.scope.refuse(f"an axis is longer than a number of {limits.MAX_BITS} bits", site.span)


def _add(site: Site, outcome: Outcome, inputs: tuple[Tensor, ...]) -> Value:
    scope, graph = site.scope, site.scope.expansion.graph
    path, owner = scope.namer.path(site.word, scope.label(site.node))
    if owner != path and not _alike(site, outcome.weights, owner):
        return UNKNOWN
    given = _given(site, outcome.weights)
    outputs = tuple([Tensor(path, port, shape) for port, shape in enumerate(outcome.outputs)])
    origin = Origin(site.word, site.node.span, scope.trace)
    graph.add(Node(path, outcome.layer, inputs, outputs, outcome.weights, owner, origin, site.frozen, given))
    graph.conditions.extend(Condition(path, requirement) for requirement in outcome.conditions)
    return outputs[0] if len(outputs) == 1 else outputs


def _alike(site: Site, weights: tuple[Weight, ...], owner: str) -> bool:
    """Whether a shared layer needs the weights that its first application made."""
    graph = site.scope.expansion.graph
    first = graph.node(owner) if owner in graph else None
    if first is not None and first.weights == weights:
        return True
    report_unlike(site, weights, first)
    return False


def _given(site: Site, weights: tuple[Weight, ...]) -> tuple[float, ...] | None:
    if site.frozen and not weights:
        span = site.argument_span("frozen")
        site.scope.report("given-weights", f"`{site.word}` has no weights to freeze", span)
    if site.given is None or not is_known(site.given):
        return None
    try:
        return given_values(site.word, weights, site.given)
    except GivenProblem as problem:
        site.scope.report("given-weights", problem.message, site.argument_span("weights"))
        return None
