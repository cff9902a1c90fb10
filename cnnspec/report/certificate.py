"""The certificate of `verify`: what was claimed, what running the net showed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

from cnnspec.backend.certificate import Certificate, Claim, Section, Verdict
from cnnspec.diagnostics.findings import counted
from cnnspec.diagnostics.legible import legible, wrap
from cnnspec.diagnostics.styled import Line, Piece, Style, line
from cnnspec.report.layout import Column, body, fit, narrowed

MOST_SHOWN = 20
"""So many claims of a section that fail or could not be checked are shown; all with `everything`."""

MARGIN = "    "
LONGEST_LINE = 100

_STYLES = {Verdict.HOLDS: Style.SUCCESS, Verdict.FAILS: Style.ERROR, Verdict.UNCHECKED: Style.WARNING}


def certificate_lines(certificate: Certificate, width: int | None, *, everything: bool) -> Iterator[Line]:
    """The outcome, a line a topic, and below it the claims that do not hold (or all of them)."""
    failed = len(certificate.failures)
    checked = sum(claim.verdict is not Verdict.UNCHECKED for claim in certificate.claims)
    outcome = (
        f"{failed} of {counted(checked, 'claim')} failed" if failed else f"{counted(checked, 'claim')} hold"
    )
    yield line(
        (legible(certificate.net), Style.HEADING), "  ", (outcome, Style.ERROR if failed else Style.SUCCESS)
    )
    for text in certificate.conditions:
        yield from (line((part, Style.QUIET)) for part in wrap(text, width))
    yield ()
    for section, summary in zip(certificate.sections, _summaries(certificate, width), strict=True):
        yield summary
        for text in wrap(section.how, (width or LONGEST_LINE) - len(MARGIN)):
            yield line((MARGIN + text, Style.QUIET))
        yield from _claims(section, width, everything=everything)


def _summaries(certificate: Certificate, width: int | None) -> Iterator[Line]:
    sections = certificate.sections
    columns = {
        "verdict": Column("", [_verdict(section) for section in sections]),
        "topic": Column("", [Piece(str(section.topic), Style.STRONG) for section in sections]),
        "count": Column("", [Piece(_count(section)) for section in sections], right=True),
    }
    return body(fit(columns, width, []))


def _verdict(section: Section) -> Piece:
    if section.count(Verdict.FAILS):
        verdict = Verdict.FAILS
    else:
        verdict = Verdict.HOLDS if section.count(Verdict.HOLDS) else Verdict.UNCHECKED
    return Piece(str(verdict), _STYLES[verdict])


def _count(section: Section) -> str:
    holding = section.count(Verdict.HOLDS)
    return str(holding) if holding == len(section.claims) else f"{holding} of {len(section.claims)}"


def _claims(section: Section, width: int | None, *, everything: bool) -> Iterator[Line]:
    shown = [claim for claim in section.claims if everything or claim.verdict is not Verdict.HOLDS]
    left_out = 0 if everything else max(0, len(shown) - MOST_SHOWN)
    shown = shown[: len(shown) - left_out]
    if shown:
        yield from _claim_table(shown, width)
    if left_out:
        yield line((f"{MARGIN}… {left_out} more", Style.QUIET))


def _claim_table(claims: Sequence[Claim], width: int | None) -> Iterator[Line]:
    columns = {
        "verdict": Column(
            "", [Piece(f"{MARGIN}{claim.verdict}", _STYLES[claim.verdict]) for claim in claims]
        ),
        "where": Column("", [Piece(legible(claim.where)) for claim in claims]),
        "expected": Column("", [Piece(f"expected {legible(claim.expected)}") for claim in claims]),
        "measured": Column("", [Piece(_measured(claim), Style.STRONG) for claim in claims]),
    }
    return body(fit(columns, width, [("where", narrowed(24))]))


def _measured(claim: Claim) -> str:
    measured = f"measured {claim.measured}" if claim.measured else ""
    return legible(", ".join(text for text in (measured, claim.note) if text))


def certificate_record(certificate: Certificate) -> dict[str, object]:
    """The certificate for JSON."""
    return {"holds": certificate.holds, **asdict(certificate)}
