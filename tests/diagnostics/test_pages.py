"""The pages of the codes: one for each; its bad example gets exactly that finding, its good one none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cnnspec import pipeline
from cnnspec.diagnostics import Source
from cnnspec.diagnostics.codes import CODES
from cnnspec.diagnostics.page_text import PAGES, SECTIONS, Example, page_text, read_page
from cnnspec.language.format import format_source
from cnnspec.lint.config import Settings
from cnnspec.lint.selection import codes_of, lint_codes

LEAST_KINDS = 60
LONGEST_LINE = 110
LONGEST_PROSE = 200

EVERY_CODE = pytest.mark.parametrize("code", CODES)


def of(code: str) -> str:
    """The page of a code."""
    text = page_text(code)
    assert text is not None, f"cnnspec/diagnostics/pages/{code}.md is missing"
    return text


def test_there_are_many_kinds_of_mistakes() -> None:
    assert len(CODES) >= LEAST_KINDS


def test_every_page_is_of_a_code() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} == set(CODES)


@EVERY_CODE
def test_a_page_is_laid_out_like_all(code: str) -> None:
    page = read_page(of(code))
    assert (page.code, page.title) == (code, CODES[code].title)
    assert all((*page.means, *page.matters))


@EVERY_CODE
def test_a_page_is_short(code: str) -> None:
    """What it says fits on a screen, and no line is cut off there."""
    page = read_page(of(code))
    assert len(" ".join((*page.means, *page.matters)).split()) <= LONGEST_PROSE
    assert all(len(text) <= LONGEST_LINE for text in of(code).splitlines())


@pytest.mark.parametrize(
    "text", ["", "# a: b", "# a\n## Bad\n", "# a: b\n" + "".join(f"## {s}\n" for s in SECTIONS)]
)
def test_another_layout_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"a page has|an example is"):
        read_page(text)


# --- examples that are specs (those of lint are in tests/lint, those that are commands in tests/cli) --------


def _shown_by_spec() -> list[str]:
    pages = {code: page_text(code) for code in CODES if code not in lint_codes()}
    return [code for code, text in pages.items() if text and read_page(text).bad.language == "cnnspec"]


BY_SPEC = pytest.mark.parametrize("code", _shown_by_spec())
GOOD_STYLE = Settings(codes_of(("warning", "info")))


def found(example: Example, folder: Path, settings: Settings | None = None) -> list[str]:
    """The codes of what `check` finds in an example, saved under the name that it begins with."""
    name = re.match(r"# (\S+\.cnn)\n", example.text)
    path = folder / (name[1] if name else "net.cnn")
    path.write_text(example.text, encoding="utf-8")
    loaded = pipeline.load(path)
    diagnostics = loaded.diagnostics
    if loaded.spec is not None:
        diagnostics += pipeline.check(loaded.spec, settings)
    return [diagnostic.code for diagnostic in diagnostics]


@BY_SPEC
def test_the_bad_example_gets_exactly_this(code: str, tmp_path: Path) -> None:
    assert found(read_page(of(code)).bad, tmp_path) == [code]


@BY_SPEC
def test_the_good_example_gets_nothing(code: str, tmp_path: Path) -> None:
    good = read_page(of(code)).good
    assert good.language == "cnnspec"
    assert found(good, tmp_path, GOOD_STYLE) == []


@BY_SPEC
def test_the_good_example_is_laid_out_well(code: str) -> None:
    text = read_page(of(code)).good.text
    assert format_source(Source("net.cnn", text)).text == text
