"""The closed forms of the zoo: put in sizes and get what the numeric path gives, in our form and SymPy's.

`make fuzz` reads back the LaTeX of every formula; without it that of two a net.
"""

from __future__ import annotations

import os
import random
from functools import cache
from itertools import islice
from pathlib import Path

import pytest
import sympy
from sympy.parsing.latex import parse_latex

from cnnspec import api
from cnnspec.analysis.legal_sizes import legal_sizes
from cnnspec.analysis.measures import COSTS
from cnnspec.analysis.sympy_form import symbol_of, to_latex, to_sympy
from cnnspec.dims import Dim, evaluate, render, symbols_of

SPECS = Path(__file__).parents[2] / "specs"
NETS = [(path, net) for path in sorted(SPECS.rglob("*.cnn")) for net in api.load(path).nets]
FULL = int(os.environ.get("CNNSPEC_FUZZ", "0")) >= 20_000


@cache
def symbolic(path: Path, net: str) -> api.NetAnalysis:
    return api.analyze(api.load(path).net(net).symbolic())


def other_sizes(path: Path, net: str) -> list[dict[str, int]]:
    """Three legal sizes other than the default one; the axes differ from each other."""
    graph = symbolic(path, net).graph
    allowed = legal_sizes(graph).by_symbol
    members = {
        name: list(islice(allowed[name].members((size or 32) // 2 + 3), 12))
        for name, size in graph.symbols.items()
    }
    return [
        {
            name: found[(3 * number + 2 * axis) % len(found)]
            for axis, (name, found) in enumerate(members.items())
        }
        for number in range(3)
    ]


def quantities(analysis: api.NetAnalysis) -> dict[str, Dim]:
    """Every number or formula that is said of a net and its layers, by its name."""
    found: dict[str, Dim] = {}
    for facts in analysis.layers:
        for word in ("params", "buffers", "macs", "elements", "activation_bytes"):
            found[f"{word} of {facts.path}"] = getattr(facts, word)
        found[f"flops of {facts.path}"] = facts.flops.total
        for tensor in facts.node.outputs:
            where = f"{facts.path}.{tensor.port}"
            found |= {f"axis {axis} of {where}": size for axis, size in enumerate(tensor.shape)}
            for name, axes in analysis.field_of(tensor).by_input.items():
                for axis, field in enumerate(axes):
                    if field.is_decided:
                        along = f"along axis {axis} of {name} of {where}"
                        found[f"field {along}"] = field.size
                        found[f"smallest field {along}"] = field.smallest
                        found[f"start {along}"] = field.start
    for word in COSTS:
        found[word] = analysis.cost(word)
    return found


def formulas(path: Path, net: str) -> list[Dim]:
    """The different formulas of a net, each once, the short ones first."""
    found = {size for size in quantities(symbolic(path, net)).values() if symbols_of(size)}
    return sorted(found, key=lambda size: (len(render(size)), render(size)))


every_net = pytest.mark.parametrize(("path", "net"), NETS, ids=lambda value: getattr(value, "stem", value))
every_symbolic_net = pytest.mark.parametrize(
    ("path", "net"),
    [(path, net) for path, net in NETS if symbolic(path, net).graph.symbols],
    ids=lambda value: getattr(value, "stem", value),
)


@every_symbolic_net
def test_the_forms_evaluated_are_the_numbers_of_the_net_at_that_size(path: Path, net: str) -> None:
    forms = quantities(symbolic(path, net))
    for sizes in other_sizes(path, net):
        numbers = quantities(api.analyze(api.load(path).net(net).bind(**sizes)))
        assert forms.keys() <= numbers.keys()
        for name, form in forms.items():
            assert evaluate(form, sizes) == numbers[name], f"{name} at {sizes}"


@every_symbolic_net
def test_sympy_says_the_same_as_a_function(path: Path, net: str) -> None:
    forms = formulas(path, net)
    names = sorted(symbolic(path, net).graph.symbols)
    function = sympy.lambdify([symbol_of(name) for name in names], [to_sympy(form) for form in forms], "math")
    for sizes in other_sizes(path, net):
        assert function(*(sizes[name] for name in names)) == [evaluate(form, sizes) for form in forms]


@every_symbolic_net
def test_latex_read_back_says_the_same(path: Path, net: str) -> None:
    """All formulas at full size, else two: SymPy reads a few hundred letters a second."""
    forms = formulas(path, net)
    if not FULL:
        forms = random.Random(net).sample(forms[: 2 * len(forms) // 3], 2)  # noqa: S311
    for form in forms:
        for sizes in other_sizes(path, net):
            assert read_back(form, sizes) == evaluate(form, sizes), to_latex(form)


@every_net
def test_the_costs_of_a_net_are_sympy_formulas(path: Path, net: str) -> None:
    forms = symbolic(path, net)
    for name in ("params", "macs", "flops", "activations.bytes"):
        assert forms.formula(name) == to_sympy(forms.cost(name))


@cache
def parsed(form: Dim) -> sympy.Expr:
    """The LaTeX of a formula, read by SymPy's own grammar."""
    found = parse_latex(to_latex(form), backend="lark")
    assert isinstance(found, sympy.Expr), found
    return found


def read_back(form: Dim, sizes: dict[str, int]) -> object:
    """The LaTeX of a formula, evaluated."""
    return parsed(form).subs({sympy.Symbol(name): size for name, size in sizes.items()})


def test_a_free_parameter_is_a_symbol_like_any_other() -> None:
    net = api.load(SPECS / "mobilenet_v1.cnn").net().free("width", "classes")
    params = api.analyze(net).formula("params")
    width, classes = symbol_of("width"), symbol_of("classes")
    assert params.free_symbols == {width, classes}
    for at in ((1, 1000), (2, 10), (3, 7)):
        numbers = api.analyze(api.load(SPECS / "mobilenet_v1.cnn").net().bind(width=at[0], classes=at[1]))
        assert params.subs({width: at[0], classes: at[1]}) == numbers.cost("params")
    assert r"\mathrm{width}^{2}" in api.analyze(net).latex("params")


def test_what_the_layers_depend_on_cannot_be_free() -> None:
    text = "net n(depth = 2):\n    input x: [1, 8]\n    repeat depth:\n        conv(1, 1)\n    output relu\n"
    with pytest.raises(api.SpecError, match="the count of `repeat` depends on `depth`"):
        api.analyze(api.loads(text).net().free("depth"))


def test_a_word_that_is_no_cost_is_refused_with_those_that_are() -> None:
    with pytest.raises(ValueError, match="'weights' is no cost; these are: params"):
        symbolic(*NETS[0]).formula("weights")


def test_the_sympy_form_is_exact_where_floats_would_not_be() -> None:
    layers = "conv(7, 3, stride=3) -> conv(11, 5, stride=7, pad=2)"
    net = api.loads(f"net n():\n    input x: [3, H, W]\n    output {layers}\n")
    cost = api.analyze(net.net().symbolic()).cost("macs")
    at = {symbol_of("H"): 10**9 + 1, symbol_of("W"): 10**9 + 7}
    assert to_sympy(cost).subs(at) == evaluate(cost, {"H": 10**9 + 1, "W": 10**9 + 7})
