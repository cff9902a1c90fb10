"""`cnnspec rule`: what a code means, with an example of the mistake and one of how to put it right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from cnnspec.cli.completing import codes
from cnnspec.cli.net_options import format_option

if TYPE_CHECKING:
    from cnnspec.diagnostics.codes import Code
    from cnnspec.diagnostics.page_text import Page
    from cnnspec.diagnostics.styled import Line, Style


@click.command(
    short_help="Explain a code, or list them all.",
    epilog="""\b
Examples:
  cnnspec rule shape-mismatch
  cnnspec rule""",
)
@click.argument("name", required=False, metavar="[CODE]", shell_complete=codes)
@format_option("text", "json")
def command(*, name: str | None, format_name: str) -> None:
    """Print the page of a code: what it means, why it matters, a bad example and a good one.

    Codes stand in square brackets in every finding, as in error[shape-mismatch]. Without CODE all are listed.
    """
    from cnnspec.cli.screen import out

    screen = out()
    if format_name == "json":
        screen.write(_document(name))
    else:
        screen.write(_listing(screen.width) if name is None else _page(name, screen.width))


def _page(name: str, width: int | None) -> Iterator[Line]:
    from cnnspec.diagnostics.codes import CODES
    from cnnspec.diagnostics.page_text import render_page

    page = _read(name)
    return render_page(page, _style(CODES[name]), width, _said_of(page, width))


def _read(name: str) -> Page:
    """The page of a code. Raises DiagnosticError where there is no such code."""
    from cnnspec.cli.outcome import usage
    from cnnspec.diagnostics.codes import CODES
    from cnnspec.diagnostics.diagnostic import DiagnosticError
    from cnnspec.diagnostics.page_text import page_text, read_page
    from cnnspec.diagnostics.suggest import nearest

    text = page_text(name) if name in CODES else None
    if text is None:
        close = nearest(name, CODES)
        advice = f"did you mean `{close}`?" if close else "`cnnspec rule` lists all codes"
        raise DiagnosticError(usage(f"there is no code `{name}`", advice))
    return read_page(text)


def _document(name: str | None) -> Iterator[Line]:
    """One code, or all, with their pages."""
    from cnnspec.diagnostics.codes import FAMILIES
    from cnnspec.report.document import document

    chosen = [
        {"family": family, "severity": code.severity, **asdict(_read(code.name))}
        for family, codes in FAMILIES.items()
        for code in codes
        if name in (None, code.name)
    ]
    if name is not None and not chosen:
        _read(name)
    return document("rule", {"codes": chosen})


def _said_of(page: Page, width: int | None) -> Iterator[Line]:
    """What `check` says of the bad example, where it is a spec that is enough by itself."""
    from cnnspec import pipeline
    from cnnspec.diagnostics.render_full import render_one
    from cnnspec.lint.config import Settings

    if page.bad.language != "cnnspec":
        return
    loaded = pipeline.load_text(page.bad.text, "bad.cnn")
    settings = Settings(frozenset({page.code}))
    found = loaded.diagnostics + (pipeline.check(loaded.spec, settings) if loaded.spec else ())
    for diagnostic in found:
        if diagnostic.code == page.code:
            yield ()
            yield from render_one(diagnostic, width)


def _listing(width: int | None) -> Iterator[Line]:
    from cnnspec.diagnostics.codes import FAMILIES
    from cnnspec.diagnostics.styled import Style, line

    longest = max(len(code.name) for family in FAMILIES.values() for code in family)
    for number, (family, members) in enumerate(FAMILIES.items()):
        if number:
            yield ()
        yield line((family, Style.HEADING))
        for code in members:
            yield from _row(code, longest, width)


def _row(code: Code, longest: int, width: int | None) -> Iterator[Line]:
    from cnnspec.diagnostics.legible import wrap
    from cnnspec.diagnostics.styled import line

    first, *more = wrap(code.title, width and max(20, width - longest - 4))
    yield line("  ", (f"{code.name:<{longest}}", _style(code)), f"  {first}")
    for text in more:
        yield line(" " * (longest + 4) + text)


def _style(code: Code) -> Style:
    from cnnspec.diagnostics.diagnostic import Severity
    from cnnspec.diagnostics.findings import STYLE_OF

    return STYLE_OF[Severity(code.severity)]
