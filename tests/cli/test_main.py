"""Every way in which a command can end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cnnspec as package
from cnnspec import pipeline
from cnnspec.cli import commands
from cnnspec.cli.main import cli

ROOT = Path(__file__).parents[2]
Run = Callable[..., Any]
MORE_THAN_A_PIPE_HOLDS = b" " * 200_000
COMMANDS = sorted(path.stem for path in Path(commands.__path__[0]).glob("[a-z]*.py"))


def test_without_a_command_the_help_is_shown(cnnspec: Run) -> None:
    result = cnnspec()
    assert result.code == 2
    assert result.out.startswith("Usage: cnnspec")


def test_the_version_is_told(cnnspec: Run) -> None:
    assert cnnspec("--version").out == f"cnnspec {package.__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_every_command_explains_itself_with_examples(cnnspec: Run, name: str, flag: str) -> None:
    result = cnnspec(name, flag)
    assert result.code == 0
    assert f"cnnspec {name}" in result.out
    assert "Examples:" in result.out


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_fits_a_terminal(cnnspec: Run, name: str) -> None:
    assert [line for line in cnnspec(name, "--help").out.splitlines() if len(line) > 80] == []


def test_the_list_of_commands_says_what_each_does(cnnspec: Run) -> None:
    text = cnnspec("--help").out
    for name in COMMANDS:
        (line,) = [line for line in text.splitlines() if line.startswith(f"  {name} ")]
        assert line.endswith("."), line
        assert not line.endswith("..."), "the short help does not fit"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["xyzzy"], "no such command 'xyzzy'"),
        (["check"], "missing argument 'PATH...'"),
        (["check", "x", "--colours", "json"], "no such option '--colours'"),
        (["check", "x", "--format", "xml"], "invalid value for '--format'"),
        (["show", "specs/lenet5.cnn", "--depth", "-1"], "invalid value for '--depth'"),
    ],
)
def test_a_wrong_command_line_is_a_diagnostic(cnnspec: Run, arguments: list[str], said: str) -> None:
    result = cnnspec(*arguments)
    assert result.code == 2
    assert result.out == ""
    assert result.err.startswith("error[usage]: ")
    assert said in result.err
    assert "--help` shows how it is used" in result.err


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [(["chek"], "check"), (["Show"], "show"), (["check", "x", "--frmat", "json"], "--format")],
)
def test_a_slip_on_the_command_line_is_recognised(cnnspec: Run, arguments: list[str], meant: str) -> None:
    result = cnnspec(*arguments)
    assert (result.code, result.out) == (2, "")
    assert f"= help: did you mean `{meant}`?" in result.err


def test_the_unforeseen_asks_for_a_report(cnnspec: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(path: object) -> None:
        raise ZeroDivisionError("by \x1b[31m0")

    monkeypatch.setattr(pipeline, "load", broken)
    result = cnnspec("check", "specs/lenet5.cnn")
    assert result.code == 2
    assert result.err.startswith("error[internal]: ZeroDivisionError: by ␛[31m0\n")
    assert "please report it" in result.err
    assert "test_main.py:" in result.err
    assert "Traceback" not in result.err


def test_a_developer_gets_the_traceback(cnnspec: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(path: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(pipeline, "load", broken)
    monkeypatch.setenv("CNNSPEC_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        cnnspec("check", "specs/lenet5.cnn")


def test_ctrl_c_ends_as_shells_expect(cnnspec: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(path: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "load", interrupted)
    assert cnnspec("check", "specs/lenet5.cnn").code == 130


def test_ctrl_c_of_which_c_code_made_another_error_is_still_ctrl_c(
    cnnspec: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As NumPy's C interface does for extension modules that import it."""

    def importing(path: object) -> None:
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        raise ImportError("numpy._core.multiarray failed to import")

    monkeypatch.setattr(pipeline, "load", importing)
    result = cnnspec("check", "specs/lenet5.cnn")
    assert (result.code, result.out, result.err) == (130, "", "\ninterrupted\n")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
