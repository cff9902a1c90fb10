"""A source excerpt with its annotations drawn in: underlines with labels, bars along several lines.

```
 9 |     it + skip -> relu
   |     --   ^^^^ [64, 56, 56]
   |     [256, 56, 56]
```
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from cnnspec.diagnostics.legible import cells, legible_columns, wrap
from cnnspec.diagnostics.source import Source, Span
from cnnspec.diagnostics.styled import Line, Piece, Style, line

WIDEST = 160
"""A source line is cut to this many cells where the width of the output is not known."""
_WHOLE = 6
"""A span of more lines than this shows its first two and last two."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """A span to underline with `mark`, and what is said about it."""

    span: Span
    text: str
    mark: str
    style: Style

    @property
    def last_line(self) -> int:
        """1-based line of the last character."""
        return self.span.source.position(max(self.span.start, self.span.end - 1))[0]

    @property
    def end_column(self) -> int:
        """1-based column after the last character, on its line."""
        return self.span.source.position(max(self.span.start, self.span.end - 1))[1] + 1

    @property
    def is_tall(self) -> bool:
        """Whether it covers several lines."""
        return self.last_line > self.span.line


def excerpt(annotations: Sequence[Annotation], gutter: int, width: int | None) -> Iterator[Line]:
    """The lines of one source that the annotations touch; `gutter` is the width of the line numbers."""
    source = annotations[0].span.source
    bars = sorted((a for a in annotations if a.is_tall), key=lambda a: (a.span.start, -a.span.end))
    drawing = _Drawing(bars, gutter, max(20, (width or WIDEST) - gutter - 3 - 2 * len(bars)))
    before = 0
    for number in _shown_lines(annotations, source):
        if before and number > before + 1:
            yield drawing.elision(number)
        before = number
        here = [a for a in annotations if not a.is_tall and a.span.line == number]
        yield from drawing.line_with_annotations(source, number, here)


def _shown_lines(annotations: Iterable[Annotation], source: Source) -> list[int]:
    shown: set[int] = set()
    for annotation in annotations:
        first, last = annotation.span.line, annotation.last_line
        whole = last - first < _WHOLE
        shown.update(range(first, last + 1) if whole else (first, first + 1, last - 1, last))
    shown |= {n + 1 for n in shown if n + 2 in shown}
    return sorted(n for n in shown if n <= len(source.line_starts))


def _focus(here: Sequence[Annotation], bars: Sequence[Annotation], number: int) -> int:
    """The 0-based column that must be visible on a line."""
    for annotation in sorted(here, key=lambda a: a.mark != "^"):
        return annotation.span.column - 1
    for bar in bars:
        if number == bar.span.line:
            return bar.span.column - 1
        if number == bar.last_line:
            return bar.end_column - 1
    return 0


@dataclass(frozen=True, slots=True)
class _View:
    """The part of a source line that is shown: `starts[i]` is the cell of its character `first + i`."""

    text: str
    first: int
    starts: list[int]

    def cell(self, column: int) -> int:
        """The cell of a 1-based column, at the nearer edge where it is not shown."""
        return self.starts[min(max(column - 1 - self.first, 0), len(self.starts) - 1)]


def _view(text: str, focus: int, room: int) -> _View:
    shown, starts = legible_columns(text[: room + 1])
    if len(text) <= room and starts[-1] <= room:
        return _View(shown, 0, starts)
    first = 0 if focus < room * 2 // 3 else focus - room // 3
    if text.isascii():  # then a character is a cell, and no room need be left over at the end
        first = max(0, min(first, len(text) - room + 2))
    left = "…" if first else ""
    piece = text[first : first + room]
    _, starts = legible_columns(piece)
    fitting = sum(1 for start in starts[1:] if start <= room - 2)
    shown, starts = legible_columns(piece[:fitting])
    right = "…" if first + fitting < len(text) else ""
    return _View(left + shown + right, first, [start + len(left) for start in starts])


class _Row:
    """One line under construction, cell by cell."""

    def __init__(self) -> None:
        self.cells: list[Piece] = []

    def put(self, cell: int, text: str, style: Style) -> None:
        """Write a text from a cell on, over what stands there."""
        pieces: list[Piece] = []
        for character in text:
            width = cells(character)
            if width == 0 and pieces:
                pieces[-1] = Piece(pieces[-1].text + character, style)
                continue
            pieces.append(Piece(character, style))
            pieces.extend([Piece("", style)] * (width - 1))
        self.cells.extend([Piece(" ")] * (cell - len(self.cells)))
        self.cells[cell : cell + len(pieces)] = pieces

    def line(self, gutter: Iterable[Piece]) -> Line:
        """The finished line, neighbours of one style joined."""
        joined: list[Piece] = list(gutter)
        for piece in self.cells:
            if joined and joined[-1].style == piece.style:
                joined[-1] = Piece(joined[-1].text + piece.text, piece.style)
            else:
                joined.append(piece)
        return tuple(joined)


def gutter_pieces(number: int | None, gutter: int, mark: str = "|") -> Line:
    """What stands before a source line (its number) or before a line of annotations (no number)."""
    return line((f"{'' if number is None else number:>{gutter}} {mark} ", Style.GUTTER))


@dataclass(frozen=True, slots=True)
class _Drawing:
    """What the lines of an excerpt share: the spans drawn as bars, each in its own lane, and the room."""

    bars: Sequence[Annotation]
    gutter: int
    room: int

    @property
    def margin(self) -> int:
        """The cells that the lanes take before the source text."""
        return 2 * len(self.bars)

    def elision(self, number: int) -> Line:
        """The dots for the lines left out before line `number`."""
        row = _Row()
        _put_bars(row, self.crossing(number))
        return row.line(line((f"{'...':<{self.gutter + 3}}", Style.GUTTER)))

    def crossing(self, number: int) -> dict[int, Annotation]:
        """The bars, by lane, that come from above into a line."""
        return {lane: bar for lane, bar in enumerate(self.bars) if bar.span.line < number <= bar.last_line}

    def line_with_annotations(
        self, source: Source, number: int, here: Sequence[Annotation]
    ) -> Iterator[Line]:
        """A source line and below it what is said about it."""
        view = _view(source.line_text(number), _focus(here, self.bars, number), self.room)
        starting = {lane: bar for lane, bar in enumerate(self.bars) if bar.span.line == number}
        running = self.crossing(number)
        text = _Row()
        _put_bars(text, running)
        for lane, bar in starting.items():
            if _starts_the_line(bar):
                text.put(2 * lane, "/", bar.style)
                running[lane] = bar
        text.put(self.margin, view.text, Style.PLAIN)
        yield text.line(gutter_pieces(number, self.gutter))
        for row in self.annotation_rows(number, view, here, running):
            yield row.line(gutter_pieces(None, self.gutter))

    def annotation_rows(
        self, number: int, view: _View, here: Sequence[Annotation], running: dict[int, Annotation]
    ) -> Iterator[_Row]:
        """Bars that begin in mid-line, underlines and their labels, bars that end."""
        for lane, bar in enumerate(self.bars):
            if bar.span.line == number and lane not in running:
                yield _corner(lane, bar, self.margin + view.cell(bar.span.column), running)
                running[lane] = bar
        for row in _underlines(here, view, self.margin, self.room):
            _put_bars(row, running)
            yield row
        for lane, bar in reversed(list(enumerate(self.bars))):
            if bar.last_line == number:
                row = _corner(lane, bar, self.margin + view.cell(bar.end_column - 1), running)
                row.put(len(row.cells) + 1, bar.text, bar.style)
                yield row
                del running[lane]


def _starts_the_line(bar: Annotation) -> bool:
    return not bar.span.source.line_text(bar.span.line)[: bar.span.column - 1].strip()


def _put_bars(row: _Row, running: dict[int, Annotation]) -> None:
    for lane, bar in running.items():
        row.put(2 * lane, "|", bar.style)


def _corner(lane: int, bar: Annotation, cell: int, running: dict[int, Annotation]) -> _Row:
    """` ____^` where a bar begins in the middle of a line, `|____^` where it ends."""
    row = _Row()
    row.put(2 * lane + 1, "_" * (cell - 2 * lane - 1) + bar.mark, bar.style)
    _put_bars(row, running)
    return row


def _underlines(here: Sequence[Annotation], view: _View, margin: int, room: int) -> Iterator[_Row]:
    """The row of underlines, the label of the last one behind it, and the other labels hung below."""
    if not here:
        return
    row = _Row()
    spans = {id(a): _cells_covered(a, view, margin) for a in here}
    for annotation in sorted(here, key=lambda a: (a.span.start - a.span.end, a.mark == "^")):
        start, end = spans[id(annotation)]
        row.put(start, annotation.mark * (end - start), annotation.style)
    labelled = sorted((a for a in here if a.text), key=lambda a: (spans[id(a)][1], spans[id(a)][0]))
    if labelled and len(row.cells) + 1 + cells(labelled[-1].text) <= room + margin:
        behind = labelled.pop()
        row.put(len(row.cells) + 1, behind.text, behind.style)
    yield row
    labelled.sort(key=lambda a: spans[id(a)][0])
    yield from _hanging(labelled, [spans[id(a)][0] for a in labelled], room + margin)


def _cells_covered(annotation: Annotation, view: _View, margin: int) -> tuple[int, int]:
    start = margin + view.cell(annotation.span.column)
    return start, max(start + 1, margin + view.cell(annotation.end_column))


def _hanging(labelled: list[Annotation], starts: list[int], room: int) -> Iterator[_Row]:
    """Labels below their underlines, the rightmost first, with a bar down to each that still waits."""
    while labelled:
        annotation, start = labelled.pop(), starts.pop()
        column = start if start < room - 20 else max(0, room - max(20, cells(annotation.text)))
        for text in wrap(annotation.text, max(20, room - column)):
            row = _Row()
            for waiting, cell in zip(labelled, starts, strict=True):
                row.put(cell, "|", waiting.style)
            row.put(column, text, annotation.style)
            yield row
