"""The Markdown suites beside this file: lint finds in every spec what its comments say, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from lint.linting import SETTINGS
from spec_documents import Example, check_findings, examples

from cnnspec.analysis import analyse
from cnnspec.diagnostics import Diagnostic
from cnnspec.language.elaborate import elaborate
from cnnspec.language.spec import load_spec
from cnnspec.lint.linting import lint

EXAMPLES = [example for page in sorted(Path(__file__).parent.glob("*.md")) for example in examples(page)]


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_lint_finds_what_the_comments_say(example: Example, tmp_path: Path) -> None:
    for other in EXAMPLES:
        if other.page == example.page and other.name:
            (tmp_path / other.name).write_text(other.text, encoding="utf-8")
    path = tmp_path / (example.name or "example.cnn")
    path.write_text(example.text, encoding="utf-8")
    check_findings(example, found_in(example, path), str(path))


def found_in(example: Example, path: Path) -> list[Diagnostic]:
    loaded = load_spec(path)
    assert not loaded.diagnostics, loaded.diagnostics
    assert loaded.spec is not None
    analyses = []
    for net in loaded.spec.nets:
        made = elaborate(loaded.spec, net, example.bindings, symbolic=example.symbolic)
        assert made.graph is not None, made.diagnostics
        analyses.append(analyse(made.graph))
    return [*lint(loaded.spec, analyses, SETTINGS)]
