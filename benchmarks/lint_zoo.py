"""How often each lint rule finds something in the published nets, and that on the rules' pages.

python benchmarks/lint_zoo.py            print it
python benchmarks/lint_zoo.py --write    and write it into cnnspec/diagnostics/pages
"""

from __future__ import annotations

import sys
import textwrap
from collections import Counter
from pathlib import Path

from cnnspec import api
from cnnspec.lint.config import Settings
from cnnspec.lint.linting import found_by_rules
from cnnspec.lint.rule import rules
from cnnspec.lint.selection import codes_of

ROOT = Path(__file__).parents[1]
ZOO = sorted((ROOT / "specs").glob("*.cnn"))
PAGES = ROOT / "cnnspec/diagnostics/pages"
HEADING = "## In the zoo\n\n"
WIDTH = 100

Measured = dict[str, Counter[str]]
"""For each rule, how many findings there are in each net that has any, whatever its comments say."""


def measure() -> Measured:
    """Run all rules over the nets of the zoo."""
    settings = Settings(codes_of(["all"]))
    found: Measured = {code: Counter() for code in rules()}
    for path in ZOO:
        spec = api.load(path)
        analyses = [spec.net(name).analysis for name in spec.nets]
        for diagnostic in found_by_rules(spec.loaded, analyses, settings):
            found[diagnostic.code][path.stem] += 1
    return found


def sentence(counts: Counter[str]) -> str:
    """What a page says of its rule."""
    if not counts:
        return f"No finding in the {len(ZOO)} specs of the zoo."
    number = counts.total()
    names = ", ".join(f"`{name}`" for name in sorted(counts))
    findings = "1 finding" if number == 1 else f"{number} findings"
    text = f"{findings} in {len(counts)} of the {len(ZOO)} specs of the zoo: {names}."
    return textwrap.fill(text, WIDTH, break_on_hyphens=False)


def on_page(code: str) -> str | None:
    """What the page of a rule says of the zoo; None where it says nothing."""
    _, heading, rest = (PAGES / f"{code}.md").read_text(encoding="utf-8").partition(HEADING)
    return rest.partition("\n\n")[0].rstrip("\n") if heading else None


def write(code: str, said: str) -> None:
    """Put the sentence on the page."""
    page = PAGES / f"{code}.md"
    before, heading, rest = page.read_text(encoding="utf-8").partition(HEADING)
    _, gap, verdict = rest.partition("\n\n")
    page.write_text(f"{before}{heading}{said}{gap}{verdict}" + ("" if gap else "\n"), encoding="utf-8")


def main() -> None:
    """Print the table, and write the pages if asked to."""
    for code, counts in measure().items():
        print(f"{code:26}{counts.total():5} in {len(counts):3} nets")
        if "--write" in sys.argv[1:] and on_page(code) is not None:
            write(code, sentence(counts))


if __name__ == "__main__":
    main()
