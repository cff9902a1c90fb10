"""What a layer does, in short: `conv 64, 7×7 /2 pad 3 no bias`."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import cast

from cnnspec.dims import Symbolic, render
from cnnspec.graph import Node
from cnnspec.language.values import show_fraction
from cnnspec.layers import Parameter, signature

Argument = bool | int | Fraction | Symbolic | str | tuple["Argument", ...] | None


def operation(node: Node) -> str:
    """The word and the arguments that differ from their defaults."""
    rank = max((len(shape) - 1 for shape in node.input_shapes), default=0)
    return " ".join([node.word, *_said(node, rank)])


def call_text(node: Node) -> str:
    """The layer as one would write it: `conv(64, 7, stride=2, pad=3, bias=false)`."""
    parts: list[str] = []
    positional = True
    for parameter, value in _arguments(node):
        if not parameter.required and value == parameter.default:
            positional = False
            continue
        text = value_text(value)
        parts.append(text if positional else f"{parameter.name}={text}")
    return f"{node.word}({', '.join(parts)})" if parts else node.word


def arguments(node: Node) -> dict[str, object]:
    """Every argument by name, as a value of JSON; formulas and fractions that are not whole as text."""
    return {parameter.name: as_json(value) for parameter, value in _arguments(node)}


def _arguments(node: Node) -> Iterator[tuple[Parameter, Argument]]:
    for parameter in signature(type(node.layer)):
        yield parameter, cast("Argument", getattr(node.layer, parameter.name))


def _said(node: Node, rank: int) -> Iterator[str]:
    first = True
    for parameter, value in _arguments(node):
        if parameter.required or value != parameter.default:
            text = _short(parameter, value, rank)
            yield f"{text}," if first and parameter.name == "channels" else text
        first = False
    if node.frozen:
        yield "frozen"
    if not node.owns_weights:
        yield f"= {node.owner}"


def _short(parameter: Parameter, value: Argument, rank: int) -> str:
    """One argument; a size that holds for every axis is said once an axis where it is a window."""
    match parameter.name:
        case "kernel" | "window":
            sides = value if isinstance(value, tuple) else (value,) * max(rank, 1)
            return "×".join(value_text(side) for side in sides)
        case "stride":
            return f"/{_axes_text(value)}"
        case _ if isinstance(value, bool):
            return parameter.name if value else f"no {parameter.name}"
        case _ if parameter.required:
            return value_text(value)
        case _:
            return f"{parameter.name} {_axes_text(value)}"


def _axes_text(value: Argument) -> str:
    """One value an axis: `3×5`; of pairs `(1, 0)×(2, 2)`."""
    return "×".join(map(value_text, value)) if isinstance(value, tuple) else value_text(value)


def value_text(value: Argument) -> str:
    """A value in the words of the language."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | Symbolic():
            return render(value)
        case Fraction():
            return show_fraction(value)
        case tuple():
            return "(" + ", ".join(value_text(item) for item in value) + ")"
        case _:
            return str(value)


def as_json(value: Argument) -> object:
    """A value for JSON; fractions and formulas as text."""
    match value:
        case bool() | int() | str() | None:
            return value
        case Fraction():
            return int(value) if value.denominator == 1 else value_text(value)
        case tuple():
            return [as_json(item) for item in value]
        case _:
            return value_text(value)
