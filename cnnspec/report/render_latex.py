"""The format `latex`: a table of the layers and the totals as formulas, for a paper or lecture notes.

The preamble needs `amsmath`, `booktabs` and `longtable`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cnnspec.analysis.facts import LayerFacts
from cnnspec.analysis.sympy_form import to_latex
from cnnspec.diagnostics.legible import legible
from cnnspec.diagnostics.styled import Line, line
from cnnspec.dims import Dim
from cnnspec.layers.base import Shape
from cnnspec.report.operation import operation
from cnnspec.report.view import View

_SPECIAL: Mapping[str, str] = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "×": r"$\times$",
    "→": r"$\to$",
    "−": "$-$",
    "⌊": r"$\lfloor$",
    "⌋": r"$\rfloor$",
    "·": r"$\cdot$",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}


def render(view: View, width: int | None) -> Iterator[Line]:
    """A `longtable` of all layers, then the totals in an `align*`."""
    del width
    sums = view.analysis.totals
    yield line(f"% {legible(view.analysis.graph.name)}: amsmath, booktabs, longtable")
    yield line(r"\begin{longtable}{lllrr}")
    yield line(r"\toprule layer & operation & output & parameters & MACs \\ \midrule \endhead")
    yield from (line(_row(facts)) for facts in view.analysis.layers)
    yield line(r"\bottomrule")
    yield line(r"\end{longtable}")
    yield line(r"\begin{align*}")
    totals = {
        "parameters": sums.params,
        "MACs": sums.macs,
        "FLOPs": sums.flops.total,
        "activation bytes": sums.activation_bytes,
    }
    for name, total in totals.items():
        ending = r" \\" if name != "activation bytes" else ""
        yield line(rf"\text{{{name}}} &= {_formula(total)}{ending}")
    yield line(r"\end{align*}")


def _row(facts: LayerFacts) -> str:
    numbers = (f"${_formula(value)}$" if value != 0 else "" for value in (facts.params, facts.macs))
    names = (escaped(facts.path), escaped(operation(facts.node)))
    return " & ".join([*names, f"${_shape(facts.output)}$", *numbers]) + r" \\"


def _shape(shape: Shape) -> str:
    return r" \times ".join(map(_formula, shape))


def _formula(value: Dim) -> str:
    return f"{value:,}".replace(",", r"\,") if isinstance(value, int) else to_latex(value)


def escaped(text: str) -> str:
    """Text that LaTeX shows as it is."""
    return "".join(_SPECIAL.get(character, character) for character in legible(text))
