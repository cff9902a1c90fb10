"""The page of the zoo has every spec, and its numbers are the analyser's."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SPECS = ROOT / "specs"
REFERENCE = runpy.run_path(str(ROOT / "docs/zoo_reference.py"))


def test_every_spec_is_in_one_family() -> None:
    listed = [name for names in REFERENCE["FAMILIES"].values() for name in names]
    files = [path.relative_to(SPECS).with_suffix("").as_posix() for path in SPECS.rglob("*.cnn")]
    assert sorted(listed) == sorted(files)


@pytest.mark.parametrize("family", REFERENCE["FAMILIES"])
def test_the_page_is_what_the_specs_say(family: str) -> None:
    text = (ROOT / "docs/zoo.md").read_text(encoding="utf-8")
    assert "\n".join(REFERENCE["section"](family)) in text, "run docs/zoo_reference.py"


def test_a_row_says_what_papers_and_oracles_say() -> None:
    (row,) = (row for row in REFERENCE["section"]("VGG") if row.startswith("| [`vgg16`]"))
    *_, output, parameters, buffers, macs, field, peak, _ = (cell.strip() for cell in row.split("|"))
    assert (output, parameters, buffers, macs) == ("[1000]", "138,357,544", "0", "15,470,264,320")
    assert (field, peak) == ("212", "24.5 MiB")
