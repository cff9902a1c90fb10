"""The staircase, one function a step. Text goes down it and never back up.

    source text ─ read, parse, load ─▶ Spec ─ elaborate ─▶ Graph ─┬─ analyse ─▶ Analysis
                                                                  └─ plan ─▶ Plan ─ compile ─▶ Executable

Every level is a value that can be printed. Each step imports what it needs when it is called, so that
checking a numeric spec never loads numpy, sympy or numba.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnnspec.analysis.facts import Analysis
    from cnnspec.backend.executable import Executable
    from cnnspec.backend.plan import Plan
    from cnnspec.diagnostics import Diagnostic, Span
    from cnnspec.graph import Graph
    from cnnspec.language.elaborate import Binding, Elaborated
    from cnnspec.language.spec import Loaded, Spec


def load(path: str | Path) -> Loaded:
    """Read and parse a spec file and every file it uses. Nothing is raised: see `.diagnostics`."""
    from cnnspec.language.spec import load_spec

    return load_spec(Path(path))


def load_text(text: str, name: str = "<text>") -> Loaded:
    """The same for a text in hand; `use` is relative to the current folder."""
    from cnnspec.language.spec import load_text as load_from_text

    return load_from_text(text, name)


def elaborate(
    spec: Spec,
    net: str | None = None,
    bindings: Mapping[str, Binding] | None = None,
    *,
    symbolic: bool = False,
) -> Elaborated:
    """Expand a net into its graph of primitive layers, inferring every shape on the way."""
    from cnnspec.language.elaborate import elaborate as expand

    return expand(spec, net, bindings or {}, symbolic=symbolic)


def analyse(graph: Graph) -> Analysis:
    """Shapes, parameters, MACs, FLOPs, receptive fields, memory and depth of every layer and in total."""
    from cnnspec.analysis.facts import analyse as measure

    return measure(graph)


def check_contracts(spec: Spec, analysis: Analysis) -> tuple[Diagnostic, ...]:
    """The `expect` lines that do not hold."""
    from cnnspec.analysis.contracts import check_contracts as verify

    return verify(spec, analysis)


def check(spec: Spec) -> tuple[Diagnostic, ...]:
    """Elaborate every net of a spec at its defaults and hold it to its contracts; the findings, each said once."""
    from cnnspec.language.unreached import check_definitions

    findings: list[Diagnostic] = []
    for name in spec.nets:
        made = elaborate(spec, name)
        findings.extend(made.diagnostics)
        if made.graph is not None:
            findings.extend(check_contracts(spec, analyse(made.graph)))
    findings.extend(check_definitions(spec))
    said: dict[tuple[str, Span | None], Diagnostic] = {}
    for finding in findings:
        said.setdefault((finding.code, finding.span), finding)
    return tuple(said.values())


def plan(graph: Graph, *, batch: int, training: bool = False, dtype: str = "float32") -> Plan:
    """What to run, in which order, in which buffers; pure data. Raises DiagnosticError if it cannot run."""
    from cnnspec.backend.plan import make_plan

    return make_plan(graph, batch=batch, training=training, dtype=dtype)


def compile(plan: Plan, *, seed: int = 0, threads: int | None = None) -> Executable:  # noqa: A001
    """Compile a plan with Numba and allocate its buffers, with freshly initialised weights."""
    from cnnspec.backend.executable import Executable

    return Executable(plan, seed=seed, threads=threads)
