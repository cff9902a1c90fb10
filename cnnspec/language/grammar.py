"""Where the grammar is, and its table: from the user's cache folder, or worked out anew."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from cnnspec.language import table_cache
from cnnspec.language.table import Table, compile_grammar

PACKAGE = Path(__file__).resolve().parent.parent


@cache
def grammar_text() -> str:
    """The grammar: inside the package when installed, beside it in a checkout."""
    for folder in (PACKAGE / "grammars", PACKAGE.parent / "grammars"):
        path = folder / "cnnspec.lark"
        if path.is_file():
            return path.read_text(encoding="utf-8")
    raise FileNotFoundError("cnnspec is installed without its grammar (grammars/cnnspec.lark)")


@cache
def load_table() -> Table:
    """The table of the grammar."""
    grammar = grammar_text()
    table = table_cache.load(grammar)
    if table is None:
        table = compile_grammar(grammar)
        table_cache.store(grammar, table)
    return table
