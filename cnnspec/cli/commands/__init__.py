"""One module a command, named as the command is typed; it defines `command`."""
