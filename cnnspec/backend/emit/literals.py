"""Values as Python source: the one place where a program's text is made out of data.

Text that came from a user ends here as a string literal in ASCII, or as a comment on lines of its own; never
as anything that Python would run.
"""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from enum import Enum
from typing import Any, cast

WIDTH = 88
"""Columns of a line: what ruff allows where nothing is configured."""

_STEP = 4
_LONGEST_NAME = 40
_LONGEST_TEXT = 72
_OPERATIONS = "cnnspec.backend.kernels.operations"


@dataclass(frozen=True, slots=True)
class Name:
    """Source as it stands: a name of the program, or a short expression over such names."""

    text: str


@dataclass(frozen=True, slots=True)
class Called:
    """A call of something that the program knows by name."""

    function: str
    arguments: Sequence[object] = ()
    named: Mapping[str, object] = field(default_factory=dict[str, object])


def inert(text: str) -> str:
    """A user's text for a comment or docstring: on one line, ASCII, without quotes and backslashes."""
    escaped = text.encode("unicode_escape").decode("ascii")
    return escaped.replace("\\", "/").replace('"', "'")


def comment(text: str, indent: int = 0, hang: int = 0) -> list[str]:
    """Lines of a comment, `hang` columns further in."""
    lead = " " * indent + "# " + " " * hang
    return textwrap.wrap(text, WIDTH, initial_indent=lead, subsequent_indent=lead) or [lead.rstrip()]


class Names:
    """Constants for a user's names: capital letters, so that none is a keyword or a function; each once.

    Of a long path the end is kept, which tells most.
    """

    def __init__(self, *taken: str) -> None:
        self._taken = set(taken)

    def constant(self, text: str) -> str:
        """A name that no other text was given."""
        words = re.sub(r"[^0-9A-Za-z]+", "_", text).upper()[-_LONGEST_NAME:].strip("_")
        plain = words if words and not words[0].isdigit() else f"N_{words}"
        name, number = plain, 1
        while name in self._taken:
            number += 1
            name = f"{plain}_{number}"
        self._taken.add(name)
        return name


class Imports:
    """What the values of a program are made of, and where that comes from."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str], str] = {}

    def use(self, module: str, name: str) -> str:
        """How a name of a module is written here. Two of the same name are told apart by a number."""
        if module.startswith(_OPERATIONS + "."):
            return f"{self.use(*_OPERATIONS.rsplit('.', 1))}.{name}"
        if (module, name) not in self._names:
            others = set(self._names.values())
            free = (name, *(f"{name}{number}" for number in range(2, len(others) + 3)))
            self._names[module, name] = next(candidate for candidate in free if candidate not in others)
        return self._names[module, name]

    def lines(self) -> list[str]:
        """The import statements: Python's own, numpy, ours."""
        by_module: dict[str, list[str]] = {}
        for (module, name), local in sorted(self._names.items()):
            by_module.setdefault(module, []).append(name if name == local else f"{name} as {local}")
        groups: dict[int, list[str]] = {0: [], 1: ["import numpy as np"], 2: []}
        for module, names in by_module.items():
            group = 1 if module.startswith("numpy") else 2 if module.startswith("cnnspec.") else 0
            groups[group] += _import(module, names)
        return [*groups[0], "", *groups[1], "", *groups[2]]


def _import(module: str, names: list[str]) -> list[str]:
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= WIDTH:
        return [line]
    return [f"from {module} import (", *(f"    {name}," for name in names), ")"]


