"""The specs that come with cnnspec."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from cnnspec.language.grammar import PACKAGE


@cache
def shipped_specs() -> Mapping[str, Path]:
    """Every shipped spec by its name without `.cnn`.

    They are inside the package when it is installed, beside it in a checkout.
    """
    for folder in (PACKAGE / "specs", PACKAGE.parent / "specs"):
        if folder.is_dir():
            paths = sorted(folder.rglob("*.cnn"))
            return {path.relative_to(folder).with_suffix("").as_posix(): path for path in paths}
    return {}
