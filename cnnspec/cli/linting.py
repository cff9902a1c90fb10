"""Lint as `check` does it: the settings of each file, and fixes written to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cnnspec.cli.late_bar import late_bar
from cnnspec.cli.outcome import usage
from cnnspec.cli.screen import err
from cnnspec.cli.spec_files import STDIN, spec_files
from cnnspec.diagnostics import Diagnostic, DiagnosticError, Edit, Source
from cnnspec.diagnostics.edits import line_changes
from cnnspec.diagnostics.legible import legible
from cnnspec.diagnostics.styled import Line, Style, line
from cnnspec.lint.config import FILE, Config, Settings, config_for
from cnnspec.lint.selection import UnknownSelectorError, codes_of

if TYPE_CHECKING:
    from cnnspec.lint.fixing import Fixed

BYTE_ORDER_MARK = "\ufeff".encode()


@dataclass
class Linter:
    """What the command line asks of lint, and the configurations that were read."""

    select: tuple[str, ...]
    ignore: tuple[str, ...]
    configs: dict[Path, Config] = field(default_factory=dict[Path, Config])

    def settings(self, name: str) -> Settings:
        """The settings for the file of a name."""
        path = Path(name)
        return self._config(path).settings(path, self.select, self.ignore)

    def _config(self, path: Path) -> Config:
        folder = path.resolve().parent
        if folder not in self.configs:
            self.configs[folder] = config_for(path)
        return self.configs[folder]

    def wrong_configs(self) -> dict[str, tuple[Diagnostic, ...]]:
        """Everything wrong with the configurations, by their files."""
        found: dict[str, tuple[Diagnostic, ...]] = {}
        for config in self.configs.values():
            for diagnostic in config.diagnostics[:1]:
                found[diagnostic.span.source.name if diagnostic.span else FILE] = config.diagnostics
        return found


def linter(select: tuple[str, ...], ignore: tuple[str, ...]) -> Linter:
    """The linter that options ask for. Raises DiagnosticError for rules that do not exist."""
    chosen, left_out = _words(select), _words(ignore)
    for option, words in (("--select", chosen), ("--ignore", left_out)):
        try:
            codes_of(words)
        except UnknownSelectorError as error:
            raise DiagnosticError(usage(f"{option}: {error.message}", error.advice)) from error
    return Linter(chosen, left_out)


def _words(options: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word.strip() for option in options for word in option.split(",") if word.strip())


# --- fixing -------------------------------------------------------------------------------------------------


def fix_files(paths: tuple[str, ...], lint: Linter | None, *, unsafe: bool) -> None:
    """Fix what can be fixed in every spec file, and say on the standard error what was done.

    Raises DiagnosticError for the standard input, or where a file cannot be written.
    """
    if STDIN in paths:
        raise DiagnosticError(usage("fixes are written to files: they cannot be made in the standard input"))
    files = list(spec_files(paths))
    with late_bar("fixing", "files") as bar:
        for number, path in enumerate(files):
            bar.show(number, len(files))
            fixed = _fix_file(path, lint.settings(path) if lint else None, unsafe=unsafe)
            if fixed is not None:
                bar.erase()
                err().write(_report(path, fixed))


def _fix_file(path: str, settings: Settings | None, *, unsafe: bool) -> Fixed | None:
    """Write a file anew where something in it was fixed; None where it cannot be read."""
    from cnnspec.language.reading import read
    from cnnspec.lint.fixing import fix

    try:
        source = read(path)
    except DiagnosticError:
        return None
    fixed = fix(source.text, lambda text: _check(path, text, settings), unsafe=unsafe)
    if fixed.made:
        _write(path, fixed.text)
    return fixed


def _check(path: str, text: str, settings: Settings | None) -> tuple[Source, tuple[Diagnostic, ...]]:
    """What would be found in a file with this text."""
    from cnnspec import pipeline
    from cnnspec.language.spec import load_source

    source = Source(path, text)
    loaded = load_source(source, Path(path).parent)
    return source, loaded.diagnostics + (pipeline.check(loaded.spec, settings) if loaded.spec else ())


def _write(path: str, text: str) -> None:
    """Write a text whole or not at all, with the byte order mark that the file may begin with."""
    from cnnspec.backend.atomic import replacing

    mark = BYTE_ORDER_MARK if Path(path).read_bytes().startswith(BYTE_ORDER_MARK) else b""
    with replacing(path) as fresh:
        fresh.write_bytes(mark + text.encode())


def _report(path: str, fixed: Fixed) -> Iterator[Line]:
    """What was done to a file, change by change, and what was not."""
    for finding in fixed.made:
        place = str(finding.span) if finding.span else path
        yield line(("fixed", Style.SUCCESS), f"  {legible(place)}  ", (finding.code, Style.STRONG))
        yield from _changes(finding.help.edits if finding.help else ())
    for finding, broken in fixed.refused:
        place = str(finding.span) if finding.span else path
        yield line(("not fixed", Style.WARNING), f"  {legible(place)}  ", (finding.code, Style.STRONG))
        yield line(f"  it would cause {broken.code}: {legible(broken.message)}")


def _changes(edits: tuple[Edit, ...]) -> Iterator[Line]:
    for source in dict.fromkeys(edit.span.source for edit in edits):
        for change in line_changes(source, edits):
            for mark, text in change.marked():
                style = Style.ADDED if mark[-1] == "+" else Style.REMOVED
                yield line((f"  {mark} {legible(text)}", style))
