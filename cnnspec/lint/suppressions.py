"""Comments that say what is meant to be as it is: `# cnnspec: ignore[CODE] reason`.

One holds for what is found on its line or, where it has a line of its own, on the next line of the spec.
Several codes stand in one pair of brackets: `ignore[even-kernel, small-map]`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from cnnspec.diagnostics import Diagnostic, Edit, Help, Source, Span
from cnnspec.diagnostics.codes import CODES
from cnnspec.diagnostics.suggest import nearest
from cnnspec.language.parse import parse
from cnnspec.lint.places import whole_lines
from cnnspec.lint.selection import lint_codes

MARK = re.compile(r"#+\s*cnnspec\s*:")
_FORM = re.compile(r"#+\s*cnnspec\s*:\s*ignore\s*\[(?P<codes>[^\]\[]*)\](?:\s+(?P<reason>.*))?$")
_ADVICE = Help("write `# cnnspec: ignore[CODE] reason`")


@dataclass(frozen=True, slots=True)
class Suppression:
    """One code of one comment, where it stands, and the lines for which it holds."""

    code: str
    span: Span
    comment: Span
    lines: range

    def covers(self, diagnostic: Diagnostic) -> bool:
        """Whether a finding is the one that is meant."""
        span = diagnostic.span
        if span is None or span.source is not self.span.source or diagnostic.code != self.code:
            return False
        return span.line in self.lines


@dataclass(frozen=True, slots=True)
class Suppressions:
    """All of one source, and what is wrong with them."""

    each: tuple[Suppression, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


def suppressions_in(source: Source) -> Suppressions:
    """Read the comments of a source. One that names no such comment is not parsed again."""
    if not MARK.search(source.text):
        return Suppressions()
    parsed = parse(source)
    comments = [comment for comment in parsed.comments if MARK.match(comment.text)]
    busy = sorted({source.position(token.start)[0] for token in parsed.tokens if token.text.strip()})
    each: list[Suppression] = []
    wrong: list[Diagnostic] = []
    for comment in comments:
        _read(comment, _scope(comment, busy), each, wrong)
    return Suppressions(tuple(each), tuple(wrong))


def _scope(comment: Span, busy: Sequence[int]) -> range:
    """Its own line, or the next on which something stands."""
    line = comment.line
    if line not in busy:
        line = next((other for other in busy if other > line), line)
    return range(line, line + 1)


def _read(comment: Span, lines: range, each: list[Suppression], wrong: list[Diagnostic]) -> None:
    form = _FORM.match(comment.text.rstrip())
    if form is None or not form["codes"].strip():
        message = "this comment for cnnspec does not say which rule it ignores"
        wrong.append(Diagnostic("suppression-malformed", message, comment, help=_ADVICE))
        return
    for part in re.finditer(r"[^,\s][^,]*", form["codes"]):
        code = part[0].rstrip()
        start = comment.start + form.start("codes") + part.start()
        span = Span(comment.source, start, start + len(code))
        if code in lint_codes():
            each.append(Suppression(code, span, comment, lines))
        else:
            wrong.append(_unknown(code, span))


def _unknown(code: str, span: Span) -> Diagnostic:
    if code in CODES:
        message = f"`{code}` is an error: it cannot be ignored"
        return Diagnostic("suppression-unknown", message, span)
    close = nearest(code, lint_codes())
    way_out = Help(f"did you mean `{close}`?", (Edit(span, close),)) if close else None
    return Diagnostic("suppression-unknown", f"there is no rule `{code}`", span, help=way_out)


def without_suppressed(
    found: Iterable[Diagnostic], suppressions: Sequence[Suppression]
) -> tuple[list[Diagnostic], set[Suppression]]:
    """What is left, and the suppressions that were needed."""
    kept: list[Diagnostic] = []
    needed: set[Suppression] = set()
    for diagnostic in found:
        covering = [s for s in suppressions if s.covers(diagnostic)]
        needed.update(covering)
        if not covering:
            kept.append(diagnostic)
    return kept, needed


def unused(suppressions: Iterable[Suppression], looked_for: frozenset[str]) -> Iterator[Diagnostic]:
    """The suppressions of rules that were looked for and found nothing."""
    for one in suppressions:
        if one.code in looked_for:
            message = f"`{one.code}` is not found here: this comment ignores nothing"
            way_out = Help("leave it out", _removal(one), safe=True)
            yield Diagnostic("suppression-unused", message, one.span, help=way_out)


def _removal(suppression: Suppression) -> tuple[Edit, ...]:
    """The edit that removes the comment, where it names no other rule."""
    comment, span = suppression.comment, suppression.span
    text = comment.source.text
    before, after = text[comment.start : span.start], text[span.end : comment.end]
    if not before.rstrip().endswith("[") or not after.lstrip().startswith("]"):
        return ()
    start = len(text[: comment.start].rstrip(" \t"))
    return whole_lines(comment) or (Edit(Span(comment.source, start, comment.end), ""),)
