"""The command line: `commands/` holds one file a command."""
