"""The options that commands share, and what SPEC, `--net` and `-s` mean: which net, with which sizes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, TypeVar

import click

from cnnspec.cli.completing import spec_paths

if TYPE_CHECKING:
    from cnnspec.analysis.facts import Analysis
    from cnnspec.diagnostics import DiagnosticError
    from cnnspec.graph import Graph
    from cnnspec.language.elaborate import Binding
    from cnnspec.language.spec import Spec

Command = TypeVar("Command", bound=Callable[..., object])


def net_options(command: Command) -> Command:
    """The argument SPEC and the options `--net` and `-s`."""
    command = symbol_options(command)
    return click.argument("spec_path", metavar="SPEC", shell_complete=spec_paths)(command)


def symbol_options(command: Command) -> Command:
    """The options `--net` and `-s`."""
    command = click.option(
        "-s",
        "--set",
        "settings",
        multiple=True,
        metavar="NAME[=VALUE]",
        help="Give a symbol or net parameter a value: H=256, alpha=3/4. A bare name leaves it free.",
    )(command)
    return click.option("--net", "net_name", metavar="NAME", help="The net to take; by default the first.")(
        command
    )


def machine_options(command: Command) -> Command:
    """The options `--threads` and `--math` of commands that run a net."""
    command = click.option(
        "--math",
        type=click.Choice(("fast", "exact", "plain")),
        default="fast",
        show_default=True,
        help="Fast kernels; the same without Winograd's rounding errors; or layer by layer.",
    )(command)
    return threads_option(command)


batch_option = click.option(
    "--batch", type=click.IntRange(min=1), metavar="N", default=1, show_default=True, help="Samples at once."
)
dtype_option = click.option(
    "--dtype", type=click.Choice(("float32", "float64")), default="float32", show_default=True
)
fast_math_option = click.option(
    "--math",
    type=click.Choice(("fast", "exact")),
    default="fast",
    show_default=True,
    help="With Winograd's algorithm, or without its rounding errors.",
)
"""For commands that are about the fast backend alone."""

recompute_option = click.option(
    "--recompute",
    is_flag=True,
    help="In training, make normalised maps again instead of keeping them: less memory, a little slower.",
)


def check_recompute(*, recompute: bool, training: bool = True, math: str = "fast") -> None:
    """Raise UsageError where `--recompute` would change nothing."""
    if recompute and not training:
        raise click.UsageError("--recompute goes with --training: an inference keeps nothing")
    if recompute and math == "plain":
        raise click.UsageError("--recompute is for fast kernels: with --math plain everything is kept")


threads_option = click.option(
    "--threads", type=click.IntRange(min=1), metavar="N", help="Processors to use.  [default: all]"
)
weights_option = click.option(
    "--weights", metavar="FILE", help="The weights (safetensors). Without them they are random."
)


def format_option(*formats: str) -> Callable[[Command], Command]:
    """The option `--format`; the first is the default."""
    return click.option(
        "--format", "format_name", type=click.Choice(formats), default=formats[0], show_default=True
    )


def parse_settings(settings: Sequence[str], option: str = "-s") -> dict[str, Binding]:
    """Read `-s` options, or those of another option. Raises UsageError for what cannot be read."""
    return dict(_parse_setting(setting, option) for setting in settings)


def _parse_setting(setting: str, option: str) -> tuple[str, Binding]:
    from cnnspec.language.elaborate import FREE

    name, equals, value = setting.partition("=")
    name, value = name.strip(), value.strip()
    if not name.isidentifier() or (equals and not value):
        raise click.UsageError(f"`{option} {_short(setting)}`: write NAME=VALUE, such as `{option} H=256`")
    return name, _number(f"{option} {_short(setting)}", value) if equals else FREE


def _number(where: str, text: str) -> int | Fraction:
    from cnnspec.language.numbers import NumberProblem, read_number

    sign = -1 if text.startswith("-") else 1
    upper, slash, lower = text.removeprefix("-").partition("/")
    try:
        value = Fraction(read_number(upper)) / (read_number(lower) if slash else 1)
    except NumberProblem as problem:
        raise click.UsageError(f"`{where}`: {problem.message}") from problem
    except ZeroDivisionError:
        raise click.UsageError(f"`{where}`: the divisor is 0") from None
    value *= sign
    return value.numerator if value.denominator == 1 else value


def _short(text: str) -> str:
    from cnnspec.diagnostics.legible import clip, legible

    return clip(legible(text), 40)


@dataclass(frozen=True, slots=True)
class Opened:
    """A net as the command line asked for it."""

    spec: Spec
    graph: Graph
    bindings: dict[str, Binding]


def open_net(path: str, net: str | None, settings: Sequence[str], *, symbolic: bool = False) -> Opened:
    """Load a spec and expand a net of it; what was found but is no error goes to the standard error.

    Raises DiagnosticError with everything that was found where there is an error.
    """
    from cnnspec import pipeline
    from cnnspec.cli.screen import err
    from cnnspec.cli.spec_files import load
    from cnnspec.diagnostics import DiagnosticError, Severity
    from cnnspec.diagnostics.render_full import render_one

    bindings = parse_settings(settings)
    loaded = load(path)
    found = loaded.diagnostics
    graph = None
    if loaded.spec:
        made = pipeline.elaborate(loaded.spec, net, bindings, symbolic=symbolic)
        graph, found = made.graph, found + made.diagnostics
    if loaded.spec is None or graph is None or any(d.severity is Severity.ERROR for d in found):
        raise DiagnosticError(*found)
    screen = err()
    for diagnostic in found:
        screen.write(render_one(diagnostic, screen.width))
    return Opened(loaded.spec, graph, bindings)


def no_cost(wanted: str) -> DiagnosticError:
    """That no cost is called so, with the one that was probably meant, or all there are."""
    from cnnspec.analysis.measures import COSTS
    from cnnspec.cli.outcome import usage
    from cnnspec.diagnostics import DiagnosticError
    from cnnspec.diagnostics.suggest import nearest

    close = nearest(wanted, COSTS)
    advice = f"did you mean `{close}`?" if close else f"these are: {', '.join(COSTS)}"
    return DiagnosticError(usage(f"`{_short(wanted)}` is no cost", advice))


def no_layer(wanted: str, analysis: Analysis) -> DiagnosticError:
    """That no layer of a net is called so, with the one that was probably meant."""
    from cnnspec.cli.outcome import usage
    from cnnspec.diagnostics import DiagnosticError
    from cnnspec.diagnostics.suggest import nearest

    close = nearest(wanted, [*analysis.by_path, *analysis.graph.labels])
    name = analysis.graph.name
    advice = f"did you mean `{close}`?" if close else f"`cnnspec show SPEC` lists the layers of {name}"
    return DiagnosticError(usage(f"{name} has no layer `{wanted}`", advice))
