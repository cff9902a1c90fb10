"""How the tests of lint lint: a text, or the lines of a net with a colour image as its input."""

from __future__ import annotations

import textwrap
from pathlib import Path

from cnnspec import pipeline
from cnnspec.diagnostics import Diagnostic, Severity
from cnnspec.language.spec import Spec
from cnnspec.lint.config import Settings
from cnnspec.lint.linting import lint
from cnnspec.lint.selection import codes_of

ROOT = Path(__file__).parents[2]
SETTINGS = Settings(codes_of(["warning", "info"]))


def net(lines: str, size: str = "3, 32, 32") -> str:
    body = textwrap.indent(textwrap.dedent(lines).strip("\n"), "    ")
    return f"net example:\n    input image: [{size}]\n{body}\n"


def loaded(text: str, name: str = "example.cnn") -> Spec:
    made = pipeline.load_text(text, name)
    assert not made.diagnostics, made.diagnostics
    assert made.spec is not None
    return made.spec


def lint_text(text: str, settings: Settings = SETTINGS, *, symbolic: bool = False) -> list[Diagnostic]:
    """What lint finds in a spec without errors."""
    spec = loaded(text)
    analyses = []
    for name in spec.nets:
        made = pipeline.elaborate(spec, name, symbolic=symbolic)
        assert made.graph is not None, made.diagnostics
        analyses.append(pipeline.analyse(made.graph))
    return sorted(lint(spec, analyses, settings), key=lambda found: found.span.start if found.span else 0)


def checked(text: str, settings: Settings = SETTINGS) -> list[Diagnostic]:
    """What `check` finds, mistakes included."""
    made = pipeline.load_text(text, "example.cnn")
    return [*made.diagnostics, *(pipeline.check(made.spec, settings) if made.spec else ())]


def codes(found: list[Diagnostic]) -> list[str]:
    return [diagnostic.code for diagnostic in found]


def errors(found: list[Diagnostic]) -> list[str]:
    return [diagnostic.code for diagnostic in found if diagnostic.severity is Severity.ERROR]


def at(found: Diagnostic) -> str:
    """The text under a finding."""
    assert found.span is not None
    return found.span.text
