"""`cnnspec completion`: what a shell needs to complete commands, options, codes and layers."""

from __future__ import annotations

import click

SHELLS = ("bash", "zsh", "fish")


@click.command(
    short_help="Print the completion script of a shell.",
    epilog="""\b
Examples:
  cnnspec completion bash >> ~/.bashrc
  cnnspec completion zsh >> ~/.zshrc
  cnnspec completion fish > ~/.config/fish/completions/cnnspec.fish""",
)
@click.argument("shell", type=click.Choice(SHELLS), metavar="SHELL")
def command(*, shell: str) -> None:
    """Print a script that makes TAB complete cnnspec's commands, options, codes, layers and files.

    SHELL is bash, zsh or fish.
    """
    from click.shell_completion import ShellComplete, get_completion_class

    from cnnspec.cli.main import cli

    complete = get_completion_class(shell)
    if complete is None:
        raise click.UsageError(f"this version of click knows no {shell}")
    # The class itself: that of bash would run a bash to ask for its version.
    click.echo(ShellComplete.source(complete(cli, {}, "cnnspec", "_CNNSPEC_COMPLETE")))
