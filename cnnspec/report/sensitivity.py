"""Sensitivities as a table and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from cnnspec.analysis.sensitivity import Change, Sensitivity
from cnnspec.diagnostics.legible import legible
from cnnspec.diagnostics.styled import Line, Piece, Style, line
from cnnspec.report.document import decimal
from cnnspec.report.layout import Column, Concession, body, fit, header, left_out, narrowed, rule
from cnnspec.report.quantities import exact

_CONCESSIONS: Sequence[Concession] = (("share", left_out), ("name", narrowed(12)))


def describe_sensitivities(net: str, found: Sequence[Sensitivity], width: int | None) -> Iterator[Line]:
    """One row a symbol and cost that changes with it."""
    yield line((legible(net), Style.HEADING), "  what one more of each costs")
    rows = [(each, change) for each in found for change in each.changes if change.difference]
    if rows:
        columns = fit(_columns(rows), width, _CONCESSIONS)
        yield from (header(columns), rule(columns), *body(columns))
    for each in found:
        name = legible(each.name)
        if each.greater is None:
            yield line((f"{name}: no greater value near {each.value} makes a net", Style.QUIET))
        elif not any(change.difference for change in each.changes):
            yield line((f"{name}: changes nothing", Style.QUIET))


def _columns(rows: Sequence[tuple[Sensitivity, Change]]) -> dict[str, Column]:
    return {
        "name": Column(
            "", [Piece(f"{legible(s.name)} {s.value} → {s.greater}", Style.STRONG) for s, _ in rows]
        ),
        "cost": Column("cost", [Piece(change.cost) for _, change in rows]),
        "change": Column("change", [Piece(_signed(change.difference)) for _, change in rows], right=True),
        "share": Column("share", [Piece(f"{_rounded(c.share * 100)} %") for _, c in rows], right=True),
        "elasticity": Column("elasticity", [Piece(_rounded(s.elasticity(c))) for s, c in rows], right=True),
    }


def _signed(difference: int) -> str:
    return f"{'+' if difference > 0 else '−'}{exact(abs(difference))}"


def _rounded(value: Fraction) -> str:
    return f"{float(value):.3g}".replace("-", "−")


def sensitivity_record(net: str, found: Sequence[Sensitivity]) -> dict[str, object]:
    """The same as plain data for JSON."""
    parameters = [
        {
            "name": each.name,
            "value": each.value,
            "greater": each.greater,
            "costs": {
                change.cost: {
                    "before": change.before,
                    "after": change.after,
                    "elasticity": decimal(each.elasticity(change)),
                }
                for change in each.changes
            },
        }
        for each in found
    ]
    return {"net": net, "parameters": parameters}
