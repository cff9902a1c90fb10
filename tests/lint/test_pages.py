"""Every rule has a page, whose examples are what they are said to be and whose counts are measured."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest
from lint.linting import ROOT, checked, codes

from cnnspec.diagnostics import Source
from cnnspec.diagnostics.codes import CODES
from cnnspec.language.format import format_source
from cnnspec.lint.config import Settings, config_for
from cnnspec.lint.rule import rules
from cnnspec.lint.selection import codes_of, lint_codes

PAGES = ROOT / "cnnspec/diagnostics/pages"
ZOO = runpy.run_path(str(ROOT / "benchmarks/lint_zoo.py"))
SECTIONS = ["What it means", "Why it matters", "Bad", "Good"]
EXAMPLE = re.compile(r"^## (Bad|Good)\n\n```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BUDGET = 64 * 1024
"""What the page of `activation-budget` says its example is held to."""


def page(code: str) -> str:
    return (PAGES / f"{code}.md").read_text(encoding="utf-8")


def examples(code: str) -> dict[str, str]:
    return {heading: text for heading, _, text in EXAMPLE.findall(page(code))}


def all_and(code: str) -> Settings:
    return Settings(codes_of(["warning", code]), BUDGET if code == "activation-budget" else None)


@pytest.mark.parametrize("code", [*lint_codes(), "bad-config"])
def test_a_page_has_its_title_and_sections(code: str) -> None:
    text = page(code)
    assert text.startswith(f"# {code}: {CODES[code].title}\n")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE)[:4] == SECTIONS


@pytest.mark.parametrize("code", lint_codes())
def test_the_bad_example_has_this_finding_and_no_other(code: str) -> None:
    assert codes(checked(examples(code)["Bad"], all_and(code))) == [code]


@pytest.mark.parametrize("code", lint_codes())
def test_the_good_example_has_none(code: str) -> None:
    assert codes(checked(examples(code)["Good"], all_and(code))) == []


@pytest.mark.parametrize("code", lint_codes())
def test_the_examples_are_laid_out_well(code: str) -> None:
    for text in examples(code).values():
        assert format_source(Source("net.cnn", text)).text == text


def test_the_examples_of_a_configuration(tmp_path: Path) -> None:
    found = {}
    for heading, text in examples("bad-config").items():
        (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
        found[heading] = codes([*config_for(tmp_path / "net.cnn").diagnostics])
    assert found == {"Bad": ["bad-config"] * 2, "Good": []}


# --- the zoo ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def measured() -> dict:
    return ZOO["measure"]()


@pytest.mark.parametrize("code", rules())
def test_a_page_says_what_is_found_in_the_zoo(code: str, measured: dict) -> None:
    """`python benchmarks/lint_zoo.py --write` brings the pages up to date."""
    if code != "activation-budget":  # nothing is found without a budget
        assert ZOO["on_page"](code) == ZOO["sentence"](measured[code])


@pytest.mark.parametrize("code", rules())
def test_what_many_published_nets_have_is_only_a_note(code: str, measured: dict) -> None:
    assert CODES[code].severity == "info" or len(measured[code]) <= 3
