"""Write `findings.md`: every code of the registry in a line, with what it reads like, and its page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from cnnspec import pipeline
from cnnspec.diagnostics.codes import CODES, FAMILIES, Code
from cnnspec.diagnostics.page_text import Example, Page, page_text, read_page
from cnnspec.lint.config import Settings

HERE = Path(__file__).parent
PAGE = HERE / "findings.md"
PAGES = "../cnnspec/diagnostics/pages"

INTRODUCTION = """# Every finding

Every finding has a code in square brackets: `error[window-too-large]`. Below, each code has a line: what it
is, and what it says of the bad example on its page. Look for the words that you see, names and numbers aside.
The page of a code tells what it means and why it matters, and puts the example right; so does
`cnnspec rule CODE`.

A finding is an error unless the line says that it is a warning or a note. Warnings fail a check as errors do,
unless they are ignored; notes are only shown when asked for ([how to choose](lint.md)).

This page is written by `docs/finding_reference.py`; a test holds it to the code. The examples are run by the
tests.
"""

SEVERITIES = {"error": "", "warning": " (warning)", "info": " (note)"}


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """The whole page: all codes at a glance, then their pages, by families."""
    parts = [INTRODUCTION, "## At a glance\n"]
    for family, codes in FAMILIES.items():
        parts.append(f"### {family}\n")
        parts.append("\n".join(table(codes)) + "\n")
    for family, codes in FAMILIES.items():
        parts.append(f"## {family}\n")
        parts += [f"```{{include}} {PAGES}/{code.name}.md\n:heading-offset: 2\n```\n" for code in codes]
    return "\n".join(parts)


def table(codes: tuple[Code, ...]) -> Iterator[str]:
    """The codes of a family, a line each."""
    yield "| code | what it is | what it says, for example |"
    yield "|---|---|---|"
    for code in codes:
        said = message(read_page(page_text(code.name) or "")).replace("|", "\\|")
        what = code.title + SEVERITIES[code.severity]
        yield f"| [`{code.name}`]({PAGES}/{code.name}.md) | {what} | {said} |"


def message(page: Page) -> str:
    """What is said of the bad example first; of an example that is a command, the command."""
    if page.bad.language == "console":
        return f"(after `{page.bad.text.splitlines()[0].removeprefix('$ ')}`)"
    if page.bad.language != "cnnspec":
        return ""
    everything, alone = Settings(frozenset(CODES)), Settings(frozenset({page.code}))
    said = (text for settings in (alone, everything) for text in messages(page.bad, page.code, settings))
    return next(said, "")


def messages(example: Example, code: str, settings: Settings) -> Iterator[str]:
    """What `check` says under a code of an example, which may begin with the name of its file."""
    name = re.match(r"# (\S+\.cnn)\n", example.text)
    with TemporaryDirectory() as folder:
        path = Path(folder) / (name[1] if name else "net.cnn")
        path.write_text(example.text, encoding="utf-8")
        loaded = pipeline.load(path)
        found = loaded.diagnostics + (pipeline.check(loaded.spec, settings) if loaded.spec else ())
    return (finding.message.replace(f"{folder}/", "") for finding in found if finding.code == code)


if __name__ == "__main__":
    main()
