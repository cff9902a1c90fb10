"""`cnnspec new`: a spec to begin with."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from cnnspec.diagnostics.styled import Line

from cnnspec.cli.completing import shipped_specs

_TEMPLATE = '''\
net {net}(classes = 10):
    """Say here where the net comes from."""
    input image: [1, H = 28, W = 28] where H >= 4, W >= 4

    conv(16, 3, pad=same) -> relu -> maxpool(2)
    conv(32, 3, pad=same) -> relu -> maxpool(2)
    global_avgpool -> flatten
    output linear(classes)

    expect params == 5_130
'''
"""It reads what `--data digits` holds."""


@click.command(
    short_help="Begin a spec, from a small net or a known one.",
    epilog="""\b
Examples:
  cnnspec new mynet
  cnnspec new mynet --like resnet18
  cnnspec new nets/mynet.cnn --like mobilenet_v2""",
)
@click.argument("name", metavar="NAME")
@click.option(
    "--like",
    metavar="SPEC",
    shell_complete=shipped_specs,
    help="Begin with a spec that comes with cnnspec, such as resnet18.",
)
def command(*, name: str, like: str | None) -> None:
    """Write NAME.cnn, a spec that is right and can be changed. A file that exists is never overwritten."""
    from cnnspec.cli.screen import out
    from cnnspec.diagnostics.legible import legible
    from cnnspec.diagnostics.styled import Style, line

    if os.path.basename(name) in {"", ".", "..", ".cnn"}:
        raise click.UsageError(f"`{legible(name)}` names no file: give the spec a name, such as mynet")
    target = Path(name if name.endswith(".cnn") else f"{name}.cnn")
    net = _net_name(target.stem)
    _create(target, _TEMPLATE.format(net=net) if like is None else _like(like, net))
    out().write([line(("wrote", Style.SUCCESS), f"  {legible(str(target))}  ", (net, Style.QUIET))])
    if legible(str(target)) == str(target):
        out().write(_next_steps(target, trains=like is None))


def _next_steps(target: Path, *, trains: bool) -> Iterator[Line]:
    """Commands to go on with, as a shell takes them."""
    from cnnspec.diagnostics.styled import Style, line

    path = shlex.quote(f"./{target}" if str(target).startswith("-") else str(target))
    yield line(("next", Style.STRONG), f"   cnnspec show {path}")
    if trains:
        yield line(f"       cnnspec train {path} --data digits")


def _net_name(stem: str) -> str:
    """The name of a file as the name of a net: `3d-net` becomes `net_3d_net`."""
    from cnnspec.language.grammar import load_table

    name = re.sub(r"\W+", "_", stem, flags=re.ASCII).strip("_")
    words = {terminal.literal for terminal in load_table().terminals}
    return name if name and name[0].isalpha() and name not in words else f"net_{name}".rstrip("_")


def _like(wanted: str, net: str) -> str:
    """The text of a shipped spec, complete in itself. Raises DiagnosticError where there is none."""
    from cnnspec import pipeline
    from cnnspec.cli.outcome import usage
    from cnnspec.diagnostics import DiagnosticError
    from cnnspec.diagnostics.suggest import nearest
    from cnnspec.language.shipped import shipped_specs as shipped
    from cnnspec.language.standalone import standalone

    specs = shipped()
    path = specs.get(wanted.removesuffix(".cnn"))
    spec = pipeline.load(path).spec if path else None
    if spec is None:
        close = nearest(wanted, specs)
        advice = f"did you mean `{close}`?" if close else f"there are {', '.join(specs)}"
        raise DiagnosticError(usage(f"no spec called `{wanted}` comes with cnnspec", advice))
    return standalone(spec, net)


def _create(target: Path, text: str) -> None:
    """Write a file that must not exist yet. Raises DiagnosticError (file-unwritable)."""
    from cnnspec.diagnostics import Diagnostic, DiagnosticError, Help
    from cnnspec.diagnostics.refusals import reason

    try:
        with target.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
    except OSError as error:
        refusal, way_out = reason(error), None
        if isinstance(error, FileExistsError):
            refusal, way_out = "it exists already", Help("take another name, or move the old file")
        elif isinstance(error, FileNotFoundError):
            way_out = Help(f"make the folder first: {target.parent}")
        message = f"cannot write {target}: {refusal}"
        raise DiagnosticError(Diagnostic("file-unwritable", message, help=way_out)) from error