def test_ctrl_c_in_a_real_process_leaves_no_traceback() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "cnnspec", "check", "-"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        process.stdin.write(MORE_THAN_A_PIPE_HOLDS)  # returns once it reads
        process.stdin.flush()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert b"Traceback" not in err


@pytest.mark.skipif(os.name == "nt", reason="pipes of Unix")
def test_a_reader_that_leaves_early_is_no_error() -> None:
    program = f"{sys.executable} -m cnnspec show specs/resnet50.cnn --format json | head -n 1"
    result = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {program}"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.stdout == "{\n"
    assert result.stderr == ""
    assert result.returncode in {0, 141}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_a_diagnostic() -> None:
    with open("/dev/full", "w") as full:
        result = subprocess.run(
            [sys.executable, "-m", "cnnspec", "show", "specs/lenet5.cnn"],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert result.returncode == 2
    assert result.stderr == "error[file-unwritable]: cannot write the output: no space left on device\n"


def test_an_output_without_the_characters_gets_the_nearest(process: Run) -> None:
    result = process("show", "specs/lenet5.cnn", PYTHONIOENCODING="ascii")
    assert result.returncode == 0
    heading, *table = result.stdout.decode("ascii").splitlines()
    assert heading == "lenet5  image [1, 32, 32] > [10]"
    assert {"-" * len(line) for line in table if line.startswith("---")} <= set(table)
    assert "conv 6, 5x5" in result.stdout.decode("ascii")


def test_relations_accents_and_dots_keep_their_sense_in_ascii(process: Run) -> None:
    sizes = process("sizes", "specs/vgg16.cnn", PYTHONIOENCODING="ascii").stdout
    assert b"H >= 32" in sizes
    assert b"Cicek" in process("show", "specs/unet3d.cnn", PYTHONIOENCODING="ascii").stdout
    plot = process("plot", "specs/unet.cnn", "macs", "H=W=16..64", PYTHONIOENCODING="ascii").stdout
    assert b"*" in plot
    assert b"?" not in sizes + plot


def test_a_character_without_a_nearest_is_a_question_mark(process: Run, tmp_path: Path) -> None:
    spec = tmp_path / "net.cnn"
    spec.write_text('net n:\n    """Чёрч"""\n    input x: [1, 8, 8]\n    relu\n', encoding="utf-8")
    result = process("show", spec, PYTHONIOENCODING="ascii")
    assert result.returncode == 0
    assert b"????" in result.stdout


def test_python_dash_m_and_the_script_are_one() -> None:
    assert cli.name is not None
    script = Path(sys.executable).with_name("cnnspec")
    result = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert result.stdout == f"cnnspec {package.__version__}\n"


def test_a_missing_choice_is_asked_for_in_one_line(cnnspec: Run) -> None:
    said = "error[usage]: missing argument 'SHELL'. Choose from: bash, zsh, fish\n"
    assert cnnspec("completion").err.startswith(said)


def test_a_warning_is_one_line_for_people(process: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    np.save(tmp_path / "x.npy", np.zeros((1, 32, 32)))
    asked = ("run", "specs/lenet5.cnn", "--input", tmp_path / "x.npy")
    err = process(*asked, XDG_CACHE_HOME=str(tmp_path / "file")).stderr.decode()
    first, second = err.splitlines()
    assert first.startswith("warning: compiled code is not kept in ")
    assert second.startswith("note: the weights are random")


@pytest.mark.parametrize("variable", ["NO_COLOR", "TERM"])
def test_colours_can_be_switched_off(process: Run, variable: str) -> None:
    value = "1" if variable == "NO_COLOR" else "dumb"
    assert b"\x1b" not in process("check", "specs/lenet5.cnn", FORCE_COLOR="1", **{variable: value}).stdout


def test_colours_can_be_forced(process: Run) -> None:
    assert b"\x1b[" in process("check", "specs/lenet5.cnn", FORCE_COLOR="1", TERM="xterm-256color").stdout
    assert b"\x1b" not in process("check", "specs/lenet5.cnn").stdout
