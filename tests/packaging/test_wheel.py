"""What a user installs: the wheel built from the sdist, in an environment where nothing else of ours is."""

from __future__ import annotations

import os
import site
import subprocess
import sys
import tarfile
import venv
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[2]

NET = """\
net tiny(classes = 3):
    input image: [1, 8, 8]
    conv(4, 3) -> relu -> maxpool(2) -> flatten
    output linear(classes)
    expect params == {params}
"""


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command that sees neither the source tree nor this environment's settings."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def build(target: str, source: Path, to: Path) -> Path:
    """Build the sdist or the wheel of a source tree into a folder."""
    result = run(sys.executable, "-m", "hatchling", "build", "-t", target, "-d", to, cwd=source)
    assert result.returncode == 0, result.stderr
    return next(to.glob("*.tar.gz" if target == "sdist" else "*.whl"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from nothing but the sdist."""
    folder = tmp_path_factory.mktemp("build")
    with tarfile.open(build("sdist", ROOT, folder)) as sdist:
        sdist.extractall(folder, filter="data")
    return build("wheel", next(folder.glob("cnnspec-*/")), folder)


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel alone, which finds the dependencies where this one has them.

    The dependencies' folder is added as a plain path, so that an editable install there stays inert.
    """
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    install = ("-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel)
    result = run(sys.executable, *install, cwd=folder)
    assert result.returncode == 0, result.stderr
    packages = next(folder.glob("lib/python*/site-packages"))
    (packages / "dependencies.pth").write_text("\n".join(site.getsitepackages()), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def cnnspec(environment: Path) -> Path:
    """The installed command."""
    return environment / "bin" / "cnnspec"


def test_the_wheel_holds_every_file_of_the_package_the_grammar_and_the_zoo(wheel: Path) -> None:
    def files(folder: str, inside: str) -> set[str]:
        paths = (path for path in (ROOT / folder).rglob("*") if path.is_file())
        return {inside + p.relative_to(ROOT).as_posix() for p in paths if "__pycache__" not in p.parts}

    expected = files("cnnspec", "") | files("grammars", "cnnspec/") | files("specs", "cnnspec/")
    with ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == expected
    assert {"cnnspec/py.typed", "cnnspec/grammars/cnnspec.lark", "cnnspec/specs/lenet5.cnn"} <= held


def test_the_command_runs_the_wheels_own_code(environment: Path, tmp_path: Path) -> None:
    where = "import cnnspec; print(cnnspec.__file__)"
    result = run(environment / "bin" / "python", "-c", where, cwd=tmp_path)
    assert Path(result.stdout.strip()).is_relative_to(environment)


def test_every_shipped_spec_is_clean(cnnspec: Path, environment: Path, tmp_path: Path) -> None:
    specs = next(environment.glob("lib/python*/site-packages/cnnspec/specs"))
    result = run(cnnspec, "check", specs, cwd=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(("params", "exit_code"), [(151, 0), (152, 1)])
def test_a_users_spec_is_checked(cnnspec: Path, tmp_path: Path, params: int, exit_code: int) -> None:
    (tmp_path / "tiny.cnn").write_text(NET.format(params=params), encoding="utf-8")
    result = run(cnnspec, "check", "tiny.cnn", cwd=tmp_path)
    assert result.returncode == exit_code, result.stdout + result.stderr
    assert "Traceback" not in result.stderr
