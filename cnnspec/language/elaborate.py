"""From a spec to the graph of one of its nets: every block expanded, every shape inferred on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cnnspec.diagnostics import Diagnostic, Help
from cnnspec.diagnostics.suggest import nearest
from cnnspec.graph import Graph, Output, Tensor
from cnnspec.language import ast
from cnnspec.language.body import BodyScope
from cnnspec.language.expansion import FREE, Binding, Expansion
from cnnspec.language.naming import Namer
from cnnspec.language.scope import LimitReached, Log
from cnnspec.language.spec import Spec
from cnnspec.language.statements import run_body
from cnnspec.language.tensors import as_tensor
from cnnspec.language.transformations import value_or_transformation
from cnnspec.language.values import UNNAMED

__all__ = ["FREE", "Binding", "Elaborated", "elaborate"]


@dataclass(frozen=True, slots=True)
class Elaborated:
    """The graph of a net, or None where something is wrong, and what that is.

    Of a file that could not be read in full there is no graph even where nothing else is wrong.
    """

    graph: Graph | None
    diagnostics: tuple[Diagnostic, ...]
    steps: int = 0
    """How many statements were carried out."""


def elaborate(
    spec: Spec,
    net: str | None = None,
    bindings: Mapping[str, Binding] | None = None,
    *,
    symbolic: bool = False,
) -> Elaborated:
    """Expand a net of a spec, by default the first.

    `bindings` give values to the symbols of its inputs and to its parameters (`FREE` leaves one symbolic);
    with `symbolic` the symbols of inputs stay free whatever their defaults. Nothing is raised.
    """
    definition = definition_of(spec, net)
    if isinstance(definition, Diagnostic):
        return Elaborated(None, (definition,))
    graph = Graph(definition.name, definition.doc)
    log = Log(at_least=graph.at_least)
    expansion = Expansion(graph, log, definition.is_complete, bindings or {}, symbolic)
    namer = Namer("", "", expansion.labels(definition))
    scope = BodyScope(log, (), expansion, spec.main, {}, namer, {}, is_net=True)
    try:
        _expand(scope, definition)
    except LimitReached:
        return Elaborated(None, log.findings(), expansion.steps)
    findings = log.findings()
    return Elaborated(None if findings or not spec.main.complete else graph, findings, expansion.steps)


def definition_of(spec: Spec, net: str | None) -> ast.Definition | Diagnostic:
    """The net of a name, without one the first; or that there is none."""
    nets = spec.nets
    if net is None and nets:
        return next(iter(nets.values()))
    if net is not None and net in nets:
        return nets[net]
    if not nets:
        return Diagnostic("no-net", f"{spec.source.name} defines no net", help=Help("begin one: `net name:`"))
    close = nearest(net or "", nets)
    way_out = f"did you mean `{close}`?" if close else f"it has {', '.join(f'`{name}`' for name in nets)}"
    return Diagnostic("unknown-net", f"{spec.source.name} has no net `{net}`", help=Help(way_out))


def _expand(scope: BodyScope, definition: ast.Definition) -> None:
    for param in definition.params:
        given = param.default
        default = None if given is None else value_or_transformation(scope, given, param.name)
        scope.values[param.name] = scope.expansion.bind(param.name, default, free=False)
    run_body(definition.body, scope)
    _add_result(scope, definition)
    _check_bindings(scope)
    graph = scope.expansion.graph
    graph.labels.update((name, value) for name, value in scope.values.items() if isinstance(value, Tensor))


def _add_result(scope: BodyScope, definition: ast.Definition) -> None:
    """A net that names no output gives its main line. What is missing may be what was found wrong."""
    if scope.outputs or scope.log.found or not scope.unit.complete:
        return
    if scope.entry is None:
        help_ = Help("begin it with `input image: [3, 224, 224]`")
        scope.report("no-input", f"`{definition.name}` has no input", definition.name_span, help=help_)
        return
    if scope.main is scope.entry:
        scope.report("no-output", f"`{definition.name}` produces nothing", definition.name_span)
        return
    last = definition.body[-1].span
    tensor = as_tensor(scope, scope.main, last) if scope.main is not None else None
    if isinstance(tensor, Tensor):
        scope.expansion.graph.outputs.append(Output(UNNAMED, tensor))


def _check_bindings(scope: BodyScope) -> None:
    """Every name bound from outside must be one of the net."""
    known = scope.expansion.known
    for name in filter(str.isidentifier, scope.expansion.bindings.keys() - known):
        close = nearest(name, known)
        can = f"it has {', '.join(f'`{k}`' for k in sorted(known))}" if known else "it has none"
        way_out = f"did you mean `{close}`?" if close else can
        message = f"`{scope.expansion.graph.name}` has no symbol or parameter `{name}`"
        scope.log.add(Diagnostic("unknown-name", message, help=Help(way_out)))
