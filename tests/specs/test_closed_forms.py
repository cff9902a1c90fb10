"""The closed forms of the zoo: put in sizes and get what the numeric path gives, in our form and SymPy's."""

from __future__ import annotations

from functools import cache
from itertools import islice
from pathlib import Path

import pytest
import sympy
from sympy.parsing.latex import parse_latex

from cnnspec import api
from cnnspec.analysis.legal_sizes import legal_sizes
from cnnspec.analysis.sympy_form import symbol_of, to_latex, to_sympy
from cnnspec.dims import Dim, evaluate, symbols_of

SPECS = Path(__file__).parents[2] / "specs"
NETS = [(path, net) for path in sorted(SPECS.rglob("*.cnn")) for net in api.load(path).nets]
COSTS = ("params", "macs", "flops", "activations.bytes")


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


@pytest.mark.parametrize(("path", "net"), NETS, ids=lambda value: getattr(value, "stem", value))
def test_the_forms_evaluated_are_the_numbers_of_the_net_at_that_size(path: Path, net: str) -> None:
    forms = symbolic(path, net)
    for sizes in other_sizes(path, net) if forms.graph.symbols else []:
        numbers = api.analyze(api.load(path).net(net).bind(**sizes))
        assert [facts.path for facts in forms.layers] == [facts.path for facts in numbers.layers]
        for ours, expected in zip(forms.layers, numbers.layers, strict=True):
            where = f"{ours.path} at {sizes}"
            assert tuple(evaluate(size, sizes) for size in ours.output) == expected.output, where
            for cost in ("params", "buffers", "macs", "elements"):
                assert evaluate(getattr(ours, cost), sizes) == getattr(expected, cost), f"{cost} of {where}"
        for name in COSTS:
            assert evaluate(forms.cost(name), sizes) == numbers.cost(name), f"{name} at {sizes}"


@pytest.mark.parametrize(("path", "net"), NETS, ids=lambda value: getattr(value, "stem", value))
def test_sympy_and_latex_say_the_same(path: Path, net: str) -> None:
    forms = symbolic(path, net)
    sizes = other_sizes(path, net)[:1] if forms.graph.symbols else [{}]
    for name in COSTS:
        cost = forms.cost(name)
        names = sorted(symbols_of(cost))
        formula = forms.formula(name)
        function = sympy.lambdify([symbol_of(symbol) for symbol in names], formula, "math")
        for values in sizes:
            expected = evaluate(cost, values)
            assert function(*(values[symbol] for symbol in names)) == expected, name
            if name == "macs":
                assert read_back(cost, values) == expected, to_latex(cost)


def read_back(cost: Dim, values: dict[str, int]) -> object:
    """The LaTeX of a formula, parsed by SymPy's own grammar and evaluated."""
    text = to_latex(cost).replace(r"\left", "").replace(r"\right", "")
    parsed = parse_latex(text, backend="lark")
    assert isinstance(parsed, sympy.Expr), parsed
    return parsed.subs({sympy.Symbol(name): size for name, size in values.items()})


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
