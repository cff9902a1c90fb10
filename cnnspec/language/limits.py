"""The bounds of the language: every spec is refused in well under a second, or elaborates in bounded time.

Each limit is far above what any published net needs and is checked *before* the work it bounds.
"""

from __future__ import annotations

from typing import Final

SOURCE_BYTES: Final = 1 << 20
"""The size of one source file."""

NESTING: Final = 64
"""Brackets and indented blocks inside one another."""

FILES: Final = 200
"""Files that one spec may use, directly or through others."""

INTEGER_BITS: Final = 4096
"""The length of a number: about 1,200 digits. Checked before a power or product is worked out."""

ITEMS: Final = 10_000
"""The length of a list."""

REPETITIONS: Final = 10_000
"""How often one `repeat` or `for` may go round."""

LAYERS: Final = 20_000
"""Layers in one net."""

STEPS: Final = 100_000
"""Statements carried out while a net is expanded."""

DEPTH: Final = 150
"""Blocks, bodies, calls and pipelines inside one another while a net is expanded.

Python's own limit on nested calls is 1,000; a level here takes at most four of them.
"""
