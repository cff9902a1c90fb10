"""Legal sizes in words: the set of each symbol, the layer that sets each bound, the way to the nearest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from cnnspec.analysis.legal_sizes import WHERE, Bound, LegalSizes
from cnnspec.diagnostics.legible import legible
from cnnspec.diagnostics.styled import Line, Style, line
from cnnspec.dims import render
from cnnspec.dims.solutions import SizeSet
from cnnspec.graph import Condition, Graph
from cnnspec.layers.base import Requirement

MARGIN = "  "
EXAMPLES = 6
"""How many legal sizes are listed as examples."""
LISTED = 12
"""Up to how many members a bounded set is written out."""


def set_text(symbol: str, allowed: SizeSet) -> str:
    """A set of sizes in the field's notation: `H ≡ 0 (mod 16)`, `29 ≤ H ≤ 32`, `H ≥ 7`."""
    if allowed.is_empty:
        return f"no {symbol}"
    if allowed.is_bounded:
        members = list(islice(allowed.members(), LISTED + 1))
        if len(members) <= LISTED and members != list(range(members[0], members[-1] + 1)):
            return f"{symbol} ∈ {{{', '.join(map(str, members))}}}"
    parts = [_residues_text(symbol, allowed), _range_text(symbol, allowed)]
    return ", ".join(part for part in parts if part) or f"any {symbol}"


def _residues_text(symbol: str, allowed: SizeSet) -> str:
    if allowed.period == 1:
        return ""
    residues = [str(r) for r, interval in enumerate(allowed.intervals) if interval is not None]
    missing = [str(r) for r, interval in enumerate(allowed.intervals) if interval is None]
    if len(missing) < len(residues) and missing:
        return f"{symbol} ≢ {_some(missing)} (mod {allowed.period})"
    return f"{symbol} ≡ {_some(residues)} (mod {allowed.period})" if missing else ""


def _some(numbers: list[str]) -> str:
    return ", ".join(numbers[:LISTED]) + (", …" if len(numbers) > LISTED else "")


def _range_text(symbol: str, allowed: SizeSet) -> str:
    least, greatest = allowed.least, allowed.greatest
    if greatest is not None:
        return f"{symbol} = {least}" if least == greatest else f"{least} ≤ {symbol} ≤ {greatest}"
    natural = min((r or allowed.period for r, i in enumerate(allowed.intervals) if i is not None), default=1)
    return f"{symbol} ≥ {least}" if least is not None and least > natural else ""


def condition_text(requirement: Requirement) -> str:
    """A requirement as a relation between sizes."""
    left, right = render(requirement.left), render(requirement.right)
    if requirement.relation == "multiple of":
        return f"{left} is a multiple of {right}"
    return f"{left} {'=' if requirement.relation == '==' else '≥'} {right}"


def describe_sizes(graph: Graph, found: LegalSizes, unwasted: Mapping[str, SizeSet] | None) -> Iterator[Line]:
    """The legal sizes of every free symbol, each bound with its witness."""
    for symbol, allowed in found.by_symbol.items():
        yield from _symbol(graph, symbol, allowed, found.bounds.get(symbol, ()))
        if unwasted is not None and symbol in unwasted:
            yield from _whole(symbol, allowed, unwasted[symbol])
    for joint in found.joint:
        yield line((condition_text(joint.condition.requirement), Style.STRONG))
        yield _witness(graph, joint.condition, "ties the symbols together")
    for condition in found.unsolved:
        yield line((condition_text(condition.requirement), Style.STRONG))
        yield _witness(graph, condition, "has no short description")


def _symbol(graph: Graph, symbol: str, allowed: SizeSet, bounds: tuple[Bound, ...]) -> Iterator[Line]:
    examples = list(islice(allowed.members(), EXAMPLES + 1))
    shown = ", ".join(map(str, examples[:EXAMPLES])) + (" …" if len(examples) > EXAMPLES else "")
    yield line((set_text(symbol, allowed), Style.STRONG), (f"   {shown}" if examples else "", Style.QUIET))
    for bound in bounds:
        yield _witness(graph, bound.condition, set_text(symbol, bound.allowed))


def _witness(graph: Graph, condition: Condition, text: str) -> Line:
    if condition.path == WHERE:
        return line(MARGIN, text, ("   the net's `where` clause", Style.QUIET))
    origin = graph.node(condition.path).origin
    place = f" at {origin.span}" if origin.span else ""
    return line(MARGIN, text, "   ", (legible(condition.path), Style.PATH), (legible(place), Style.QUIET))


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


def sizes_record(found: LegalSizes) -> dict[str, object]:
    """The same as plain data for JSON."""
    return {
        "symbols": {
            symbol: {
                "set": set_text(symbol, allowed),
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
