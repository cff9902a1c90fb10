"""The staircase, one function a step. Text goes down it and never back up.

    source text ─ read, parse, load ─▶ Spec ─ elaborate ─▶ Graph ─┬─ analyse ─▶ Analysis
                                                                  └─ plan ─▶ Plan ─ compile ─▶ Executable

Every level is a value that can be printed. Each step imports what it needs when it is called, so that
checking a numeric spec never loads numpy, sympy or numba.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnnspec.analysis.facts import Analysis
    from cnnspec.backend.executable import Executable, Precision
    from cnnspec.backend.plan import Plan
    from cnnspec.diagnostics import Diagnostic, Span
    from cnnspec.graph import Graph
    from cnnspec.language.elaborate import Binding, Elaborated
    from cnnspec.language.spec import Loaded, Spec
    from cnnspec.lint.config import Settings


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


def check(spec: Spec, settings: Settings | None = None) -> tuple[Diagnostic, ...]:
    """Elaborate every net of a spec at its defaults and hold it to its contracts; each finding once.

    With settings for it, lint too, unless something keeps the nets from being understood.
    """
    from cnnspec.language.unreached import check_definitions

    findings: list[Diagnostic] = [*_empty(spec)]
    analyses: list[Analysis] = []
    for name in spec.nets:
        made = elaborate(spec, name)
        findings.extend(made.diagnostics)
        if made.graph is not None:
            analyses.append(analyse(made.graph))
            findings.extend(check_contracts(spec, analyses[-1]))
    findings.extend(check_definitions(spec))
    if settings is not None and len(analyses) == len(spec.nets) and spec.main.complete:
        findings.extend(lint(spec, analyses, settings))
    said: dict[tuple[str, Span | None], Diagnostic] = {}
    for finding in findings:
        said.setdefault((finding.code, finding.span), finding)
    return tuple(said.values())


def _empty(spec: Spec) -> Iterator[Diagnostic]:
    """That a file says nothing at all. One of blocks or constants alone is for others to use."""
    from cnnspec.diagnostics import Diagnostic, Help

    file = spec.main.file
    if spec.main.complete and not (file.definitions or file.uses or file.assignments or file.expects):
        message = f"{file.source.name} is empty: it defines no net and no block"
        yield Diagnostic("no-net", message, help=Help("begin one: `net name:`"))


def lint(spec: Spec, analyses: Sequence[Analysis], settings: Settings) -> tuple[Diagnostic, ...]:
    """What could be better in nets that work, given the analyses of all nets of a spec."""
    from cnnspec.lint.linting import lint as look

    return look(spec, analyses, settings)


def plan(
    graph: Graph,
    *,
    batch: int,
    training: bool = False,
    dtype: str = "float32",
    input_gradients: bool = False,
    recompute: bool = False,
) -> Plan:
    """What to run, in which order, in which buffers; pure data. Raises DiagnosticError if it cannot run."""
    from cnnspec.backend.plan import make_plan

    return make_plan(
        graph,
        batch=batch,
        training=training,
        dtype=dtype,
        input_gradients=input_gradients,
        recompute=recompute,
    )


def compile(  # noqa: A001 - the field's word
    plan: Plan,
    *,
    seed: int = 0,
    threads: int | None = None,
    math: Precision = "fast",
    initialise: bool = True,
) -> Executable:
    """Compile a plan with Numba and allocate its buffers, with first weights, or (quicker) zeros.

    `math` is how it runs: by the fast kernels, `exact` or `fast`, or `plain`, layer by layer.
    """
    from cnnspec.backend.executable import Executable

    return Executable(plan, seed=seed, threads=threads, math=math, initialise=initialise)


def emit(
    plan: Plan,
    *,
    math: Precision = "fast",
    threads: int | None = None,
    seed: int = 0,
    weights_file: str | None = None,
) -> str:
    """The program that runs a plan, as the source of a Python module that gives the same bytes.

    It begins with the weights in `weights_file`, a name in the module's folder, or with first values.
    """
    from cnnspec.backend.emit import Emission
    from cnnspec.backend.emit import emit as write
    from cnnspec.backend.executable import processors

    return write(plan, Emission(math, threads or processors(), seed, weights_file))
