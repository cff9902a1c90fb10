"""The README and the pages under docs/ are run: their specs, their commands and their Python.

- A `cnn` block that begins with `# name.cnn` is a file of that name for what follows on the page.
- In a `console` block every `$ cnnspec …` line is run and must print what stands below it, where `...` stands
  for anything. Commands that set the machine up (`SETUP`) are shown only.
- A `python` block is executed; the names it binds live until the end of the page.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sybil import Example, Sybil
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
COMMAND = Path(sys.executable).with_name("cnnspec")
SETUP = {"make", "git", "cd", "pip", "pipx", "pre-commit"}

FILE_NAME = re.compile(r"# (\S+\.cnn)\n")


def save(example: Example) -> None:
    """Write a spec that says its file name."""
    if name := FILE_NAME.match(example.parsed):
        Path(name[1]).write_text(example.parsed, encoding="utf-8")


def steps(text: str) -> Iterator[tuple[str, str]]:
    """The commands of a console block, each with the output shown."""
    command, *rest = re.split(r"^\$ ", text, flags=re.MULTILINE)
    assert not command.strip(), "a console block begins with a command"
    for step in rest:
        command, _, output = step.partition("\n")
        yield command, output.rstrip()


def run(command: str) -> str:
    """What a cnnspec command prints, in a terminal of 100 columns without colour."""
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}
    words = [COMMAND, *shlex.split(command, comments=True)[1:]]
    result = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert "Traceback" not in result.stderr, result.stderr
    lines = (result.stdout + result.stderr).splitlines()
    return "\n".join(line.rstrip() for line in lines).rstrip()


def play(example: Example) -> None:
    """Run the commands of a console block and hold what they print against what is shown."""
    for command, shown in steps(example.parsed):
        program = command.split()[0]
        if program in SETUP:
            continue
        assert program == "cnnspec", f"no rule for running {program!r}"
        pattern = r"[\s\S]*?".join(re.escape(part) for part in shown.split("..."))
        printed = run(command)
        assert re.fullmatch(pattern, printed), f"$ {command}\nprinted:\n{printed}\nshown:\n{shown}"


RUNNER = Sybil(
    parsers=[CodeBlockParser("cnn", save), CodeBlockParser("console", play), PythonCodeBlockParser()],
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_does_what_it_shows(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(COMMAND.parent), prepend=os.pathsep)
    for folder in ("specs", "docs"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    for example in RUNNER.parse(page).examples():
        example.evaluate()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_names_files_that_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"`((?:cnnspec|tests|docs|specs|grammars|benchmarks)/[\w./-]*)`", text)
    linked = re.findall(r"\]\((?!https?:)([^)#]+)\)", text)
    missing = [name for name in named if not (ROOT / name).exists()]
    missing += [link for link in linked if not (page.parent / link).exists()]
    assert not missing


def test_a_page_that_shows_something_else_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = tmp_path / "page.md"
    page.write_text("```console\n$ cnnspec --version\ncnnspec 0.0.0\n```\n", encoding="utf-8")
    (example,) = RUNNER.parse(page).examples()
    with pytest.raises(AssertionError, match="printed:"):
        example.evaluate()
