"""What a spec may cost to read and to expand. Every limit is checked before the work it bounds is done."""

from __future__ import annotations

MAX_SOURCE_BYTES = 1 << 20
"""The size of one source file: 1 MiB."""

MAX_NESTING = 100
"""How deep expressions may nest: brackets, signs, and chains such as `a + b + c`, which nest to the left."""

MAX_STATEMENT = 20_000
"""How many words, numbers and signs one statement may have."""

MAX_INDENTATION = 32
"""How deep bodies may stand within bodies."""

MAX_DIGITS = 4000
"""How many digits a number may have when written out, with its exponent."""

MAX_SYNTAX_ERRORS = 100
"""How many mistakes are reported before reading stops."""

MAX_FILES = 100
"""How many files one spec may use, directly or through others."""

MAX_BITS = 4096
"""The length of a number while a net is expanded: about 1,200 digits."""

MAX_ITEMS = 10_000
"""The length of a list."""

MAX_REPETITIONS = 10_000
"""How often one `repeat` or `for` may go round."""

MAX_LAYERS = 10_000
"""Layers in one net."""

MAX_STEPS = 100_000
"""Statements that are carried out while a net is expanded."""

MAX_DEPTH = 150
"""How deep blocks, bodies and expressions may stand within each other while a net is expanded.

Python's own limit on nested calls is 1,000, and a level takes at most five of them.
"""
