"""A group of commands that imports a command only when it is asked for."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

import click

from cnnspec.cli import commands
from cnnspec.cli.outcome import usage
from cnnspec.diagnostics import DiagnosticError
from cnnspec.diagnostics.suggest import nearest


class LazyGroup(click.Group):
    """The commands are the modules of `cnnspec.cli.commands`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        del ctx
        return sorted(module.name for module in iter_modules(commands.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; None where there is none of this name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        return import_module(f"{commands.__name__}.{cmd_name}").command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the arguments begin with; one that is misspelt is recognised."""
        known = self.list_commands(ctx)
        close = None if args[0] in known or ctx.resilient_parsing else nearest(args[0], known)
        if close is not None:
            raise DiagnosticError(usage(f"no such command '{args[0]}'", f"did you mean `{close}`?"))
        return super().resolve_command(ctx, args)
