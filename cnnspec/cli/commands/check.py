"""`cnnspec check`: whether specs are right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cnnspec.diagnostics.formats import FORMATS

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
  cat net.cnn | cnnspec check - --stdin-filename net.cnn

\b
Exit codes: 0 clean, 1 something was found, 2 a path could not be read.""",
)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--format",
    "format_name",
    type=click.Choice(FORMATS),
    default="full",
    show_default=True,
    help="How findings are written: `full` for people, `concise` for editors, `json` for programs.",
)
@click.option("-q", "--quiet", is_flag=True, help="Say nothing about what is clean.")
@click.option(
    "--stdin-filename",
    default="<stdin>",
    metavar="NAME",
    help="The name of the file that - stands for, in messages and for `use`.",
)
def command(*, paths: tuple[str, ...], format_name: str, quiet: bool, stdin_filename: str) -> int:
    """Check specs: every net of every file at its defaults, with its `expect` lines.

    PATH is a spec file, a folder (every .cnn file in it and below), or - for the standard input.
    """
    from cnnspec import pipeline
    from cnnspec.cli.outcome import exit_for
    from cnnspec.cli.screen import out
    from cnnspec.cli.spec_files import STDIN, about_file, load, spec_files
    from cnnspec.diagnostics.findings import Findings
    from cnnspec.diagnostics.formats import renderer

    screen = out()
    talkative = format_name == "full" and not quiet
    files: list[str] = []
    found: list[Diagnostic] = []
    for path in spec_files(paths):
        loaded = load(path, stdin_filename)
        findings = loaded.diagnostics + (pipeline.check(loaded.spec) if loaded.spec else ())
        files.append(stdin_filename if path == STDIN else path)
        found += [about_file(diagnostic, files[-1]) for diagnostic in findings]
        if talkative and loaded.spec and not Findings(findings).fail:
            screen.write([_ok(files[-1], loaded.spec)])
    result = Findings(tuple(found), tuple(files)).in_order()
    if talkative and result.diagnostics and len(result.files_with_findings) < len(files):
        screen.write([()])
    if result.diagnostics or not quiet or format_name == "json":
        screen.write(renderer(format_name)(result, screen.width))
    return exit_for(result)


def _ok(name: str, spec: Spec) -> Line:
    """`ok  specs/lenet5.cnn  lenet5`."""
    from cnnspec.diagnostics.legible import legible
    from cnnspec.diagnostics.styled import Style, line

    nets = ", ".join(spec.nets) or "blocks only"
    return line(("ok", Style.SUCCESS), f"  {legible(name)}  ", (legible(nets), Style.QUIET))
