"""A look at definitions without knowing any tensor or parameter: at every word and every argument.

What is unknown is silent, so that only those mistakes are found that are mistakes whatever a block is used
for. It sees blocks that no net uses, and branches that no net takes.
"""

from __future__ import annotations

from cnnspec.diagnostics import Diagnostic
from cnnspec.graph import Graph
from cnnspec.language import ast
from cnnspec.language.body import BodyScope
from cnnspec.language.expansion import Expansion
from cnnspec.language.naming import Namer
from cnnspec.language.scope import LimitReached, Log
from cnnspec.language.spec import Spec
from cnnspec.language.statements import run_body
from cnnspec.language.values import UNKNOWN


def check_definitions(spec: Spec) -> tuple[Diagnostic, ...]:
    """Mistakes in the definitions of a file, used or not."""
    found: list[Diagnostic] = []
    for definition in spec.main.file.definitions:
        log = Log()
        try:
            run_body(definition.body, _blind_scope(spec, definition, log))
        except LimitReached:
            continue
        finally:
            found.extend(log.found.values())
    return tuple(found)


def _blind_scope(spec: Spec, definition: ast.Definition, log: Log) -> BodyScope:
    expansion = Expansion(Graph(definition.name), log, is_complete=False, is_blind=True)
    values = {param.name: UNKNOWN for param in definition.params}
    is_net = definition.kind == "net"
    flow = None if is_net else UNKNOWN
    namer = Namer("", "", {})
    return BodyScope(log, (), expansion, spec.main, dict(values), namer, {}, is_net, flow, flow)
