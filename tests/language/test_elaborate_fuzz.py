"""Whatever is written, the answer is a graph or findings: no exception, no graph with a mistake in it."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnnspec.analysis import analyse
from cnnspec.analysis.contracts import check_contracts
from cnnspec.graph.invariants import verify_graph
from cnnspec.language.builtins import FUNCTIONS
from cnnspec.language.elaborate import FREE, elaborate
from cnnspec.language.spec import load_text
from cnnspec.layers import LAYERS, signature
from cnnspec.layers.classic_kernels import KERNELS

NUMBERS = ["0", "1", "2", "3", "-1", "0.5", "1%", "4096", "10**9", "1/3", "3x5", "8", "H", "n", "H/2", "2*n"]
WORDS = [
    "true",
    "false",
    "same",
    "valid",
    "nearest",
    "channels",
    "height",
    "frozen",
    "ceil",
    '"text"',
    "none",
]
NAMES = ["in", "it", "a", "b", "f", "unit", "recursive", "two", "unknown"]

numbers = st.sampled_from(NUMBERS)
atoms = st.one_of(numbers, numbers, st.sampled_from([*WORDS, *NAMES, *LAYERS, *KERNELS]))


@st.composite
def layer_calls(draw: st.DrawFn, values: st.SearchStrategy[str] = atoms) -> str:
    """A call that fits the signature at least in part."""
    word = draw(st.sampled_from(list(LAYERS)))
    given_ = [draw(values) for p in signature(LAYERS[word]) if p.required]
    named = draw(st.lists(st.sampled_from([p.name for p in signature(LAYERS[word])] or ["x"]), max_size=2))
    given_ += [f"{name}={draw(values)}" for name in named]
    return f"{word}({', '.join(given_)})" if given_ else word


def compound(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(inner, inner)
    operators = st.sampled_from(
        ["+", "-", "*", "/", "//", "%", "**", "and", "or", "==", "!=", "<", ">=", "->"]
    )
    return st.one_of(
        st.tuples(pairs, operators).map(lambda t: f"({t[0][0]} {t[1]} {t[0][1]})"),
        st.tuples(inner, st.sampled_from(["shape", "channels", "left", "params"])).map(".".join),
        inner.map(lambda text: f"-{text}"),
        inner.map(lambda text: f"not {text}"),
        pairs.map(lambda t: f"{t[0]}[{t[1]}]"),
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} if {t[1]} else {t[2]})"),
        st.tuples(st.sampled_from([*NAMES, *FUNCTIONS]), st.lists(inner, max_size=3)).map(
            lambda t: f"{t[0]}({', '.join(t[1])})"
        ),
        layer_calls(inner),
        inner.map(lambda text: f"({text} as label)"),
    )


expressions = st.recursive(st.one_of(atoms, layer_calls()), compound, max_leaves=5)
lines = st.one_of(
    expressions,
    layer_calls(numbers),
    expressions.map(lambda text: f"a = {text}"),
    expressions.map(lambda text: f"a, b = {text}"),
    expressions.map(lambda text: f"layer f = {text}"),
    expressions.map(lambda text: f"output {text}"),
    expressions.map(lambda text: f"training output t = {text} weight {text}"),
    expressions.map(lambda text: f"expect {text}"),
    st.tuples(expressions, expressions).map(lambda t: f"expect {t[0]} == {t[1]} within 1%"),
)
statements = st.recursive(
    lines.map(lambda text: [text]),
    lambda body: st.one_of(
        st.tuples(expressions, body).map(lambda t: [f"repeat {t[0]}:", *indented(t[1])]),
        st.tuples(expressions, body).map(lambda t: [f"for a in {t[0]}:", *indented(t[1])]),
        st.tuples(expressions, body, body).map(
            lambda t: [f"if {t[0]}:", *indented(t[1]), "else:", *indented(t[2])]
        ),
        st.tuples(body, body).map(lambda t: t[0] + t[1]),
    ),
    max_leaves=6,
)


def indented(body: list[str]) -> list[str]:
    return [f"    {line}" for line in body]


def spec_of(body: list[str], block: list[str]) -> str:
    text = [
        "block unit(c = 4, f = relu):",
        *indented(block),
        "block recursive(n = 9):",
        "    recursive(n - 1) -> recursive(n - 2)",
        "block two:",
        "    output left = relu",
        "    output right = conv(3, 1)",
        "net fuzzed(n = 2):",
        "    input image: [3, H = 12, W = 12] where H >= 3",
        *indented(body),
    ]
    return "\n".join(text) + "\n"


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(statements, min_size=1, max_size=4), statements, st.booleans())
def test_the_answer_is_a_graph_or_findings(body: list[list[str]], block: list[str], symbolic: bool) -> None:
    loaded = load_text(spec_of([line for part in body for line in part], block))
    assert loaded.spec is not None
    bindings = {"n": FREE} if symbolic else {}
    result = elaborate(loaded.spec, None, bindings, symbolic=symbolic)
    assert (result.graph is None) == bool(result.diagnostics or loaded.diagnostics)
    if result.graph is not None:
        verify_graph(result.graph)
        check_contracts(loaded.spec, analyse(result.graph))
