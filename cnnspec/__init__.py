"""cnnspec: write a convolutional network as a short text spec; check it, read its numbers, run it.

The names below load what they need when they are first used, so that `import cnnspec` is quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnnspec.api import (
        Net,
        NetAnalysis,
        Spec,
        SpecError,
        analyze,
        compile,  # noqa: A004
        load,
        loads,
        watch_compilation,
    )

__version__ = "0.1.0"

__all__ = [
    "Net",
    "NetAnalysis",
    "Spec",
    "SpecError",
    "analyze",
    "compile",
    "load",
    "loads",
    "watch_compilation",
]


def __getattr__(name: str) -> object:
    if name in __all__:
        from cnnspec import api

        return getattr(api, name)
    raise AttributeError(f"module 'cnnspec' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
