"""The habits of the source, held by reading it: sizes, annotations, what may be imported and called where."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "cnnspec"
MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))

ALLOWED_IN: dict[str, tuple[str, ...]] = {
    "numpy": (
        "analysis/grid.py",
        "analysis/curve.py",
        "analysis/units.py",
        "backend/",
        "bench/",
        "interop/",
        "sweep/",
        "report/",
        "cli/",
        "api.py",
    ),
    "safetensors": ("backend/", "interop/"),
    "onnx": ("interop/",),
    "sympy": ("dims/", "analysis/", "report/", "api.py"),
    "networkx": ("graph/", "analysis/", "backend/verify/"),
    "pickle": ("backend/kernels/cache.py",),  # machine code that we wrote ourselves, in a private folder
    "torch": ("bench/peers/",),
    "onnxruntime": ("bench/peers/",),
    "openvino": ("bench/peers/",),
    "click": ("cli/",),
    "rich": ("cli/", "report/", "diagnostics/"),
}
"""Where a dependency may be imported, even inside a function."""

BROUGHT_BY = {"PIL": "pillow", "llvmlite": "numba"}
"""The dependency that brings a module of another name."""

FORBIDDEN_CALLS = {"eval", "exec", "sympify", "parse_expr", "lambdify", "__import__"}
"""Nothing that a user wrote is ever given to Python or to SymPy's parser."""

FORBIDDEN_IMPORTS = {"shelve", "marshal", "dill", "cloudpickle"}
"""Reading one of these runs what is in it."""

EMPTY_NAMES = {"utils", "helpers", "manager", "handler", "process", "data", "info", "common", "misc"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def tree(module: str) -> ast.Module:
    return ast.parse((PACKAGE / module).read_text(encoding="utf-8"))


def functions(module: str) -> Iterator[Function]:
    return (node for node in ast.walk(tree(module)) if isinstance(node, Function))


def imported(module: str) -> Iterator[str]:
    """The outermost name of everything a module imports, wherever in it the import stands."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module.partition(".")[0]


def called(module: str) -> Iterator[str]:
    """What is called by its bare name, and the last name of `sympy.…` calls."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Call):
            match node.func:
                case ast.Name(id=name) | ast.Attribute(value=ast.Name(id="sympy" | "sp"), attr=name):
                    yield name


def annotated(function: Function) -> bool:
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    named += [extra for extra in (arguments.vararg, arguments.kwarg) if extra]
    typed = all(a.annotation is not None or a.arg in {"self", "cls"} for a in named)
    return typed and function.returns is not None


def test_the_package_was_found() -> None:
    assert "pipeline.py" in MODULES


def test_a_module_is_at_most_400_lines() -> None:
    lengths = {module: len((PACKAGE / module).read_text(encoding="utf-8").splitlines()) for module in MODULES}
    assert not {module: lines for module, lines in lengths.items() if lines > 400}


def test_a_function_is_at_most_60_lines() -> None:
    lengths = {
        f"{module}:{f.lineno} {f.name}": (f.end_lineno or f.lineno) - f.lineno + 1
        for module in MODULES
        for f in functions(module)
    }
    assert not {place: lines for place, lines in lengths.items() if lines > 60}


def test_every_function_is_annotated() -> None:
    assert not [f"{m}:{f.lineno} {f.name}" for m in MODULES for f in functions(m) if not annotated(f)]


def test_a_dependency_is_imported_only_in_its_rooms() -> None:
    assert not {
        f"{name} in {module}"
        for module in MODULES
        for name in imported(module)
        if name in ALLOWED_IN and not module.startswith(ALLOWED_IN[name])
    }


def test_every_import_is_a_declared_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [line for extra in project.get("optional-dependencies", {}).values() for line in extra]
    declared = {re.split(r"[^\w-]", line)[0] for line in (*project["dependencies"], *extras)}
    ours = {name for module in MODULES for name in imported(module)} - {"cnnspec", *sys.stdlib_module_names}
    assert {BROUGHT_BY.get(name, name) for name in ours} <= declared


def test_nothing_is_evaluated_or_unpickled() -> None:
    assert not {f"{name} in {module}" for module in MODULES for name in FORBIDDEN_CALLS & {*called(module)}}
    assert not {
        f"{name} in {module}" for module in MODULES for name in FORBIDDEN_IMPORTS & {*imported(module)}
    }


def test_every_module_has_a_name_that_says_something() -> None:
    assert not {
        module for module in MODULES if not EMPTY_NAMES.isdisjoint(Path(module).with_suffix("").parts)
    }
