"""The names that a file binds outside of its definitions: `growth = 32`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from cnnspec.language.naming import Namer
from cnnspec.language.statements import run_body
from cnnspec.language.values import Value

if TYPE_CHECKING:
    from cnnspec.language.body import BodyScope


def evaluated(scope: BodyScope) -> Mapping[str, Value]:
    """The constants of the file in which `scope` is; each may use those above it."""
    values: dict[str, Value] = {}
    scope.expansion.constants[scope.unit] = values
    nowhere = Namer("", "", {})
    at_file_level = replace(
        scope, trace=(), values=values, namer=nowhere, is_net=False, entry=None, main=None, stage=None
    )
    run_body(scope.unit.file.assignments, at_file_level)
    return values
