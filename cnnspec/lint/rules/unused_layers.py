"""Layers whose results nothing needs."""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.analysis.facts import total
from cnnspec.diagnostics import Help, Span
from cnnspec.graph import Graph, Node
from cnnspec.lint.finding import Finding, Waste, about
from cnnspec.lint.linted import Linted, LintedNet
from cnnspec.lint.rule import spec_rule
from cnnspec.lint.rules.unused_names import meant_assignments, unused_assignments


@spec_rule("dead-branch")
def dead_branch(linted: Linted) -> Iterator[Finding]:
    """A layer that no output depends on. A name that is never used says so itself, or that it is meant."""
    named = [node.value.span for node in (*unused_assignments(linted), *meant_assignments(linted))]
    for net in linted.nets:
        dead = _dead(net)
        for node in net.graph if dead else ():
            is_end = node.path in dead and not any(net.readers(tensor) for tensor in node.outputs)
            if is_end and not any(_stands_in(node, span) for span in named):
                yield _unread(net, node, dead)


def _stands_in(node: Node, span: Span) -> bool:
    place = node.origin.span
    return place is not None and place.source is span.source and span.start <= place.start < span.end


def _dead(net: LintedNet) -> set[str]:
    """The paths that no output needs."""
    needed = _needed(net.graph, {output.tensor.node for output in net.graph.outputs})
    return {node.path for node in net.graph} - needed


def _needed(graph: Graph, paths: set[str]) -> set[str]:
    """Some layers, and all on which they depend."""
    needed = set(paths)
    for node in reversed(list(graph)):
        if node.path in needed:
            needed.update(tensor.node for tensor in node.inputs)
    return needed


def _unread(net: LintedNet, node: Node, dead: set[str]) -> Finding:
    idle = _needed(net.graph, {node.path}) & dead
    params = total(net.analysis.by_path[path].params for path in idle)
    what = f"no output needs what this `{node.word}` makes" if node.inputs else "this input is never read"
    return about(
        node,
        "dead-branch",
        what,
        net.places.word(node),
        notes=(f"{len(idle)} layers work for nothing",) if len(idle) > 1 else (),
        help=Help("use its result, give it out by `output`, or leave it out"),
        waste=Waste(params, "parameters are never trained") if params != 0 else None,
    )
