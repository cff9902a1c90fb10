"""A group of commands that imports a command only when it is asked for."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

import click

from cnnspec.cli import commands


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
