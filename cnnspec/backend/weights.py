"""Weights in files: safetensors, one tensor a path (`stage2.1.conv1.weight`), written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file  # pyright: ignore[reportUnknownVariableType]

from cnnspec.backend.atomic import replacing
from cnnspec.diagnostics import Diagnostic, DiagnosticError, Help
from cnnspec.diagnostics.refusals import reason, require_file

Arrays = Mapping[str, NDArray[Any]]

_NUMBERS = ("F16", "F32", "F64", "I64")
_SHOWN = 4
_TEXTS = "cnnspec"
"""The one entry of the file's metadata: several would be written in an order that changes from run to run."""


def save_weights(path: str | Path, arrays: Arrays, metadata: Mapping[str, str]) -> None:
    """Write arrays and a few texts. Raises DiagnosticError (file-unwritable), the old file untouched."""
    contiguous = {name: np.require(array, requirements="C") for name, array in arrays.items()}
    with replacing(Path(path).expanduser()) as fresh:
        try:
            save_file(contiguous, fresh, {_TEXTS: json.dumps(dict(metadata), sort_keys=True)})
        except SafetensorError as error:
            raise OSError(str(error)) from error


def load_weights(path: str | Path, targets: Arrays, ignored: Collection[str] = ()) -> dict[str, str]:
    """Fill the targets from a file and return its texts. The file may hold the `ignored` ones beside them.

    Every name and shape is compared before the first value is written: raises DiagnosticError
    (weights-mismatch, bad-data, file-unreadable) with one diagnostic a kind of difference, targets untouched.
    Numbers of another precision are converted.
    """
    path = Path(path).expanduser()
    try:
        require_file(path)
        with cast("Any", safe_open(path, "numpy")) as file:
            if problems := list(_differences(path, file, targets, ignored)):
                raise DiagnosticError(*problems)
            for name, target in targets.items():
                target[...] = file.get_tensor(name)
            return _texts(file.metadata() or {})
    except SafetensorError as error:
        raise DiagnosticError(Diagnostic("bad-data", f"{path} is not a safetensors file: {error}")) from error
    except OSError as error:
        raise DiagnosticError(
            Diagnostic("file-unreadable", f"cannot read {path}: {reason(error)}")
        ) from error


def _texts(metadata: Mapping[str, str]) -> dict[str, str]:
    """The texts stored with the weights; none where another program wrote the file."""
    try:
        found: object = json.loads(metadata.get(_TEXTS, "{}"))
    except (ValueError, RecursionError):
        return {}
    texts = cast("dict[str, object]", found) if isinstance(found, dict) else {}
    return {name: str(text) for name, text in texts.items()}


def _differences(path: Path, file: Any, targets: Arrays, ignored: Collection[str]) -> Iterable[Diagnostic]:
    """What keeps the file from being this net's weights."""
    names = set(file.keys())
    if missing := [name for name in targets if name not in names]:
        yield _names_differ(f"{path} lacks {_listed(missing)}", "the net", targets)
    if surplus := sorted(names - targets.keys() - set(ignored)):
        yield _names_differ(
            f"{path} holds {_listed(surplus)}, which the net does not have", "the file", names
        )
    common = ((name, target) for name, target in targets.items() if name in names)
    found = [
        problem for name, target in common for problem in _value_differs(name, file.get_slice(name), target)
    ]
    yield from found[:_SHOWN]
    if len(found) > _SHOWN:
        yield Diagnostic("weights-mismatch", f"{len(found) - _SHOWN} more weights differ")


def _names_differ(message: str, whose: str, names: Iterable[str]) -> Diagnostic:
    return Diagnostic("weights-mismatch", message, notes=(f"{whose} has {_listed(sorted(names))}",))


def _value_differs(name: str, found: Any, target: NDArray[Any]) -> Iterable[Diagnostic]:
    shape, dtype = tuple(found.get_shape()), found.get_dtype()
    if shape != target.shape:
        message = f"{name} is {list(shape)} in the file and {list(target.shape)} in the net"
        yield Diagnostic("weights-mismatch", message)
    if dtype not in _NUMBERS:
        message = f"{name} holds {dtype} elements"
        yield Diagnostic(
            "weights-mismatch", message, help=Help(f"convert them to one of {', '.join(_NUMBERS)}")
        )


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    rest = len(names) - _SHOWN
    return f"{shown} and {rest} more" if rest > 0 else shown
