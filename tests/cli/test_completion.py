"""`cnnspec completion`: scripts that shells take, and what is offered behind TAB."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
Run = Callable[..., Any]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_for_every_shell(cnnspec: Run, shell: str) -> None:
    result = cnnspec("completion", shell)
    assert (result.code, result.err) == (0, "")
    assert f"_CNNSPEC_COMPLETE={shell}_complete" in result.out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_takes_its_script(cnnspec: Run, shell: str) -> None:
    if shutil.which(shell) is None:
        return
    script = cnnspec("completion", shell).out
    result = subprocess.run([shell, "-n"], input=script.encode(), capture_output=True, check=False)
    assert (result.returncode, result.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("cnnspec fm", "plain,fmt"),
        ("cnnspec rule shape-", "plain,shape-mismatch"),
        ("cnnspec new mine --like resnet3", "plain,resnet34"),
        ("cnnspec check sp", "file,sp"),
        ("cnnspec check --format sa", "plain,sarif"),
        ("cnnspec explain specs/lenet5.cnn conv2", "plain,conv2"),
    ],
)
def test_what_is_offered(words: str, offered: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "cnnspec"],
        cwd=ROOT,
        env={
            "_CNNSPEC_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split()) - 1),
            "PATH": "/usr/bin:/bin",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.stdout.splitlines() == [offered], result.stderr
