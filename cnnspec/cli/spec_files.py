"""From paths on the command line to specs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cnnspec.cli.outcome import usage
from cnnspec.diagnostics import Diagnostic, Source, Span
from cnnspec.diagnostics.diagnostic import DiagnosticError

if TYPE_CHECKING:
    from cnnspec.language.spec import Loaded

SUFFIX = ".cnn"
STDIN = "-"


def spec_files(paths: tuple[str, ...]) -> Iterator[str]:
    """The spec files that paths name, each once: files, and of folders every `.cnn` file in them.

    They are called as findings call them, `a.cnn` for `./a.cnn`. Raises DiagnosticError for a folder that has
    none, and for a path that is empty.
    """
    seen: set[str] = set()
    for path in paths:
        _require(path)
        found = _in_folder(path) if os.path.isdir(path) else [path]
        if not found:
            raise DiagnosticError(usage(f"there is no {SUFFIX} file in {path}"))
        for name in found:
            key = os.path.realpath(name)
            if key not in seen:
                seen.add(key)
                yield str(Path(name))


def _require(path: str) -> None:
    if not path:
        raise DiagnosticError(usage("the path of a spec is empty"))


def _in_folder(folder: str) -> list[str]:
    """The spec files below a folder, in order; hidden folders and links to folders are left out."""
    found: list[str] = []
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [os.path.join(parent, name) for name in sorted(files) if name.endswith(SUFFIX)]
    return found


def load(path: str, stdin_name: str = "<stdin>") -> Loaded:
    """Load one spec; `-` is the standard input, shown under a name whose folder `use` starts from.

    Raises DiagnosticError for a path that is empty.
    """
    from cnnspec import pipeline

    _require(path)
    return _load_stdin(stdin_name) if path == STDIN else pipeline.load(path)


def _load_stdin(name: str) -> Loaded:
    from cnnspec.language.limits import MAX_SOURCE_BYTES
    from cnnspec.language.reading import decode
    from cnnspec.language.spec import Loaded, load_source

    try:
        source = decode(sys.stdin.buffer.read(MAX_SOURCE_BYTES + 1), name)
    except DiagnosticError as error:
        return Loaded(None, error.diagnostics)
    return load_source(source, Path(name).parent)


def about_file(diagnostic: Diagnostic, name: str) -> Diagnostic:
    """The finding with the file as its place where it has none: the file as a whole is at fault."""
    return diagnostic if diagnostic.span else replace(diagnostic, span=Span(Source(name, ""), 0, 0))
