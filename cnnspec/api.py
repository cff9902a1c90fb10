"""The Python API: the same staircase for people who would rather type Python.

>>> spec = cnnspec.load("specs/resnet50.cnn")
>>> net = spec.net().bind(H=256)
>>> cnnspec.analyze(net).totals.params
25557032

Where the command line prints diagnostics, these functions raise `SpecError`, which carries them.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from math import isfinite
from numbers import Integral, Rational, Real
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING

from cnnspec import pipeline
from cnnspec.analysis.facts import Analysis
from cnnspec.analysis.measures import cost
from cnnspec.diagnostics import Severity
from cnnspec.diagnostics.diagnostic import Diagnostic, DiagnosticError
from cnnspec.dims import Dim
from cnnspec.language.expansion import FREE, Binding

if TYPE_CHECKING:
    from sympy import Expr

    from cnnspec.backend.compilation import Compilation
    from cnnspec.backend.executable import Executable, Precision
    from cnnspec.graph import Graph
    from cnnspec.language.spec import Loaded
    from cnnspec.language.spec import Spec as LoadedSpec

SpecError = DiagnosticError

Number = int | float | Fraction


@dataclass(frozen=True)
class Spec:
    """A spec file with everything it uses."""

    loaded: LoadedSpec

    @property
    def nets(self) -> tuple[str, ...]:
        """The names of its nets, in the order of the file."""
        return tuple(self.loaded.nets)

    def net(self, name: str | None = None) -> Net:
        """One of its nets; without a name the first. TypeError for anything but a name."""
        _require(name, str | None, "net() takes the name of a net")
        return Net(self.loaded, name)

    def check(self) -> tuple[Diagnostic, ...]:
        """Everything that is wrong with its nets at their defaults, contracts included."""
        return pipeline.check(self.loaded)

    def __repr__(self) -> str:
        return f"<Spec {self.loaded.main.file.source.name!r}: {', '.join(self.nets)}>"

    def lint(self, *select: str) -> tuple[Diagnostic, ...]:
        """What could be better in its nets: `spec.lint("warning", "info")`, by default the warnings.

        Rules and groups are those of `cnnspec check --select`; ValueError for others, TypeError for no words.
        """
        for word in select:
            _require(word, str, "lint() takes names of rules and groups")
        from cnnspec.lint.config import Settings
        from cnnspec.lint.selection import DEFAULT, codes_of

        settings = Settings(codes_of(select or DEFAULT))
        return tuple(d for d in pipeline.check(self.loaded, settings) if d.code in settings.codes)


@dataclass(frozen=True)
class Net:
    """A net of a spec with some of its symbols and parameters bound."""

    loaded: LoadedSpec
    name: str | None = None
    bindings: dict[str, Binding] = field(default_factory=dict[str, Binding])
    is_symbolic: bool = False

    def bind(self, **values: Number) -> Net:
        """The same net with symbols or net parameters given values: `net.bind(H=256, classes=100)`.

        Raises ValueError for infinity and NaN, and TypeError for what is no number.
        """
        exact = {name: _exact(name, value) for name, value in values.items()}
        return replace(self, bindings={**self.bindings, **exact})

    def free(self, *names: str) -> Net:
        """The same net with symbols or parameters left free, whatever their defaults: `net.free("classes")`.

        A free symbol is a whole number, at least 1. What decides of which layers the net is made (the count
        of a `repeat`, an `if`) cannot be free: the graph is refused then, with the place. TypeError for
        anything but names.
        """
        for name in names:
            _require(name, str, "free() takes names of symbols and parameters")
        return replace(self, bindings={**self.bindings, **dict.fromkeys(names, FREE)})

    def symbolic(self) -> Net:
        """The same net with the symbols of its input left free where they are not bound."""
        return replace(self, is_symbolic=True)

    @cached_property
    def graph(self) -> Graph:
        """The graph of primitive layers. Raises SpecError."""
        made = pipeline.elaborate(self.loaded, self.name, self.bindings, symbolic=self.is_symbolic)
        raise_errors(made.diagnostics)
        if made.graph is None:
            raise SpecError(*made.diagnostics)
        return made.graph

    @cached_property
    def analysis(self) -> NetAnalysis:
        """Its exact numbers, layer by layer and in total. Raises SpecError."""
        facts = pipeline.analyse(self.graph)
        return NetAnalysis(facts.graph, facts.layers, facts.totals)

    def __repr__(self) -> str:
        free = ["symbolic"] if self.is_symbolic else []
        bound = [
            f"{name} {'free' if value is FREE else f'= {value}'}" for name, value in self.bindings.items()
        ]
        name = self.name or next(iter(self.loaded.nets), "(none)")
        return f"<Net {', '.join([name, *free, *bound])}>"

    def _repr_html_(self) -> str:
        return _html(self.analysis)


class NetAnalysis(Analysis):
    """An `Analysis` that notebooks show as a table, and whose costs can be had as formulas of SymPy."""

    def __repr__(self) -> str:
        return f"<NetAnalysis {self.graph.name}: {len(self.layers)} layers, {self.totals.params} parameters>"

    def cost(self, name: str) -> Dim:
        """A cost by the name it has in `expect`: `params`, `macs`, `activations.bytes`, `memory.train`.

        A number, or a formula where symbols are free. Raises ValueError for a name that is no cost.
        """
        return cost(self, name)

    def formula(self, name: str) -> Expr:
        """A cost as a SymPy expression in positive integer symbols, to solve, plot or differentiate.

        >>> macs = cnnspec.analyze(net.symbolic()).formula("macs")
        >>> macs.subs({symbol: 224 for symbol in macs.free_symbols})
        15470264320

        Raises ValueError for a name that is no cost.
        """
        from cnnspec.analysis.sympy_form import to_sympy

        return to_sympy(self.cost(name))

    def latex(self, name: str) -> str:
        """The same as LaTeX. Raises ValueError for a name that is no cost."""
        from cnnspec.analysis.sympy_form import to_latex

        return to_latex(self.cost(name))

    def _repr_html_(self) -> str:
        return _html(self)


def _html(analysis: Analysis) -> str:
    from cnnspec.report.html import render_html

    return render_html(analysis)


def load(path: str | Path) -> Spec:
    """Read a spec file. Raises SpecError with all that is wrong with its text; TypeError for no path."""
    _require(path, str | Path, "load() takes the path of a spec file")
    return _spec(pipeline.load(path))


def loads(text: str, name: str = "<text>") -> Spec:
    """Read a spec from a text in hand. Raises SpecError; TypeError for no text."""
    _require(text, str, "loads() takes the text of a spec (load() takes the path of a file)")
    return _spec(pipeline.load_text(text, name))


def analyze(net: Net) -> NetAnalysis:
    """The exact numbers of a net. Raises SpecError; TypeError for anything but a net."""
    _require(net, Net, f"analyze() takes a net, {_A_NET}")
    return net.analysis


def compile(  # noqa: A001 - the field's word
    net: Net,
    *,
    batch: int = 1,
    training: bool = True,
    dtype: str = "float32",
    input_gradients: bool = False,
    recompute: bool = False,
    seed: int = 0,
    threads: int | None = None,
    math: Precision = "fast",
) -> Executable:
    """Compile a net into a program that runs: forward, and with `training` backward.

    `batch` is the most samples it takes at once, `dtype` float32 or float64. With `input_gradients` the
    backward pass goes on to the inputs; with `recompute` what normalisations made is made again there, which
    takes less memory and a little more time. `math` is `fast`, `exact` (without Winograd's larger rounding
    errors) or `plain` (layer by layer, by the kernels that all others are held against). Raises SpecError;
    TypeError and ValueError for arguments of another kind.
    """
    _require(net, Net, f"compile() takes a net, {_A_NET}")
    for name, value in (("batch", batch), ("seed", seed)):
        _require(value, Integral, f"{name} is a whole number")
    _require(threads, Integral | None, "threads is a whole number, or None for all")
    if math not in MATH:
        raise ValueError(f"math is one of {', '.join(map(repr, MATH))}, not {math!r}")
    if recompute and math == "plain":
        raise ValueError("the plain kernels keep everything: recompute with math='fast' or 'exact'")
    made = pipeline.plan(
        net.graph,
        batch=batch,
        training=training,
        dtype=dtype,
        input_gradients=input_gradients,
        recompute=recompute,
    )
    return pipeline.compile(made, seed=seed, threads=threads, math=math)


def watch_compilation(watch: Callable[[Compilation], None]) -> AbstractContextManager[object]:
    """Tell `watch` of every kernel that a `with` block finds to be needed, and of each that is ready.

    Nets compile what they need when they first run. What `watch` raises ends the compilation.
    """
    from cnnspec.backend.compilation import watching

    return watching(watch)


def raise_errors(diagnostics: tuple[Diagnostic, ...]) -> None:
    """Raise SpecError if there is an error among the diagnostics."""
    errors = tuple(d for d in diagnostics if d.severity is Severity.ERROR)
    if errors:
        raise SpecError(*errors)


def _spec(loaded: Loaded) -> Spec:
    raise_errors(loaded.diagnostics)
    if loaded.spec is None:
        raise SpecError(*loaded.diagnostics)
    return Spec(loaded.spec)


def _exact(name: str, value: Number) -> int | Fraction:
    _require(value, Real, f"{name} is bound to a number")
    if not isinstance(value, Rational):
        if not isfinite(value):
            raise ValueError(f"a size or parameter is a finite number, not {value}")
        value = Fraction(str(value))
    return int(value) if value == int(value) else Fraction(value)


_A_NET = "such as load(path).net()"

MATH = ("exact", "fast", "plain")
"""How a net can be run."""


def _require(value: object, kind: type | UnionType, what: str) -> None:
    """Raise TypeError, and say what is taken, where a value is of another kind."""
    if not isinstance(value, kind):
        raise TypeError(f"{what}, not {type(value).__name__}")
