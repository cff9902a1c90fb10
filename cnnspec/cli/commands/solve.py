"""`cnnspec solve`: which values the unknowns of a spec may have."""

from __future__ import annotations

import click

from cnnspec.cli.net_options import format_option, net_options


@click.command(
    short_help="Find the values of `?` with which every expectation holds.",
    epilog="""\b
Examples:
  cnnspec solve stem.cnn
  cnnspec solve stem.cnn --limit 50 --format json
  cnnspec solve stem.cnn --write > solved.cnn

\b
A spec with unknowns:
  net stem():
      input image: [3, 227, 227]
      output conv(96, ?kernel in 1..11, stride=?stride in 1..4, pad=?) as c
      expect c.height == 55""",
)
@net_options
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    metavar="N",
    help="How many solutions are shown, the best first.",
)
@format_option("text", "json")
@click.option("--write", is_flag=True, help="Print the spec with the first solution put in.")
def command(
    *,
    spec_path: str,
    net_name: str | None,
    settings: tuple[str, ...],
    limit: int,
    format_name: str,
    write: bool,
) -> int:
    """Find all whole numbers for the `?` of a net with which it is possible and its expectations hold.

    `?` stands for one unknown, `?name` for the same one wherever it is written, `?name in 1..7` states its
    bounds. Solutions that use more of the budgets (`expect macs <= 600M`) come first, then those of small
    values. Where there is none, the values that come nearest are shown, and what they miss. Exit code 1 where
    there is none.
    """
    from cnnspec.analysis.solving import filled, solve
    from cnnspec.cli.net_options import parse_settings
    from cnnspec.cli.outcome import Exit
    from cnnspec.cli.screen import out, waiting
    from cnnspec.cli.spec_files import load
    from cnnspec.diagnostics import DiagnosticError
    from cnnspec.report.document import document
    from cnnspec.report.solving import describe_solved, solved_record

    loaded = load(spec_path)
    if loaded.spec is None or loaded.diagnostics:
        raise DiagnosticError(*loaded.diagnostics)
    with waiting("solving"):
        solved = solve(loaded.spec, net_name, parse_settings(settings))
    screen = out()
    if format_name == "json":
        screen.write(document("solve", solved_record(solved, limit)))
    elif write and solved.solutions:
        screen.stream.write(filled(loaded.spec, solved.holes, solved.solutions[0].values))
    else:
        screen.write(describe_solved(solved, limit, screen.width))
    return Exit.CLEAN if solved.solutions else Exit.FINDINGS
