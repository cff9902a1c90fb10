"""A spec: a parsed file with every file it uses, each seeing its own names and those it brings in."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

from cnnspec.diagnostics import Diagnostic, DiagnosticError, Edit, Help, Label, Source
from cnnspec.diagnostics.suggest import nearest
from cnnspec.language import ast, limits
from cnnspec.language.parse import parse
from cnnspec.language.reading import read
from cnnspec.language.values import Block

STANDARD_LIBRARY = Path(__file__).with_name("std.cnn")
PRELUDE = Path(__file__).with_name("prelude.cnn")
PROJECT_MARKS = ("pyproject.toml", ".git")


@dataclass(frozen=True, eq=False)
class Unit:
    """One file and the blocks it sees: its own first, then those of the files it uses, then the library's.

    Of a file that is not `complete` parts could not be read: names missing there are no further mistake.
    """

    file: ast.File
    used: tuple[Unit, ...]
    complete: bool

    @cached_property
    def blocks(self) -> Mapping[str, Block]:
        """Every block that can be named in this file."""
        seen: dict[str, Block] = {}
        for unit in (*reversed(self.used), self):
            seen |= {name: Block(definition, unit) for name, definition in unit.own("block").items()}
        return seen

    @cached_property
    def nets(self) -> Mapping[str, ast.Definition]:
        """The nets of this file, in order."""
        return self.own("net")

    def own(self, kind: str) -> dict[str, ast.Definition]:
        """The definitions of a kind made in this file; of two with one name the first."""
        found: dict[str, ast.Definition] = {}
        for definition in self.file.definitions:
            if definition.kind == kind:
                found.setdefault(definition.name, definition)
        return found


@dataclass(frozen=True, eq=False)
class Spec:
    """A spec file with everything it uses."""

    main: Unit
    path: Path | None = None

    @property
    def nets(self) -> Mapping[str, ast.Definition]:
        """The nets of the file itself, in order; the first is the default."""
        return self.main.nets

    @property
    def source(self) -> Source:
        """The text of the file itself."""
        return self.main.file.source


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loading gave: a spec if there is enough of one, and everything wrong with its text."""

    spec: Spec | None
    diagnostics: tuple[Diagnostic, ...]


def load_spec(path: Path) -> Loaded:
    """Load a spec file and every file it uses."""
    try:
        source = read(path)
    except DiagnosticError as error:
        return Loaded(None, error.diagnostics)
    return _Loader(path.parent).load(source, path)


def load_text(text: str, name: str = "<text>") -> Loaded:
    """Load a text in hand; `use` is relative to the current folder."""
    return load_source(Source(name, text), Path.cwd())


def load_source(source: Source, folder: Path) -> Loaded:
    """Load a source in hand; `use` is relative to `folder`."""
    return _Loader(folder).load(source, None)


@cache
def shipped_blocks(path: Path) -> Mapping[str, Block]:
    """The blocks of a file that comes with the language."""
    spec = _Loader(path.parent).load(read(path, name=shipped_name(path)), path).spec
    return spec.main.blocks if spec else {}


def shipped_name(path: Path) -> str:
    """What a file that comes with the language is called in messages: `<std>`."""
    return f"<{path.stem}>"


def project_folder(folder: Path) -> Path:
    """The folder that `use` may not leave: the nearest project around, else the folder itself."""
    start = _resolved(folder)
    for candidate in (start, *start.parents):
        if any(os.path.exists(candidate / mark) for mark in PROJECT_MARKS):
            return candidate
    return start


