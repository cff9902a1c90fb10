"""What docs/language.md lists is what there is: layers, functions, kernels, blocks, limits."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cnnspec.analysis.measures import ALL_WORDS, WORDS
from cnnspec.language import ast, limits
from cnnspec.language.builtins import FUNCTIONS
from cnnspec.language.spec import PRELUDE, STANDARD_LIBRARY, load_spec
from cnnspec.language.values import show
from cnnspec.layers import LAYERS, Layer, Parameter, signature
from cnnspec.layers.classic_kernels import KERNELS

PAGE = (Path(__file__).parents[2] / "docs" / "language.md").read_text(encoding="utf-8")
TABLE = PAGE.partition("## Expectations")[2].partition("| Word | |")[2].partition("\n\n")[0]
FLAT = re.sub(r"\s+", " ", PAGE)


OPERANDS = {"hypot": ("a", "b"), "atan2": ("y", "x")}
"""The tensors of layers that take so many; other layers with several take any number."""


def row(code: str, words: str) -> str:
    return f"\n| `{code}` | {words} |\n"


def layer_row(word: str, layer: type[Layer]) -> tuple[str, str]:
    given = [parameter_text(parameter) for parameter in signature(layer)]
    if layer.inputs != (1, 1):
        given = [*OPERANDS.get(word, ("a", "b", "…")), *given]
    first, *_ = (layer.__doc__ or "").strip().split("\n")
    return f"{word}({', '.join(given)})" if given else word, first.rstrip(".")


def parameter_text(parameter: Parameter) -> str:
    if parameter.required:
        return parameter.name
    default = "…" if parameter.default is None else show(parameter.default)  # type: ignore[arg-type]
    return f"{parameter.name}={default}"


def block_text(definition: ast.Definition) -> str:
    params = ", ".join(param.span.text for param in definition.params)
    return f"`{definition.name}({params})`" if params else f"`{definition.name}`"


def blocks(path: Path) -> str:
    spec = load_spec(path).spec
    assert spec is not None
    return " · ".join(block_text(definition) for definition in spec.main.file.definitions)


def limit_list() -> str:
    bounds = [
        f"{limits.MAX_SOURCE_BYTES >> 20} MiB of source",
        f"{limits.MAX_FILES} files",
        f"{limits.MAX_LAYERS:,} layers",
        f"{limits.MAX_STEPS:,} statements",
        f"{limits.MAX_REPETITIONS:,} rounds of a loop",
        f"{limits.MAX_ITEMS:,} items in a list",
        f"{limits.MAX_BITS:,} bits in a number",
    ]
    return f"{', '.join(bounds)}, and {limits.MAX_DEPTH} levels of blocks and expressions"


LISTED = {
    "kernels": " ".join(f"`{name}`" for name in KERNELS),
    "std": blocks(STANDARD_LIBRARY),
    "prelude": blocks(PRELUDE),
    "limits": limit_list(),
}


@pytest.mark.parametrize("word", LAYERS)
def test_every_layer_is_in_the_reference(word: str) -> None:
    assert row(*layer_row(word, LAYERS[word])) in PAGE


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_is_in_the_reference(name: str) -> None:
    assert row(name, FUNCTIONS[name].doc) in PAGE


@pytest.mark.parametrize("name", LISTED)
def test_what_the_reference_lists_is_complete(name: str) -> None:
    assert re.sub(r"\s+", " ", LISTED[name]) in FLAT


@pytest.mark.parametrize("word", WORDS)
def test_everything_that_can_be_expected_is_in_the_reference(word: str) -> None:
    base, _, rest = word.rpartition(".")
    assert f"| `{word}" in TABLE or f"`{word}`" in TABLE or (f"`{base}`" in TABLE and f"`.{rest}`" in TABLE)


def test_nothing_else_is_said_to_be_expected() -> None:
    named = set(re.findall(r"`([a-z_.]+)`", TABLE))
    bases = {word.rpartition(".")[0] for word in WORDS} | {""}
    others = {name for name in named if not any(base + name in ALL_WORDS for base in bases)}
    assert others == {"sizes", "peak", "bw"}
