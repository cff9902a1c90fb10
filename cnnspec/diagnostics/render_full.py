"""The format `full`: every finding with its place in the source, its causes and the way out."""

from __future__ import annotations

from collections.abc import Iterator

from cnnspec.diagnostics.diagnostic import Diagnostic, Help, Severity
from cnnspec.diagnostics.edits import line_changes
from cnnspec.diagnostics.excerpt import WIDEST, Annotation, excerpt, gutter_pieces
from cnnspec.diagnostics.findings import STYLE_OF, Findings, summary
from cnnspec.diagnostics.legible import clip, legible, legible_columns, wrap
from cnnspec.diagnostics.source import Source, Span
from cnnspec.diagnostics.styled import Line, Style, line

_FRAMES = 6
"""A longer trace shows its first three and last two calls."""


def render(findings: Findings, width: int | None) -> Iterator[Line]:
    """Every finding, a blank line after each, and the summary. `width` None: lines are not wrapped."""
    for diagnostic in findings.diagnostics:
        yield from render_one(diagnostic, width)
        yield ()
    yield summary(findings)


def render_one(diagnostic: Diagnostic, width: int | None) -> Iterator[Line]:
    """One finding."""
    style = STYLE_OF[diagnostic.severity]
    head = f"{diagnostic.severity}[{diagnostic.code}]"
    first, *more = wrap(diagnostic.message, width and max(20, width - len(head) - 2))
    yield line((head, style), (f": {first}", Style.STRONG))
    for text in more:
        yield line((" " * (len(head) + 2) + text, Style.STRONG))
    gutter = 1 + len(str(max(_line_numbers(diagnostic), default=1)))
    yield from _places(diagnostic, gutter, width)
    yield from _trace(diagnostic, gutter, width)
    for note in diagnostic.notes:
        yield from _remark("note", note, gutter, width)
    if diagnostic.help is not None:
        yield from _help(diagnostic.help, gutter, width)


def _line_numbers(diagnostic: Diagnostic) -> Iterator[int]:
    for annotation in _annotations(diagnostic):
        yield annotation.last_line
    if diagnostic.help:
        for edit in diagnostic.help.edits:
            yield edit.span.source.position(edit.span.end)[0]


def _annotations(diagnostic: Diagnostic) -> list[Annotation]:
    style = Style.ERROR if diagnostic.severity is Severity.ERROR else STYLE_OF[diagnostic.severity]
    first = [Annotation(diagnostic.span, legible(diagnostic.label), "^", style)] if diagnostic.span else []
    causes = [Annotation(cause.span, legible(cause.text), "-", Style.CAUSE) for cause in diagnostic.labels]
    return first + causes


def _places(diagnostic: Diagnostic, gutter: int, width: int | None) -> Iterator[Line]:
    groups: dict[Source, list[Annotation]] = {}
    for annotation in _annotations(diagnostic):
        groups.setdefault(annotation.span.source, []).append(annotation)
    for number, (source, group) in enumerate(groups.items()):
        arrow = ":::" if number else "-->"
        place = _place(group[0].span) if source.text else legible(source.name)
        yield line((" " * gutter + arrow + " ", Style.GUTTER), (place, Style.PATH))
        if source.text:
            yield gutter_pieces(None, gutter)
            yield from excerpt(group, gutter, width)


def _place(span: Span) -> str:
    return legible(str(span))


def _trace(diagnostic: Diagnostic, gutter: int, width: int | None) -> Iterator[Line]:
    frames = list(diagnostic.trace)
    for number, frame in enumerate(frames):
        if len(frames) > _FRAMES and 3 <= number < len(frames) - 2:
            if number == 3:
                yield from _remark("", f"… {len(frames) - 5} more calls …", gutter, width)
            continue
        used = "used" if number else "first used"
        yield from _remark("", f"in {frame.call}, {used} at {_place(frame.span)}", gutter, width)


def _remark(kind: str, text: str, gutter: int, width: int | None) -> Iterator[Line]:
    """`= note: …`, wrapped under its first word."""
    margin = f"{'':>{gutter}} = "
    title = f"{kind}: " if kind else ""
    indent = len(margin) + len(title)
    first, *more = wrap(text, width and max(20, width - indent))
    yield line((margin, Style.GUTTER), (title, Style.HELP if kind == "help" else Style.STRONG), first)
    for continued in more:
        yield line(" " * indent + continued)


def _help(advice: Help, gutter: int, width: int | None) -> Iterator[Line]:
    yield from _remark("help", advice.text, gutter, width)
    room = (width or WIDEST) - gutter - 3
    for source in dict.fromkeys(edit.span.source for edit in advice.edits):
        for change in line_changes(source, advice.edits):
            yield gutter_pieces(None, gutter)
            for mark, text in change.marked():
                style = Style.ADDED if mark[-1] == "+" else Style.REMOVED
                shown = clip(legible_columns(text)[0], room)
                yield line((f"{mark:>{gutter + 2}} ", style), (shown, style))
