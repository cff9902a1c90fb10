"""The order of the rooms (docs/decisions/0001), and that the check can fail."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINT_IMPORTS, "--config", "pyproject.toml", "--no-cache"],
        cwd=root,
        env={"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_imports_point_downward() -> None:
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("diagnostics/codes.py", "from cnnspec import dims", "imports point downward"),
        ("layers/base.py", "import cnnspec.graph", "imports point downward"),
        ("graph/node.py", "import lark", "lark only in language"),
        ("language/limits.py", "import numba", "numba only in the kernels and their runtime"),
        ("bench/timing.py", "import torch", "other frameworks only as peers of a benchmark"),
    ],
)
def test_a_wrong_import_is_found_even_inside_a_function(
    tmp_path: Path, module: str, line: str, contract: str
) -> None:
    shutil.copytree(ROOT / "cnnspec", tmp_path / "cnnspec", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / "cnnspec" / module).open("a", encoding="utf-8") as file:
        file.write(f"\n\ndef _late() -> None:\n    {line}\n")
    result = lint_imports(tmp_path)
    assert result.returncode == 1
    assert f"{contract} BROKEN" in result.stdout
