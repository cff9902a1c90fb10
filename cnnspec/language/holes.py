"""`?`: the values that a spec leaves to be found, where they stand and where they are sought."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cnnspec.language import ast
from cnnspec.language.spec import Spec, Unit
from cnnspec.layers import LAYERS, signature
from cnnspec.layers.arguments import COUNT

CHANNELS = (1, 2048)
"""Where the number of something (channels, features, groups) is sought if no bounds are stated."""
WINDOW = 15
"""How far what a window is made of (kernel, stride, padding) is sought, from the least that it may be."""
ANYTHING = (1, 256)
"""Where any other number is sought."""


@dataclass(frozen=True, slots=True)
class Hole:
    """A value to be found, and every place where it is written.

    `low` and `high` are the bounds as written at one of the places; None where none are stated, and then it
    is sought within `usual`.
    """

    key: str
    places: tuple[ast.Hole, ...]
    low: ast.Expression | None
    high: ast.Expression | None
    usual: tuple[int, int]
    parameter: str | None = None
    """The parameter whose default it is, where it is one."""

    @property
    def name(self) -> str:
        """What it is called: `kernel`, as its parameter, or the line and column of a `?` without a name."""
        first = self.places[0]
        if first.name or self.parameter:
            return first.name or self.parameter or ""
        line, column = first.span.source.position(first.span.start)
        return f"? at {line}:{column}"


def key_of(node: ast.Hole) -> str:
    """By what the values of holes are bound: holes of one name have one value, others one a place."""
    return f"?{node.name}" if node.name else f"?{node.span.source.name}:{node.span.start}"


def holes_of(spec: Spec, definition: ast.Definition) -> list[Hole]:
    """The holes of a net and of the blocks that it may be made of, in the order of the text."""
    found: dict[str, Hole] = {}
    parameters = {id(param.default): param.name for param in definition.params}
    for node, usual in _found_in(definition, spec.main):
        key = key_of(node)
        before = found.get(key)
        if before is None:
            found[key] = Hole(key, (node,), node.low, node.high, usual, parameters.get(id(node)))
        elif node not in before.places:
            low, high = (before.low, before.high) if before.low else (node.low, node.high)
            found[key] = Hole(key, (*before.places, node), low, high, before.usual, before.parameter)
    return sorted(found.values(), key=lambda hole: hole.places[0].span.start)


def _found_in(definition: ast.Definition, unit: Unit) -> Iterator[tuple[ast.Hole, tuple[int, int]]]:
    """Every hole in a definition, in the blocks it names, and in the constants of their files."""
    waiting = [(definition, unit)]
    seen: set[int] = set()
    units: dict[int, Unit] = {}
    while waiting:
        here, unit = waiting.pop()
        if id(here) in seen:
            continue
        seen.add(id(here))
        units[id(unit)] = unit
        yield from _holes_in([here])
        names = {node.name for node in ast.walk(here) if isinstance(node, ast.Name)}
        waiting += [(block.definition, block.unit) for name, block in unit.blocks.items() if name in names]
    for unit in units.values():
        yield from _holes_in(unit.file.assignments)


def _holes_in(nodes: Iterable[ast.Node]) -> Iterator[tuple[ast.Hole, tuple[int, int]]]:
    inside = [node for top in nodes for node in ast.walk(top)]
    expected = {id(node) for top in inside if isinstance(top, ast.Expect) for node in ast.walk(top)}
    usual = {
        id(hole): bounds for node in inside if isinstance(node, ast.Call) for hole, bounds in _given(node)
    }
    for node in inside:
        if isinstance(node, ast.Hole) and id(node) not in expected:
            yield node, usual.get(id(node), ANYTHING)


def _given(call: ast.Call) -> Iterator[tuple[ast.Hole, tuple[int, int]]]:
    """The holes that are arguments of a layer of the language, with where such arguments are sought."""
    layer = LAYERS.get(call.callee.name) if isinstance(call.callee, ast.Name) else None
    parameters = signature(layer) if layer else ()
    by_name = {parameter.name: parameter for parameter in parameters}
    for position, argument in enumerate(call.arguments):
        in_order = parameters[position] if position < len(parameters) else None
        parameter = by_name.get(argument.name) if argument.name else in_order
        if parameter is None or parameter.kind.least is None:
            continue
        least = parameter.kind.least
        bounds = CHANNELS if parameter.kind is COUNT else (least, WINDOW)
        yield from ((node, bounds) for node in _items(argument.value) if isinstance(node, ast.Hole))


def _items(value: ast.Expression) -> Iterator[ast.Expression]:
    if isinstance(value, ast.Sequence):
        for item in value.items:
            yield from _items(item)
    else:
        yield value
