"""`cnnspec check`: whether specs are right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cnnspec.cli.completing import spec_paths
from cnnspec.diagnostics.formats import DOCUMENTS, FORMATS

if TYPE_CHECKING:
    from cnnspec.diagnostics import Diagnostic
    from cnnspec.diagnostics.styled import Line
    from cnnspec.language.spec import Spec


@click.command(
    short_help="Find what is wrong with specs.",
    epilog="""\b
Examples:
  cnnspec check specs/lenet5.cnn
  cnnspec check specs/ --quiet
  cnnspec check specs/ --format concise
  cnnspec check net.cnn --select info
  cnnspec check net.cnn --fix
  cat net.cnn | cnnspec check - --stdin-filename net.cnn

\b
Exit codes: 0 clean, 1 something was found, 2 a path cannot be read.""",
)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", shell_complete=spec_paths)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(FORMATS),
    default="full",
    show_default=True,
    help="How findings are written: `full` for people, `concise` for editors, `json` and `sarif` for "
    "programs, `github` for the lines of a pull request.",
)
@click.option("-q", "--quiet", is_flag=True, help="Say nothing about what is clean.")
@click.option(
    "--stdin-filename",
    default="<stdin>",
    metavar="NAME",
    help="The name of the file that - stands for, in messages and for `use`.",
)
@click.option(
    "--select",
    multiple=True,
    metavar="RULE,...",
    help="The lint rules to run, or groups: `warning` (the default), `info`, `folklore`, `all`.",
)
@click.option("--ignore", multiple=True, metavar="RULE,...", help="Lint rules or groups to leave out.")
@click.option("--no-lint", is_flag=True, help="Report mistakes only.")
@click.option("--fix", is_flag=True, help="Make the suggested changes that are safe.")
@click.option("--unsafe-fixes", is_flag=True, help="Make all suggested changes that leave a net that works.")
def command(
    *,
    paths: tuple[str, ...],
    format_name: str,
    quiet: bool,
    stdin_filename: str,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    no_lint: bool,
    fix: bool,
    unsafe_fixes: bool,
) -> int:
    """Check specs: every net of every file at its defaults, with its `expect` lines; and lint them.

    PATH is a spec file, a folder (every .cnn file in it and below), or - for the standard input.
    """
    from cnnspec import pipeline
    from cnnspec.cli.late_bar import late_bar
    from cnnspec.cli.linting import fix_files, linter
    from cnnspec.cli.outcome import exit_for
    from cnnspec.cli.screen import out
    from cnnspec.cli.spec_files import STDIN, about_file, load, spec_files
    from cnnspec.diagnostics.findings import Findings, fail
    from cnnspec.diagnostics.formats import renderer

    screen = out()
    talkative = format_name == "full" and not quiet
    lint = None if no_lint else linter(select, ignore)
    if fix or unsafe_fixes:
        fix_files(paths, lint, unsafe=unsafe_fixes)
    found: dict[str, tuple[Diagnostic, ...]] = {}
    files = list(spec_files(paths))
    with late_bar("checking", "files") as bar:
        for number, path in enumerate(files):
            bar.show(number, len(files))
            name = stdin_filename if path == STDIN else path
            loaded = load(path, stdin_filename)
            diagnostics = loaded.diagnostics
            if loaded.spec:
                diagnostics += pipeline.check(loaded.spec, lint.settings(name) if lint else None)
            found[name] = tuple(about_file(diagnostic, name) for diagnostic in diagnostics)
            if talkative and loaded.spec and not fail(diagnostics):
                bar.erase()
                screen.write([_ok(name, loaded.spec)])
    findings = Findings(found | (lint.wrong_configs() if lint else {}))
    if talkative and findings.diagnostics and len(findings.files_with_findings) < len(found):
        screen.write([()])
    if findings.diagnostics or not quiet or format_name in DOCUMENTS:
        screen.write(renderer(format_name)(findings, screen.width))
    return exit_for(findings.diagnostics)


def _ok(name: str, spec: Spec) -> Line:
    """`ok  specs/lenet5.cnn  lenet5`."""
    from cnnspec.diagnostics.legible import legible
    from cnnspec.diagnostics.styled import Style, line

    nets = ", ".join(spec.nets) or "blocks only"
    return line(("ok", Style.SUCCESS), f"  {legible(name)}  ", (legible(nets), Style.QUIET))
