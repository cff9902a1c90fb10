"""A spec as one text: the blocks that it takes from other files put in the place of their `use` lines."""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.diagnostics import Edit, Source, Span
from cnnspec.diagnostics.edits import apply_edits
from cnnspec.language import ast
from cnnspec.language.scope import SHIPPED
from cnnspec.language.spec import Spec, Unit
from cnnspec.language.values import Block


def standalone(spec: Spec, name: str) -> str:
    """The text of a spec that uses no file but the standard library; its first net is called `name`."""
    edits = [*_renamed(spec, name), *_brought_in(spec.main)]
    return apply_edits(spec.source.text, edits)


def _renamed(spec: Spec, name: str) -> Iterator[Edit]:
    """The name of the first net, and every expectation outside of definitions that speaks of it."""
    old, net = next(iter(spec.nets.items()))
    yield Edit(net.name_span, name)
    for expect in spec.main.file.expects:
        for node in ast.walk(expect):
            if isinstance(node, ast.Name) and node.name == old:
                yield Edit(node.span, name)


def _brought_in(unit: Unit) -> Iterator[Edit]:
    """The first `use` of a file becomes what is needed of all of them, the others nothing."""
    of_files = [use for use in unit.file.uses if use.path is not None]
    blocks = _needed(unit)
    texts = [_text_of(block.definition) for block in blocks]
    if any(_uses_library(block.unit) for block in blocks) and not _uses_library(unit):
        texts.insert(0, "use std")
    for number, use in enumerate(of_files):
        yield Edit(use.span, "" if number else "\n\n".join(texts))


def _uses_library(unit: Unit) -> bool:
    return any(use.path is None for use in unit.file.uses)


def _needed(unit: Unit) -> list[Block]:
    """The blocks of other files that are used by the file's definitions, or by those blocks in turn."""
    needed: dict[ast.Definition, Block] = {}
    waiting: list[tuple[ast.Definition, Unit]] = [(made, unit) for made in unit.file.definitions]
    while waiting:
        definition, seen_from = waiting.pop(0)
        for node in ast.walk(definition):
            block = seen_from.blocks.get(node.name) if isinstance(node, ast.Name) else None
            if block is None or block.unit is unit or block.definition in needed:
                continue
            if block.unit.file.source.name not in SHIPPED:
                needed[block.definition] = block
                waiting.append((block.definition, block.unit))
    return sorted(needed.values(), key=_place)


def _place(block: Block) -> tuple[str, int]:
    return block.unit.file.source.name, block.definition.span.start


def _text_of(definition: ast.Definition) -> str:
    """The lines of a definition, with the comment right above it."""
    source = definition.span.source
    first = definition.span.line
    while first > 1 and source.line_text(first - 1).startswith("#"):
        first -= 1
    return _lines(source, first, Span(source, _end(definition) - 1, _end(definition)).line)


def _end(definition: ast.Definition) -> int:
    return max(node.span.end for node in ast.walk(definition))


def _lines(source: Source, first: int, last: int) -> str:
    return "\n".join(source.line_text(number) for number in range(first, last + 1))
