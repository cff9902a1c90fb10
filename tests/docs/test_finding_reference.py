"""The page of all findings has a line and a page for every code of the registry."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

from cnnspec.diagnostics.codes import CODES, FAMILIES

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "findings.md").read_text(encoding="utf-8")


def test_the_page_is_what_the_registry_says() -> None:
    assert runpy.run_path(str(DOCS / "finding_reference.py"))["page"]() == TEXT, (
        "run docs/finding_reference.py"
    )


def test_every_code_has_a_line_and_a_page_in_the_order_of_the_table() -> None:
    assert re.findall(r"^### (.+)$", TEXT, re.MULTILINE) == list(FAMILIES)
    assert re.findall(r"^\| \[`(.+?)`\]", TEXT, re.MULTILINE) == list(CODES)
    assert re.findall(r"include\} ../cnnspec/diagnostics/pages/(.+)\.md", TEXT) == list(CODES)


def test_a_line_says_what_a_reader_sees() -> None:
    assert "| the window of `conv` spans 5 pixels, but the height is 2 |" in TEXT
    assert "| (after `cnnspec solve lenet.cnn`) |" in TEXT