@dataclass(frozen=True, slots=True)
class _Tree:
    """Source that may be broken after `open` and after every item."""

    open: str
    items: tuple[tuple[str, _Tree], ...] = ()
    close: str = ""
    comma: str = ","

    @property
    def flat(self) -> str:
        inner = f"{self.comma} ".join(lead + item.flat for lead, item in self.items)
        lonely = self.comma if self.open == "(" and len(self.items) == 1 else ""
        return f"{self.open}{inner}{lonely}{self.close}"

    def lines(self, indent: int, lead: str, tail: str) -> list[str]:
        """The source with what stands before and after it on its first and last line."""
        margin = " " * indent
        line = f"{margin}{lead}{self.flat}{tail}"
        if len(line) <= WIDTH or not self.items:
            return [line]
        inner = [text for start, item in self.items for text in item.lines(indent + _STEP, start, self.comma)]
        return [f"{margin}{lead}{self.open}", *inner, f"{margin}{self.close}{tail}"]


def statement(value: object, imports: Imports, lead: str = "", indent: int = 0, note: str = "") -> list[str]:
    """The lines of a value as source, after a `lead` such as `NAME = `, with a short note behind or above."""
    lines = _tree(value, imports).lines(indent, lead, "")
    if not note:
        return lines
    with_note = f"{lines[0]}  # {note}"
    return [with_note] if lines[1:] == [] and len(with_note) <= WIDTH else [*comment(note, indent), *lines]


def _tree(value: object, imports: Imports) -> _Tree:
    match value:
        case Name(text):
            return _Tree(text)
        case Called():
            return _call(value.function, value.arguments, value.named, imports)
        case tuple():
            return _Tree("(", _unnamed(cast("tuple[object, ...]", value), imports), ")")
        case dict():
            return _mapping(cast("dict[str, object]", value), imports)
        case _ if is_dataclass(value) and not isinstance(value, type):
            name = imports.use(type(value).__module__, type(value).__name__)
            return _call(name, (), _said(value), imports)
        case _:
            return _single(value, imports)


def _single(value: object, imports: Imports) -> _Tree:
    match value:
        case Enum():
            return _Tree(f"{imports.use(type(value).__module__, type(value).__name__)}.{value.name}")
        case str():
            return _text(value)
        case float() if not math.isfinite(value):
            return _Tree(f'float("{value}")')
        case None | bool() | int() | float():
            return _Tree(repr(value))
        case _:
            raise TypeError(f"{type(value).__name__} has no form in source")


def _call(function: str, arguments: Sequence[object], named: Mapping[str, object], imports: Imports) -> _Tree:
    keywords = tuple((f"{name}=", _tree(item, imports)) for name, item in named.items())
    return _Tree(f"{function}(", (*_unnamed(arguments, imports), *keywords), ")")


def _unnamed(items: Sequence[object], imports: Imports) -> tuple[tuple[str, _Tree], ...]:
    return tuple(("", _tree(item, imports)) for item in items)


def _mapping(items: dict[str, object], imports: Imports) -> _Tree:
    pairs = tuple((f"{quoted(key)}: ", _tree(item, imports)) for key, item in items.items())
    return _Tree("{", pairs, "}")


def _text(value: str) -> _Tree:
    """A string in ASCII; a long one as several that Python joins."""
    if len(quoted(value)) <= _LONGEST_TEXT:
        return _Tree(quoted(value))
    parts = [""]
    for character in value:
        if len(quoted(parts[-1] + character)) > _LONGEST_TEXT:
            parts.append("")
        parts[-1] += character
    return _Tree("(", tuple(("", _Tree(quoted(part))) for part in parts), ")", comma="")


def quoted(text: str) -> str:
    """A string literal in ASCII, in double quotes where that needs no escape."""
    literal = ascii(text)
    return f'"{literal[1:-1]}"' if literal[0] == "'" and '"' not in text else literal


def _said(value: Any) -> dict[str, object]:
    """The fields of a dataclass that are not as they would be anyway."""
    found = {item.name: (item, getattr(value, item.name)) for item in fields(value) if item.init}
    return {name: held for name, (item, held) in found.items() if _differs(item, held)}


def _differs(item: Field[Any], held: object) -> bool:
    if item.default_factory is not MISSING:
        return held != item.default_factory()
    return item.default is MISSING or type(held) is not type(item.default) or held != item.default
