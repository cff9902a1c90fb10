"""The settings: `[tool.cnnspec]` in the nearest pyproject.toml above a spec.

- `select = ["warning", "info"]`: the rules and groups to run; by default warnings only.
- `ignore = ["large-head"]`: those to leave out.
- `activation-budget = "64MiB"`: what the output of one layer may take, for one sample in float32.
- `[tool.cnnspec.per-file-ignores]`, `"specs/old/*.cnn" = ["bias-before-norm"]`: left out in some files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, cast

from cnnspec.diagnostics import Diagnostic, DiagnosticError, Help, Source, Span
from cnnspec.diagnostics.suggest import nearest
from cnnspec.language.numbers import NumberProblem, read_number
from cnnspec.language.reading import read
from cnnspec.lint.selection import DEFAULT, UnknownSelectorError, codes_of

FILE = "pyproject.toml"
BUDGET = "activation-budget"
"""A setting, and the rule that holds it."""
KEYS = ("select", "ignore", BUDGET, "per-file-ignores")

Table = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for one spec file: the codes that are looked for, and the budget where there is one."""

    codes: frozenset[str]
    activation_budget: int | None = None

    @property
    def looked_for(self) -> frozenset[str]:
        """The codes for which something can be found: without a budget nothing exceeds it."""
        return self.codes - {BUDGET} if self.activation_budget is None else self.codes


@dataclass(frozen=True, slots=True)
class Config:
    """What a configuration says, or what is said where there is none."""

    folder: Path | None = None
    select: tuple[str, ...] = DEFAULT
    ignore: tuple[str, ...] = ()
    activation_budget: int | None = None
    per_file: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    diagnostics: tuple[Diagnostic, ...] = ()

    def settings(
        self, path: Path | None, select: tuple[str, ...] = (), ignore: tuple[str, ...] = ()
    ) -> Settings:
        """The settings for a file; `select` of the command line replaces what the file says, `ignore` adds.

        Raises UnknownSelectorError for what the command line says.
        """
        left_out = codes_of((*self.ignore, *ignore, *self._ignored_in(path)))
        return Settings(codes_of(select or self.select) - left_out, self.activation_budget)

    def _ignored_in(self, path: Path | None) -> Iterator[str]:
        if path is None or self.folder is None or not path.resolve().is_relative_to(self.folder):
            return
        relative = path.resolve().relative_to(self.folder).as_posix()
        for pattern, codes in self.per_file.items():
            if fnmatch(relative, pattern) or fnmatch(path.name, pattern):
                yield from codes


def config_for(path: Path) -> Config:
    """The configuration that holds for a file: that of the nearest pyproject.toml with `[tool.cnnspec]`."""
    for folder in path.resolve().parents:
        file = folder / FILE
        if file.is_file():
            table = _table(file)
            if isinstance(table, Diagnostic):
                return Config(diagnostics=(table,))
            if table is not None:
                return _Reader(folder, *table).config()
    return Config()


def _table(file: Path) -> tuple[Source, Table] | Diagnostic | None:
    """The table of this tool in a file. The file is only parsed where it names the tool."""
    try:
        source = read(file, name=_shown(file))
    except DiagnosticError as error:
        return error.diagnostics[0]
    if "cnnspec" not in source.text:
        return None
    import tomllib  # noqa: PLC0415 - few projects have the table

    try:
        tools = tomllib.loads(source.text.replace("\r\n", "\n")).get("tool", {})
    except (ValueError, RecursionError) as error:  # also numbers too long and brackets too deep to be read
        return Diagnostic("bad-config", f"{source.name} is not TOML: {error}", Span(source, 0, 0))
    found = cast("Table", tools).get("cnnspec") if isinstance(tools, dict) else None
    if found is None:
        return None
    if not isinstance(found, dict):
        return Diagnostic("bad-config", "`tool.cnnspec` is not a table", _place(source, "cnnspec"))
    return source, cast("Table", found)


def _shown(file: Path) -> str:
    """The name of a file in messages: from the current folder where it is below it."""
    here = Path.cwd()
    return str(file.relative_to(here) if file.is_relative_to(here) else file)


class _Reader:
    """Reads one table; whatever is wrong with it is a diagnostic, and as if it were not there."""

    def __init__(self, folder: Path, source: Source, table: Table) -> None:
        self._folder, self._source, self._table = folder, source, table
        self._found: list[Diagnostic] = []

    def config(self) -> Config:
        for key in self._table:
            if key not in KEYS:
                close = nearest(key, KEYS)
                can = f"did you mean `{close}`?" if close else f"it may have {', '.join(KEYS)}"
                self._report(key, f"`[tool.cnnspec]` has no `{key}`", can)
        return Config(
            self._folder,
            self._codes("select", self._table.get("select", list(DEFAULT))),
            self._codes("ignore", self._table.get("ignore", [])),
            self._budget(),
            dict(self._per_file()),
            tuple(self._found),
        )

    def _codes(self, key: str, value: object) -> tuple[str, ...]:
        words = cast("list[object]", value) if isinstance(value, list) else [None]
        strings = [word for word in words if isinstance(word, str)]
        if len(strings) < len(words):
            self._report(key, f"`{key}` must be a list of rules", f'such as `{key} = ["large-head"]`')
            return DEFAULT if key == "select" else ()
        try:
            codes_of(strings)
        except UnknownSelectorError as error:
            self._report(key, error.message, error.advice)
            return DEFAULT if key == "select" else ()
        return tuple(strings)

    def _budget(self) -> int | None:
        value = self._table.get(BUDGET)
        if value is None:
            return None
        try:
            number = read_number(value.replace(" ", "")) if isinstance(value, str) else value
        except NumberProblem:
            number = None
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            self._report(BUDGET, f"`{BUDGET}` must be a number of bytes", f'such as `{BUDGET} = "64MiB"`')
            return None
        return number

    def _per_file(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        key = "per-file-ignores"
        value = self._table.get(key, {})
        if not isinstance(value, dict):
            self._report(key, f"`{key}` must be a table from files to rules")
            return
        for pattern, codes in cast("Table", value).items():
            yield pattern, self._codes(pattern, codes)

    def _report(self, key: str, message: str, advice: str | None = None) -> None:
        place = _place(self._source, key)
        self._found.append(Diagnostic("bad-config", message, place, help=Help(advice) if advice else None))


def _place(source: Source, key: str) -> Span:
    """Where a key stands: the first place below the table's head that begins a line or a part of a key."""
    head = re.search(r"^\s*\[\s*tool\s*\.\s*cnnspec\b", source.text, re.MULTILINE)
    quoted = re.escape(key)
    match = re.compile(rf'(?<![\w-])"?{quoted}"?\s*[=\].]').search(source.text, head.start() if head else 0)
    if match is None:
        return Span(source, head.start(), head.end()) if head else Span(source, 0, 0)
    return Span(source, match.start(), match.start() + len(match[0].rstrip("=]. \t")))
