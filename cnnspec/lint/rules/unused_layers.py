"""Layers whose results nothing needs."""

from __future__ import annotations

from collections.abc import Iterator

import networkx as nx

from cnnspec.diagnostics import Help
from cnnspec.graph import Node
from cnnspec.lint.finding import Finding, Waste, about
from cnnspec.lint.linted import Linted, LintedNet
from cnnspec.lint.rule import spec_rule
from cnnspec.lint.rules.unused_names import unused_assignments


@spec_rule("dead-branch")
def dead_branch(linted: Linted) -> Iterator[Finding]:
    """A layer that no output depends on. A name that is never used says so itself."""
    named = [value.span for value, _ in unused_assignments(linted.spec)]
    for net in linted.nets:
        dead = _dead(net)
        for path in dead:
            node = net.graph.node(path)
            span = node.origin.span
            within = any(span and span.source is n.source and n.start <= span.start < n.end for n in named)
            if not within and not any(net.readers(tensor) for tensor in node.outputs):
                yield _unread(net, node, dead)


def _dead(net: LintedNet) -> dict[str, None]:
    """The paths that no output needs, in order."""
    graph = net.graph
    needed: set[str] = set()
    for output in graph.outputs:
        if output.tensor.node not in needed:
            needed |= nx.ancestors(graph.nx, output.tensor.node) | {output.tensor.node}
    return {node.path: None for node in graph if node.path not in needed}


def _unread(net: LintedNet, node: Node, dead: dict[str, None]) -> Finding:
    idle = [node.path, *(path for path in nx.ancestors(net.graph.nx, node.path) if path in dead)]
    params = net.analysis.by_path[node.path].params
    for path in idle[1:]:
        params = params + net.analysis.by_path[path].params
    what = "this input is never read" if not node.inputs else f"no output needs what this `{node.word}` makes"
    return about(
        node,
        "dead-branch",
        what,
        net.places.word(node),
        notes=(f"{len(idle)} layers work for nothing",) if len(idle) > 1 else (),
        help=Help("use its result, give it out by `output`, or leave it out"),
        waste=Waste(params, "parameters are never trained") if params != 0 else None,
    )
