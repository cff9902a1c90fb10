"""Short ways to say what a text is read as."""

from __future__ import annotations

from dataclasses import fields

from cnnspec.diagnostics import Diagnostic, Source
from cnnspec.language import ast
from cnnspec.language.parse import parse

_LEFT_OUT = ("span", "name_span", "label_span", "operator_span", "path_span", "source", "is_complete")


def shape(node: object) -> object:
    """A tree as nested tuples, without spans.

    What is absent is left out. Names, numbers, and what only holds an expression are that alone.
    """
    match node:
        case ast.Name(name=name) | ast.Target(name=name):
            return name
        case ast.Number(value=value):
            return value
        case (
            ast.Argument(name=None, value=inner)
            | ast.Flow(value=inner)
            | ast.Stage(value=inner, label=None)
            | ast.InputDim(symbol=None, value=inner)
        ):
            return shape(inner)
        case ast.Node() | ast.File():
            parts = [getattr(node, f.name) for f in fields(node) if f.name not in _LEFT_OUT]
            return (type(node).__name__, *(shape(part) for part in parts if part not in (None, (), False)))
        case tuple():
            return tuple(shape(item) for item in node)
        case _:
            return node


def read(text: str) -> ast.File:
    """The tree of a text without mistakes."""
    parsed = parse(Source("test.cnn", text))
    assert parsed.diagnostics == ()
    assert parsed.file is not None
    return parsed.file


def expression(text: str) -> object:
    """The shape of an expression."""
    return shape(read(f"x = {text}\n").assignments[0].value)


def body(text: str) -> object:
    """The shapes of the statements of a net."""
    indented = "".join(f"    {line}\n" for line in text.strip("\n").split("\n"))
    return shape(read("net x:\n" + indented).definitions[0].body)


def mistakes(text: str) -> list[Diagnostic]:
    """What is wrong with a text."""
    return list(parse(Source("test.cnn", text)).diagnostics)


def marked(text: str) -> tuple[str, list[tuple[int, int]]]:
    """A text without its marks `‹…›`, and where each pair of marks stood."""
    plain, places, starts = "", [], []
    for character in text:
        if character == "‹":
            starts.append(len(plain))
        elif character == "›":
            places.append((starts.pop(), len(plain)))
        else:
            plain += character
    return plain, sorted(places)
