"""Carrying out the edits that a diagnostic suggests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from cnnspec.diagnostics.diagnostic import Edit
from cnnspec.diagnostics.source import Source


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """The text with every edit made. Edits that overlap an earlier one are left out."""
    made: list[str] = []
    reached = 0
    for edit in sorted(edits, key=lambda edit: (edit.span.start, edit.span.end)):
        if edit.span.start >= reached:
            made += [text[reached : edit.span.start], edit.replacement]
            reached = edit.span.end
    return "".join([*made, text[reached:]])


@dataclass(frozen=True, slots=True)
class LineChange:
    """Whole lines from the 1-based `first` on: what stands there and what would."""

    first: int
    removed: tuple[str, ...]
    added: tuple[str, ...]

    def marked(self) -> Iterator[tuple[str, str]]:
        """The lines as a diff shows them, each with its number and sign: `9 -`, then `9 +`."""
        for sign, texts in (("-", self.removed), ("+", self.added)):
            for number, text in enumerate(texts, self.first):
                yield f"{number} {sign}", text


def line_changes(source: Source, edits: Sequence[Edit]) -> list[LineChange]:
    """What the edits do to the lines of a source; edits on the same lines are one change."""
    groups: list[list[Edit]] = []
    for edit in sorted((e for e in edits if e.span.source is source), key=lambda e: e.span.start):
        if groups and edit.span.line <= _last_line(source, groups[-1]):
            groups[-1].append(edit)
        else:
            groups.append([edit])
    return [_line_change(source, group) for group in groups]


def _last_line(source: Source, edits: Sequence[Edit]) -> int:
    return source.position(max(edit.span.end for edit in edits))[0]


def _line_change(source: Source, edits: Sequence[Edit]) -> LineChange:
    first, last = edits[0].span.line, _last_line(source, edits)
    removed = [source.line_text(number) for number in range(first, last + 1)]
    start = source.line_starts[first - 1]
    stop = source.line_starts[last] if last < len(source.line_starts) else len(source.text)
    shifted = apply_edits(source.text[:stop], edits)[start:]
    kept = shifted.rstrip("\r\n")
    added = [text.rstrip("\r") for text in kept.split("\n")] if kept else []
    while removed and added and removed[0] == added[0]:
        first, removed, added = first + 1, removed[1:], added[1:]
    while removed and added and removed[-1] == added[-1]:
        removed, added = removed[:-1], added[:-1]
    return LineChange(first, tuple(removed), tuple(added))
