"""Write `layers.md`: every layer from its signature, its formulas from its own rules called with symbols."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from cnnspec.dims import Dim, decide, product, render, sum_of, symbol
from cnnspec.graph.node import InputLayer
from cnnspec.language.values import show_fraction
from cnnspec.layers import LAYERS, Layer, Parameter, Requirement, Shape, WeightKind, signature
from cnnspec.layers.arguments import AMOUNT, COUNT, PADDING, PER_AXIS

PAGE = Path(__file__).with_name("layers.md")

INTRODUCTION = """# The layers

Every word of the language that names a layer, made from the layer itself: its arguments are the fields of its
class, and its formulas are what its rules answer when they are called with symbols. `C`, `H`, `W` are the
channels, height and width of the input; the rules are the same in 1-D and 3-D. Of arguments, `k` is the
kernel, `s` the stride, `p` the padding on each side, `K` the channels that come out; the others have their
defaults (with a dilation `d`, read `d·(k − 1) + 1` for `k` in a size). ⌊ ⌋ rounds down. Sizes and counts are
of one sample. Arguments stand in the order in which they may be given by position; those without a default
must be given. Every layer with weights also takes `weights=` and `frozen`.

This page is written by `docs/layer_reference.py`; a test holds it to the code.
"""

LETTERS = {
    "channels": "K",
    "features": "K",
    "kernel": "k",
    "stride": "s",
    "pad": "p",
    "factor": "r",
    "multiplier": "m",
}
"""The symbol that an argument is shown with; arguments not named here keep their defaults."""

EXAMPLES: dict[str, dict[str, object]] = {
    "adaptive_avgpool": {"size": (symbol("h"), symbol("w"))},
    "adaptive_maxpool": {"size": (symbol("h"), symbol("w"))},
    "reshape": {"sizes": (symbol("C") * symbol("H") * symbol("W"),)},
    "permute": {"order": (0, 2, 1)},
    "split": {"parts": 2},
    "chunk": {"parts": 2},
    "upsample": {"factor": 2},
    "pixel_shuffle": {"factor": 2},
    "pixel_unshuffle": {"factor": 2},
    "channel_shuffle": {"groups": 2},
    "groupnorm": {"groups": 2},
    "crop": {"amount": 1},
    "pad": {"amount": 1},
    "times": {"factor": Fraction(1, 2)},
}
"""Arguments that no symbol can stand for."""

VECTOR = (symbol("F"),)
MAP = (symbol("C"), symbol("H"), symbol("W"))


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """The whole page, a section a family of layers."""
    families: dict[str, list[type[Layer]]] = {}
    for cls in dict.fromkeys(LAYERS.values()):
        if cls is not InputLayer:
            families.setdefault(cls.__module__, []).append(cls)
    parts = [INTRODUCTION]
    for module, classes in families.items():
        parts.append(f"## {title(module)}\n")
        parts += ["\n".join(section(cls)) + "\n" for cls in classes]
    return "\n".join(parts)


def title(module: str) -> str:
    """`layers.response_normalisation` as a heading."""
    return module.rpartition(".")[2].replace("_", " ").capitalize()


def section(cls: type[Layer]) -> Iterator[str]:
    """A layer: what it does, its arguments, its formulas."""
    words = [word for word, other in LAYERS.items() if other is cls]
    yield f"### `{cls.word}`" + (
        f" (also {', '.join(f'`{word}`' for word in words[1:])})" if words[1:] else ""
    )
    yield ""
    yield inspect.cleandoc(cls.__doc__ or "")
    yield ""
    parameters = signature(cls)
    if parameters:
        yield "| argument | default | takes | |"
        yield "|---|---|---|---|"
        yield from (row(parameter) for parameter in parameters)
        yield ""
    yield from formulas(cls)


def row(parameter: Parameter) -> str:
    """One argument as a row of a table."""
    default = "" if parameter.required else f"`{value_text(parameter.default)}`"
    return f"| `{parameter.name}` | {default} | {parameter.kind.words} | {parameter.doc} |"


def value_text(value: object) -> str:
    """A default in the words of the language."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if hasattr(value, "denominator"):
        return show_fraction(value)  # type: ignore[arg-type]
    return str(value)


def formulas(cls: type[Layer]) -> Iterator[str]:
    """What the rules answer for an input of symbolic size."""
    found = called(cls)
    if found is None:
        return
    layer, inputs = found
    layer = layer.lower(inputs)
    outputs = layer.infer(inputs)
    keeps = outputs == inputs[:1]
    yield "- keeps the shape" if keeps else f"- {shapes_text(inputs)} → {shapes_text(outputs)}"
    for kind, name in ((WeightKind.PARAMETER, "parameters"), (WeightKind.BUFFER, "buffers")):
        count = sum_of(product(w.shape) for w in layer.weights(inputs) if w.kind is kind)
        if count != 0:
            yield f"- {name}: {formula(count)}"
    macs = layer.macs(inputs, outputs)
    if macs != 0:
        yield f"- MACs: {macs_text(macs, outputs[0])}"


def macs_text(macs: Dim, output: Shape) -> str:
    """All MACs, or as many as each output element takes where that is shorter."""
    each = macs // product(output)
    return f"{formula(each)} for every output element" if "⌊" not in render(each) else formula(macs)


def called(cls: type[Layer]) -> tuple[Layer, tuple[Shape, ...]] | None:
    """The layer with symbols for arguments, on the kind of input that it takes."""
    arguments = dict(EXAMPLES.get(cls.word, {}))
    for parameter in signature(cls):
        if parameter.name in LETTERS and parameter.name not in arguments:
            stands = parameter.kind in (COUNT, AMOUNT, PER_AXIS, PADDING)
            if stands and (parameter.default is not None or parameter.required):
                arguments[parameter.name] = symbol(LETTERS[parameter.name])
    least, most = cls.inputs
    count = max(least, 2) if most is None else least
    for shape in (MAP, VECTOR):
        inputs = (shape,) * count
        try:
            layer = cls(**arguments)
            if all(possible(needed) for needed in layer.requirements(inputs)):
                return layer, inputs
        except TypeError:
            return None
    return None


def possible(needed: Requirement) -> bool:
    """Whether a requirement can hold."""
    return decide(needed.left, needed.relation, needed.right) is not False


def shapes_text(shapes: tuple[Shape, ...]) -> str:
    """Shapes as the tables show them."""
    return ", ".join("[" + ", ".join(formula(size) for size in shape) + "]" for shape in shapes)


def formula(dim: Dim) -> str:
    """A size as code, so that Markdown leaves it alone."""
    return f"`{render(dim)}`"


if __name__ == "__main__":
    main()
