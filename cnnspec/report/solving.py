"""The solutions of a spec with unknowns, as a table, as JSON, or as the reason that there are none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from cnnspec.analysis.solving import Solved
from cnnspec.diagnostics.legible import legible
from cnnspec.diagnostics.render_full import render_one
from cnnspec.diagnostics.render_json import record
from cnnspec.diagnostics.styled import Line, Piece, Style, line
from cnnspec.report.document import decimal
from cnnspec.report.layout import Column, body, header, rule

MARGIN = "  "


def describe_solved(solved: Solved, limit: int, width: int | None) -> Iterator[Line]:
    """The best solutions as a table, or what keeps there from being any."""
    if solved.solutions:
        yield from _table(solved, limit)
    else:
        yield from _reasons(solved, width)
    yield from _bounds(solved)


def _table(solved: Solved, limit: int) -> Iterator[Line]:
    shown = solved.solutions[:limit]
    count = len(solved.solutions)
    yield line((f"{count:,} solution{'s' * (count != 1)}", Style.SUCCESS))
    columns = {
        hole.key: Column(
            legible(hole.hole.name),
            [Piece(f"{found.values[hole.key]:,}", Style.STRONG) for found in shown],
            True,
        )
        for hole in solved.holes
    }
    for text in dict.fromkeys(use.text for found in shown for use in found.uses):
        shares = [{use.text: use.share for use in found.uses}.get(text) for found in shown]
        pieces = [Piece("" if share is None else _percent(share)) for share in shares]
        columns[f"expect {text}"] = Column(legible(text), pieces, right=True)
    for row in (header(columns), rule(columns), *body(columns)):
        yield (Piece(MARGIN), *row)
    if count > limit:
        yield line(MARGIN, (f"… {count - limit:,} more; --limit shows more of them", Style.QUIET))


def _percent(share: Fraction) -> str:
    """To one place, and never 100 % of what is not all of it."""
    tenths = round(share * 1000)
    if tenths == 1000 and share < 1:
        tenths = 999
    return f"{tenths // 10}.{tenths % 10} %"


def _reasons(solved: Solved, width: int | None) -> Iterator[Line]:
    yield line(("no solution", Style.ERROR))
    if solved.nearest is not None:
        yield line(MARGIN, "nearest: ", (values_text(solved, solved.nearest), Style.STRONG))
    for finding in solved.findings:
        yield from render_one(finding, width)


def values_text(solved: Solved, values: Mapping[str, int]) -> str:
    """`kernel = 11, stride = 4`."""
    return ", ".join(f"{legible(hole.hole.name)} = {values[hole.key]}" for hole in solved.holes)


def _bounds(solved: Solved) -> Iterator[Line]:
    """Where values were sought of which the spec does not say it."""
    parts = [f"{legible(s.hole.name)} in {s.low}..{s.high}" for s in solved.holes if s.hole.low is None]
    if parts:
        yield line((f"sought: {', '.join(parts)} (no bounds are stated)", Style.QUIET))


def solved_record(solved: Solved, limit: int) -> dict[str, object]:
    """The same as plain data for JSON."""
    names = {hole.key: hole.hole.name for hole in solved.holes}
    return {
        "unknowns": [
            {
                "name": hole.hole.name,
                "low": hole.low,
                "high": hole.high,
                "stated": hole.hole.low is not None,
                "places": [str(place.span) for place in hole.hole.places],
            }
            for hole in solved.holes
        ],
        "count": len(solved.solutions),
        "solutions": [
            {
                "values": {names[key]: value for key, value in found.values.items()},
                "uses": [{"expectation": use.text, "share": decimal(use.share)} for use in found.uses],
            }
            for found in solved.solutions[:limit]
        ],
        "nearest": solved.nearest and {names[key]: value for key, value in solved.nearest.items()},
        "findings": [record(finding) for finding in solved.findings],
    }
