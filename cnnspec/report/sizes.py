"""Legal sizes in words: the set of each symbol, the layer that sets each bound, the way to the nearest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from cnnspec.analysis.legal_sizes import WHERE, Joint, LegalSizes, holds, symbols_in
from cnnspec.analysis.size_text import LISTED, set_text
from cnnspec.diagnostics.legible import cells, legible
from cnnspec.diagnostics.styled import Line, Piece, Style, line, plain
from cnnspec.dims import render
from cnnspec.dims.solutions import SizeSet
from cnnspec.graph import Condition, Graph
from cnnspec.layers.base import Requirement

MARGIN = "  "
APART = "   "
EXAMPLES = 6
"""How many legal sizes are listed as examples."""


def condition_text(requirement: Requirement) -> str:
    """A requirement as a relation between sizes."""
    left, right = render(requirement.left), render(requirement.right)
    if requirement.relation == "multiple of":
        return f"{left} is a multiple of {right}"
    return f"{left} {'=' if requirement.relation == '==' else '≥'} {right}"


def describe_sizes(
    graph: Graph, found: LegalSizes, unwasted: Mapping[str, SizeSet] | None, width: int | None
) -> Iterator[Line]:
    """The legal sizes of every free symbol, each bound with its witness."""
    for text in _description(graph, found, unwasted):
        yield from _folded(text, width)


def _folded(text: Line, width: int | None) -> Iterator[Line]:
    """A line; or two, the second with what stands apart, where it is wider than the terminal."""
    apart = next((k for k, piece in enumerate(text) if piece.text == APART), None)
    if width is None or apart is None or cells(plain(text)) <= width:
        yield text
    else:
        yield text[:apart]
        yield (Piece(MARGIN + MARGIN), *text[apart + 1 :])


def _description(graph: Graph, found: LegalSizes, unwasted: Mapping[str, SizeSet] | None) -> Iterator[Line]:
    for symbol, allowed in found.by_symbol.items():
        yield from _symbol(graph, symbol, allowed, found)
        if unwasted is not None and symbol in unwasted:
            yield from _whole(symbol, allowed, unwasted[symbol])
    for alike in _alike(joint.condition for joint in found.joint):
        yield line((condition_text(alike[0].requirement), Style.STRONG))
        yield from (_witness(graph, condition, "ties the symbols together") for condition in alike)
    for joint in found.joint:
        yield from _pairs(joint, found.by_symbol)
    for condition in found.unsolved:
        yield line((condition_text(condition.requirement), Style.STRONG))
        yield _witness(graph, condition, "has no short description")


def _pairs(joint: Joint, by_symbol: Mapping[str, SizeSet]) -> Iterator[Line]:
    """What solves a tie, set by set, of those that its symbols may have."""
    boxes = [{name: by_symbol[name] & allowed for name, allowed in box.items()} for box in joint.boxes or ()]
    legal = [box for box in boxes if not any(allowed.is_empty for allowed in box.values())]
    for box in legal[:LISTED]:
        yield line(MARGIN, " with ".join(set_text(name, allowed) for name, allowed in box.items()))
    if len(legal) > LISTED:
        yield line((f"{MARGIN}and {len(legal) - LISTED} other pairs", Style.QUIET))


def _alike(conditions: Iterable[Condition]) -> Iterable[list[Condition]]:
    """The conditions that say the same, `H = W` and `W = H`, each with all its witnesses."""
    found: dict[object, list[Condition]] = {}
    for condition in conditions:
        needed = condition.requirement
        sides = (needed.left, needed.right)
        key = frozenset(sides) if needed.relation == "==" else (sides, needed.relation)
        paths = found.setdefault(key, [])
        if all(condition.path != before.path for before in paths):
            paths.append(condition)
    return found.values()


def _symbol(graph: Graph, symbol: str, allowed: SizeSet, found: LegalSizes) -> Iterator[Line]:
    is_loose = symbol in found.loose
    examples = [] if is_loose else list(islice(allowed.members(), EXAMPLES + 1))
    shown = ", ".join(map(str, examples[:EXAMPLES])) + (" …" if len(examples) > EXAMPLES else "")
    yield line((set_text(symbol, allowed), Style.STRONG), (f"   {shown}" if examples else "", Style.QUIET))
    if is_loose:
        yield line((f"{MARGIN}not all of these: below is what ties it to other symbols", Style.QUIET))
    for bound in found.bounds.get(symbol, ()):
        yield _witness(graph, bound.condition, set_text(symbol, bound.allowed))
        if bound.allowed.period > 1 or len(symbols_in(bound.condition.requirement)) > 1:
            yield line((f"{MARGIN}{MARGIN}needs {condition_text(bound.condition.requirement)}", Style.QUIET))


def _witness(graph: Graph, condition: Condition, text: str) -> Line:
    if condition.path == WHERE:
        return line(MARGIN, text, ("   the net's `where` clause", Style.QUIET))
    origin = graph.node(condition.path).origin
    place = f" at {origin.span}" if origin.span else ""
    return line(MARGIN, text, APART, (legible(condition.path), Style.PATH), (legible(place), Style.QUIET))


def _whole(symbol: str, allowed: SizeSet, unwasted: SizeSet) -> Iterator[Line]:
    both = allowed & unwasted
    if both != allowed:
        what = set_text(symbol, both) if not both.is_empty else f"for no {symbol}"
        yield line(MARGIN, ("every pixel is read: ", Style.QUIET), what)


def repair(symbol: str, size: int, allowed: SizeSet) -> Line:
    """Whether a size is legal and, where it is not, how far the nearest legal ones are."""
    if size in allowed:
        return line(f"{symbol} = {size} is ", ("legal", Style.SUCCESS))
    below, above = allowed.nearest(size)
    ways = [f"pad {above - size} to {above}"] if above is not None else []
    ways += [f"crop {size - below} to {below}"] if below is not None else []
    ways.sort(key=lambda way: int(way.split()[1]))
    advice = ", or ".join(ways) if ways else "no size is"
    return line(f"{symbol} = {size} is ", ("not legal", Style.ERROR), f": {advice}")


def broken_conditions(found: LegalSizes, sizes: Mapping[str, int]) -> list[Line]:
    """The conditions beside the sets that do not hold, of those whose symbols all have a size here."""
    beside = (alike[0].requirement for alike in _alike(found.beside))
    return [
        line(MARGIN, (condition_text(needed), Style.STRONG), (" does not hold", Style.ERROR))
        for needed in beside
        if symbols_in(needed) <= sizes.keys() and not holds(needed, sizes)
    ]


def sizes_record(found: LegalSizes) -> dict[str, object]:
    """The same as plain data for JSON."""
    return {
        "symbols": {
            symbol: {
                "set": set_text(symbol, allowed),
                "exact": symbol not in found.loose,
                "period": allowed.period,
                "residues": [
                    {"residue": r, "least": interval[0], "greatest": interval[1]}
                    for r, interval in enumerate(allowed.intervals)
                    if interval is not None
                ],
                "bounds": [
                    {
                        "path": bound.condition.path or None,
                        "condition": condition_text(bound.condition.requirement),
                        "allows": set_text(symbol, bound.allowed),
                    }
                    for bound in found.bounds.get(symbol, ())
                ],
            }
            for symbol, allowed in found.by_symbol.items()
        },
        "joint": [
            {"path": joint.condition.path or None, "condition": condition_text(joint.condition.requirement)}
            for joint in found.joint
        ],
    }
