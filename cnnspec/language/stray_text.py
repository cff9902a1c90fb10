"""Mistakes of a whole text: it is no spec at all, or the line `net name:` is missing above its layers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from cnnspec.diagnostics import Diagnostic, Help, Source
from cnnspec.language.mistakes import HEADS
from cnnspec.language.slips.words import INSIDE
from cnnspec.layers import LAYERS

FEWEST_MISTAKES = 3
"""A text in which less is wrong is taken for a spec."""

_HEAD = re.compile(r"^[ \t]*(?:net|block)\b[^\n]*:|^use\b", re.MULTILINE)
_BLOCK = re.compile(r"^[ \t]*block[ \t]+(\w+)", re.MULTILINE)
_FIRST_WORD = re.compile(r"^[ \t]*(?:->[ \t]*)?([^\W\d]\w*)\b(?![ \t]*:)", re.MULTILINE)
_LINE = re.compile(r"^[ \t]*[^\s#]", re.MULTILINE)
_WORDS = HEADS | LAYERS.keys() | {"input", "output", "training", "layer", "expect", "it", "in"}


def said_once(source: Source, found: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
    """What is wrong with a text, where many mistakes have one cause as one."""
    if _is_something_else(_read_part(source, found[-1]), found):
        way_out = Help("a spec begins with `net name:`; `cnnspec new FILE` writes one to start from")
        return (Diagnostic("not-a-spec", "this does not look like a spec", found[0].span, help=way_out),)
    return tuple(_without_the_lines_below(source, found))


def _read_part(source: Source, last: Diagnostic) -> str:
    """The text as far as it was read."""
    return source.text[: last.span.end] if last.code == "limit" and last.span else source.text


def _is_something_else(text: str, found: Sequence[Diagnostic]) -> bool:
    """Whether few lines of what was read begin as those of specs do; where there is a net, hardly any."""
    mistaken = {finding.span.line for finding in found if finding.span}
    if len(mistaken) < FEWEST_MISTAKES:
        return False
    lines = len(_LINE.findall(text))
    words = _WORDS | set(_BLOCK.findall(text))
    known = sum(match[1] in words for match in _FIRST_WORD.finditer(text))
    if _HEAD.search(text):
        return 4 * known < lines <= 2 * len(mistaken)
    return 2 * known < lines


def _without_the_lines_below(source: Source, found: Sequence[Diagnostic]) -> Iterator[Diagnostic]:
    """The mistakes, of the lines at the left edge that follow each other only the first."""
    waiting: list[Diagnostic] = []
    for finding in found:
        if waiting and not (_is_stray(finding) and _follows(source, waiting[-1], finding)):
            yield _together(waiting)
            waiting = []
        if _is_stray(finding):
            waiting.append(finding)
        else:
            yield finding
    if waiting:
        yield _together(waiting)


def _is_stray(finding: Diagnostic) -> bool:
    return finding.message.endswith(INSIDE)


def _follows(source: Source, before: Diagnostic, after: Diagnostic) -> bool:
    """Whether no net or block stands between two findings."""
    start, end = (finding.span.start if finding.span else 0 for finding in (before, after))
    return not _HEAD.search(source.text, start, end)


def _together(stray: Sequence[Diagnostic]) -> Diagnostic:
    first, *others = stray
    if not others:
        return first
    note = "so does the next line" if len(others) == 1 else f"so do {len(others)} lines below"
    return replace(first, notes=(*first.notes, note))
