"""The Markdown suites beside this file and the language reference: every spec is what it says it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from spec_documents import Example, check, examples

HERE = Path(__file__).parent
PAGES = [*sorted(HERE.glob("*.md")), HERE.parents[1] / "docs" / "language.md"]
EXAMPLES = [example for page in PAGES if page.exists() for example in examples(page)]


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_a_spec_is_what_its_comments_say(example: Example, tmp_path: Path) -> None:
    for other in EXAMPLES:
        if other.page == example.page and other.name:
            (tmp_path / other.name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / other.name).write_text(other.text, encoding="utf-8")
    check(example, tmp_path)


def page_of(tmp_path: Path, spec: str) -> Path:
    page = tmp_path / "page.md"
    page.write_text(f"```cnn\n{spec}\n```\n", encoding="utf-8")
    return page


@pytest.mark.parametrize(
    ("spec", "complaint"),
    [
        ("conv(8, 3)  #> [8, 32, 32]", r"line 3 makes \[8, 30, 30\]"),
        ("conv(8, 3)  #> [8, 30, 30], [8, 30, 30]", "line 3 makes"),
        ("conv(8, 3) -> relu  #@ conv1", "line 3 makes conv1, relu1"),
        ("conv(8, 3, strid=2)", "not announced: .*unknown-argument at 'strid'"),
        ("conv(8, 3)  #! bad-argument", "not found"),
        ("conv(8, 0)  #! bad-argument at 8", "not announced"),
        ("conv(8, 0)  #! bad-argument: must be even", "not announced"),
        ("a = 2 + 2  #> 5\nconv(a, 3)", "expected 5"),
    ],
)
def test_a_comment_that_is_wrong_is_found(tmp_path: Path, spec: str, complaint: str) -> None:
    (example,) = examples(page_of(tmp_path, spec))
    with pytest.raises(AssertionError, match=complaint):
        check(example, tmp_path)
