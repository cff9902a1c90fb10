"""`cnnspec compile`: get a net's kernels compiled, or write the program that runs as Python."""

from __future__ import annotations

from collections.abc import Mapping
from keyword import iskeyword
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnnspec.cli.completing import spec_paths
from cnnspec.cli.net_options import (
    batch_option,
    check_recompute,
    dtype_option,
    machine_options,
    recompute_option,
    symbol_options,
)
from cnnspec.diagnostics.legible import legible
from cnnspec.diagnostics.styled import Line, Style, line

if TYPE_CHECKING:
    from cnnspec.backend.compilation import Compilation
    from cnnspec.backend.executable import Precision
    from cnnspec.backend.plan import Plan


@click.command(
    short_help="Compile a net ahead, or write its program as Python.",
    epilog="""\b
Examples:
  cnnspec compile specs/resnet50.cnn --batch 8
  cnnspec compile specs/lenet5.cnn --emit lenet5.py --seed 1
  cnnspec compile specs/lenet5.cnn --emit lenet5.py --math plain --force
  cnnspec compile --clear-cache""",
)
@click.argument("spec_path", metavar="[SPEC]", required=False, shell_complete=spec_paths)
@symbol_options
@click.option("--emit", "target", metavar="FILE.py", help="Write the program that runs, as a module.")
@click.option("--force", is_flag=True, help="Write over files that are there.")
@batch_option
@click.option("--training", is_flag=True, help="A training step too: backward and update.")
@recompute_option
@dtype_option
@click.option(
    "--weights", metavar="FILE", help="With --emit: the weights (safetensors) go beside the program."
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    metavar="N",
    help="With --emit: of the random weights it begins with.  [default: 0]",
)
@machine_options
@click.option("--clear-cache", is_flag=True, help="First remove all compiled kernels.")
def command(
    *,
    spec_path: str | None,
    net_name: str | None,
    settings: tuple[str, ...],
    target: str | None,
    force: bool,
    batch: int,
    training: bool,
    recompute: bool,
    dtype: str,
    weights: str | None,
    seed: int | None,
    threads: int | None,
    math: Precision,
    clear_cache: bool,
) -> None:
    """Compile the kernels of a net, so that its first run finds them; or write its program as Python.

    Compiled kernels are kept in a private folder, for this processor and version. With --emit the memory of
    the net, the order of its kernels and every call with its arguments become a module to read, change and
    import: it gives the same results, byte for byte.
    """
    from cnnspec import pipeline
    from cnnspec.backend.code_cache import user_cache
    from cnnspec.cli.net_options import open_net
    from cnnspec.cli.screen import out

    if spec_path is None and _given() != {"clear_cache"}:
        raise click.UsageError("give a SPEC to compile")
    if clear_cache:
        out().write([line(f"{user_cache().clear():,} files removed from {_folder()}")])
    if spec_path is None:
        return
    if target is None:
        _refuse({"--weights": weights is not None, "--seed": seed is not None, "--force": force})
    check_recompute(recompute=recompute, training=training, math=math)
    graph = open_net(spec_path, net_name, settings).graph
    plan = pipeline.plan(graph, batch=batch, training=training, dtype=dtype, recompute=recompute)
    if target is None:
        out().write(_compile(plan, threads, math))
    else:
        path = Path(target).expanduser()
        out().write(
            _write(plan, path, weights=weights, seed=seed or 0, threads=threads, math=math, force=force)
        )


def _given() -> set[str]:
    """The arguments that were given, by the names of the function's."""
    context = click.get_current_context()
    typed = click.core.ParameterSource.COMMANDLINE
    return {name for name in context.params if context.get_parameter_source(name) is typed}


def _refuse(given: Mapping[str, bool]) -> None:
    """Raise UsageError for options of a program that is not written."""
    spare = next((name for name, is_given in given.items() if is_given), None)
    if spare:
        raise click.UsageError(f"{spare} goes with --emit: compiled kernels depend on no weights")


def _compile(plan: Plan, threads: int | None, math: Precision) -> list[Line]:
    from time import perf_counter

    from cnnspec import pipeline
    from cnnspec.backend.code_cache import user_cache
    from cnnspec.backend.warming import warm_up
    from cnnspec.cli.compiling_progress import compiling
    from cnnspec.dims.units import in_bytes

    start = perf_counter()
    with compiling() as tally:
        warm_up(pipeline.compile(plan, threads=threads, math=math, initialise=False))
    store = user_cache()
    found = f"{len(store.entries):,} files, {in_bytes(store.size)}"
    return [
        line((f"{legible(plan.name)} is ready", Style.SUCCESS), f" in {perf_counter() - start:.2f} s"),
        line(_counted(tally.state)),
        line("cache  ", (_folder(), Style.PATH), f"  {found}" if store.folder else ""),
    ]


def _counted(state: Compilation) -> str:
    """`42 kernels: 40 compiled, 2 found in the cache`."""
    kernels = "1 kernel" if state.done == 1 else f"{state.done:,} kernels"
    return f"{kernels}: {state.compiled:,} compiled, {state.done - state.compiled:,} found in the cache"


def _folder() -> str:
    from cnnspec.backend.code_cache import user_cache

    folder = user_cache().folder
    return legible(str(folder)) if folder else "none: compiled kernels are not kept"


def _write(
    plan: Plan,
    target: Path,
    *,
    weights: str | None,
    seed: int,
    threads: int | None,
    math: Precision,
    force: bool,
) -> list[Line]:
    """Write the program, after the weights that go beside it."""
    from cnnspec import pipeline
    from cnnspec.backend.atomic import replacing

    if target.suffix != ".py" or not target.stem.isidentifier() or iskeyword(target.stem):
        raise click.UsageError("--emit takes the name of a module that can be imported, such as net.py")
    beside = target.with_suffix(".safetensors") if weights is not None else None
    stays = beside is not None and weights is not None and _same(beside, Path(weights).expanduser())
    _refuse_existing([target] if beside is None or stays else [target, beside], force=force)
    text = pipeline.emit(
        plan, math=math, threads=threads, seed=seed, weights_file=beside.name if beside else None
    )
    if beside is not None and weights is not None:
        executable = pipeline.compile(plan, math="plain", initialise=False)
        texts = executable.load(weights)
        if not stays:
            executable.save(beside, texts)
    with replacing(target) as fresh:
        fresh.write_text(text, encoding="utf-8")
    written = [line((legible(str(target)), Style.PATH), f"  {text.count(chr(10)):,} lines")]
    return (
        written if beside is None else [*written, line((legible(str(beside)), Style.PATH), "  its weights")]
    )


def _same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)


def _refuse_existing(targets: list[Path], *, force: bool) -> None:
    from cnnspec.diagnostics import Diagnostic, DiagnosticError, Help

    there = [target for target in targets if target.exists() or target.is_symlink()]
    if there and not force:
        message = f"{there[0]} is there already"
        raise DiagnosticError(Diagnostic("file-unwritable", message, help=Help("--force writes over it")))