@dataclass
class _Loader:
    """Loads each file once; `open` is the chain of files from the first to the one being loaded."""

    folder: Path
    units: dict[Path, Unit] = field(default_factory=dict[Path, Unit])
    open: list[tuple[Path, str]] = field(default_factory=list[tuple[Path, str]])
    diagnostics: list[Diagnostic] = field(default_factory=list[Diagnostic])

    @cached_property
    def project(self) -> Path:
        return project_folder(self.folder)

    def load(self, source: Source, path: Path | None) -> Loaded:
        unit = self._unit(source, (path or self.folder / source.name).absolute(), self.folder)
        return Loaded(Spec(unit, path) if unit else None, tuple(self.diagnostics))

    def _unit(self, source: Source, path: Path, folder: Path) -> Unit | None:
        parsed = parse(source)
        self.diagnostics += parsed.diagnostics
        if parsed.file is None:
            return None
        self.diagnostics += _duplicates(parsed.file)
        self.open.append((_resolved(path), source.name))
        found = [self._used(use, folder) for use in _library_last(parsed.file.uses)]
        self.open.pop()
        used = tuple(unit for unit in found if unit)
        self.diagnostics += _clashes(parsed.file, found)
        return Unit(parsed.file, used, complete=len(used) == len(found) and not parsed.diagnostics)

    def _used(self, use: ast.Use, folder: Path) -> Unit | None:
        path = STANDARD_LIBRARY if use.path is None else folder / use.path
        problem = _outside(use, path, self.project) or self._circle(use, path) or self._too_many(use)
        if problem:
            self.diagnostics.append(problem)
            return None
        key = _resolved(path)
        if key not in self.units:
            unit = self._read(use, path)
            if unit is None:
                return None
            self.units[key] = unit
        return self.units[key]

    def _read(self, use: ast.Use, path: Path) -> Unit | None:
        try:
            source = read(_resolved(path), name=_shown(use))
        except DiagnosticError as error:
            self.diagnostics += [_unreadable(use, path, diagnostic) for diagnostic in error.diagnostics]
            return None
        return self._unit(source, path, path.parent)

    def _circle(self, use: ast.Use, path: Path) -> Diagnostic | None:
        paths = [opened for opened, _ in self.open]
        key = _resolved(path)
        if key not in paths:
            return None
        circle = [name for _, name in self.open[paths.index(key) :]]
        message = f"the files use each other in a circle: {' → '.join([*circle, circle[0]])}"
        return Diagnostic("use-circular", message, use.path_span)

    def _too_many(self, use: ast.Use) -> Diagnostic | None:
        if max(len(self.units), len(self.open)) < limits.MAX_FILES:
            return None
        return Diagnostic("limit", f"more than {limits.MAX_FILES} files are used", use.path_span)


def _library_last(uses: tuple[ast.Use, ...]) -> list[ast.Use]:
    return sorted(uses, key=lambda use: use.path is None)


def _resolved(path: Path) -> Path:
    """The file itself, behind links and `..`; links in a circle stay as they are."""
    return Path(os.path.realpath(path))


def _shown(use: ast.Use) -> str:
    """The name of a used file in messages: beside the file that uses it."""
    if use.path is None:
        return shipped_name(STANDARD_LIBRARY)
    return str(Path(use.span.source.name).parent / use.path)


def _outside(use: ast.Use, path: Path, project: Path) -> Diagnostic | None:
    if use.path is None:
        return None
    if "\0" in use.path or Path(use.path).is_absolute() or not _resolved(path).is_relative_to(project):
        message = f"`{use.path}` is not in the project's folder"
        way_out = Help("copy the file into the project and name it relative to this file")
        return Diagnostic(
            "use-outside", message, use.path_span, notes=(f"the folder is {project}",), help=way_out
        )
    return None


def _unreadable(use: ast.Use, path: Path, cause: Diagnostic) -> Diagnostic:
    if cause.span is not None:
        return cause
    present = [] if not path.parent.is_dir() else [found.name for found in path.parent.glob("*.cnn")]
    close = nearest(path.name, present) or nearest(f"{path.name}.cnn", present)
    if close is None or use.path is None or not Path(use.path).name:
        return Diagnostic(cause.code, cause.message, use.path_span, notes=cause.notes)
    right = str(Path(use.path).with_name(close)).replace("\\", "/")
    way_out = Help(f"did you mean `{right}`?", (Edit(use.path_span, f'"{right}"'),))
    return Diagnostic(cause.code, cause.message, use.path_span, notes=cause.notes, help=way_out)


def _duplicates(file: ast.File) -> Iterator[Diagnostic]:
    first: dict[str, ast.Definition] = {}
    for definition in file.definitions:
        earlier = first.setdefault(definition.name, definition)
        if earlier is not definition:
            labels = (Label(earlier.name_span, f"the first `{definition.name}`"),)
            message = f"`{definition.name}` is defined twice"
            yield Diagnostic("duplicate-name", message, definition.name_span, labels=labels)


def _clashes(file: ast.File, used: list[Unit | None]) -> Iterator[Diagnostic]:
    """Two files that bring in blocks of the same name, where the file itself does not say which is meant."""
    first: dict[str, ast.Use] = {}
    own = {definition.name for definition in file.definitions}
    for use, unit in zip(_library_last(file.uses), used, strict=True):
        for name in unit.own("block") if unit and use.path is not None else ():
            earlier = first.setdefault(name, use)
            if earlier is not use and name not in own:
                labels = (Label(earlier.path_span, f"brings in `{name}` first"),)
                yield Diagnostic(
                    "duplicate-name", f"both files define `{name}`", use.path_span, labels=labels
                )
