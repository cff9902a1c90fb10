"""The pages that explain the codes: `pages/<code>.md`, all with the same four sections.

    # code: title
    ## What it means
    ## Why it matters
    ## Bad         an example that gets this finding: a spec, or a command where no spec alone does
    ## Good        the same, put right

Others may follow, such as `## In the zoo`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cnnspec.diagnostics.legible import wrap
from cnnspec.diagnostics.styled import Line, Piece, Style, line

PAGES = Path(__file__).parent / "pages"
SECTIONS = ("What it means", "Why it matters", "Bad", "Good")
WIDEST = 100
"""Longer lines of prose are tiring to read, however wide the terminal."""

_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_FENCE = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Example:
    """A fenced example: a `cnnspec` text, or a `console` command after `$ `."""

    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """What there is to say about a code; `means` and `matters` are paragraphs, `more` further sections."""

    code: str
    title: str
    means: tuple[str, ...]
    matters: tuple[str, ...]
    bad: Example
    good: Example
    more: tuple[tuple[str, tuple[str, ...]], ...] = ()


def page_text(code: str) -> str | None:
    """The page of a code as it is written; None where there is none."""
    path = PAGES / f"{code}.md"
    return path.read_text(encoding="utf-8") if path.is_file() else None


def read_page(text: str) -> Page:
    """The sections of a page. Raises ValueError where it is not laid out like all of them."""
    head, *rest = _HEADING.split(text)
    code, colon, title = head.strip().removeprefix("# ").partition(": ")
    sections = dict(zip(rest[::2], rest[1::2], strict=True))
    if tuple(sections)[: len(SECTIONS)] != SECTIONS or not colon:
        raise ValueError(f"a page has the title `# code: …` and the sections {', '.join(SECTIONS)}")
    means, matters, bad, good, *_ = sections.values()
    more = tuple((name, _paragraphs(text)) for name, text in sections.items() if name not in SECTIONS)
    return Page(code, title, _paragraphs(means), _paragraphs(matters), _example(bad), _example(good), more)


def _paragraphs(section: str) -> tuple[str, ...]:
    return tuple(" ".join(paragraph.split()) for paragraph in section.strip().split("\n\n"))


def _example(section: str) -> Example:
    found = _FENCE.fullmatch(section.strip())
    if found is None:
        raise ValueError("an example is one fence and nothing else")
    return Example(found[1], found[2])


# --- on a terminal ----------------------------------------------------------------------------------------


def render_page(page: Page, style: Style, width: int | None, said: Iterable[Line] = ()) -> Iterator[Line]:
    """A page as lines, its code in `style`, with what is `said` of the bad example.

    `width` None: paragraphs are not wrapped.
    """
    yield line((page.code, style), (f": {page.title}", Style.STRONG))
    yield from _prose(page.means, width)
    yield from _titled("Why it matters", _prose(page.matters, width))
    yield from _titled("Bad", _code(page.bad, Style.REMOVED))
    yield from said
    yield from _titled("Good", _code(page.good, Style.ADDED))
    for title, paragraphs in page.more:
        yield from _titled(title, _prose(paragraphs, width))


def _titled(title: str, lines: Iterator[Line]) -> Iterator[Line]:
    yield ()
    yield line((title, Style.HEADING))
    yield from lines


def _prose(paragraphs: tuple[str, ...], width: int | None) -> Iterator[Line]:
    for paragraph in paragraphs:
        yield ()
        is_code = False
        for text in wrap(paragraph, width and min(width, WIDEST)):
            pieces: list[Piece] = []
            for part in re.split("(`)", text):
                is_code ^= part == "`"
                pieces.append(Piece(part, Style.PATH if is_code and part != "`" else Style.PLAIN))
            yield line(*pieces)


def _code(example: Example, style: Style) -> Iterator[Line]:
    yield ()
    for text in example.text.splitlines():
        yield line(("  │ ", style), text)
