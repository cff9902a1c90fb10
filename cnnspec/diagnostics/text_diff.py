"""What changes between two texts, as a unified diff."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import unified_diff
from itertools import pairwise

from cnnspec.diagnostics.source import Source

_UNENDED = "\n\\ No newline at end of file\n"


def unified(before: Source, after: str) -> list[str]:
    """The lines of the diff with their line ends; none where nothing changes."""
    changed = Source(before.name, after)
    lines = unified_diff(list(_lines(before)), list(_lines(changed)), before.name, before.name)
    return [text if text.endswith(("\n", "\r")) else text + _UNENDED for text in lines]


def _lines(source: Source) -> Iterator[str]:
    """The lines as an editor counts them: form feeds and the like end none."""
    places = pairwise((*source.line_starts, len(source.text)))
    return (source.text[start:end] for start, end in places if end > start)
