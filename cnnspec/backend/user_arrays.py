"""Arrays from outside, checked before any kernel sees them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnnspec.backend.datasets import bad_data
from cnnspec.backend.kernels.operations import BatchNorm
from cnnspec.backend.plan.model import Plan
from cnnspec.diagnostics import Diagnostic, DiagnosticError, Help

Array = NDArray[Any]


class End(Protocol):
    """What is asked of an input or output here: its name, and its shape without the batch."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    @property
    def shape(self) -> tuple[int, ...]:
        """Without the batch."""
        ...


def cannot_run(message: str, way_out: str | None = None) -> DiagnosticError:
    """The error for a request that makes no sense at this point."""
    return DiagnosticError(Diagnostic("cannot-run", message, help=Help(way_out) if way_out else None))


def inference_only(plan: Plan) -> DiagnosticError:
    """The error for training, or going back, with a plan that has no backward pass."""
    return cannot_run(f"{plan.name} was compiled for inference only", "compile it with training=True")


def refuse_lone_values(plan: Plan, count: int, way_out: str = "take 2 samples or more at once") -> None:
    """Raise DiagnosticError (cannot-run) where a training step of `count` samples cannot be normalised.

    Running statistics learn the variance, and a single value has none; PyTorch refuses it, too.
    """
    for step in plan.forward if count == 1 else ():
        operation = step.call.operation
        tracks = isinstance(operation, BatchNorm) and operation.track
        if tracks and prod(step.call.input_shapes[0][2:]) == 1:
            what = "which sees one value a channel in a training step of 1 sample"
            raise cannot_run(f"there is no variance for `{step.path}`, {what}", way_out)


def by_name(
    given: ArrayLike | Mapping[str, ArrayLike], ports: Sequence[End], what: str, *, partly: bool = False
) -> dict[str, Array]:
    """Arrays by the names of ports; a single array belongs to the only (with `partly`: the first) of them."""
    named = given if isinstance(given, Mapping) else {ports[0].name: given}
    known = [port.name for port in ports]
    if [*named] != known:  # in their order, as they mostly are
        _check_names(named, known, what, partly=partly)
    return {name: as_numbers(array, name) for name, array in named.items()}


def _check_names(given: Iterable[str], known: Sequence[str], what: str, *, partly: bool) -> None:
    given = list(given)
    for name in given:
        if name not in known:
            raise bad_data(f"there is no {what} called {name!r}; there {_are(known)}")
    missing = [name for name in known if name not in given]
    if missing and not partly:
        raise bad_data(
            f"the {what} {missing[0]} is missing; there {_are(known)}",
            way_out="give a dictionary of arrays by name",
        )


def check_samples(
    arrays: Mapping[str, Array], ends: Iterable[End], batch: int
) -> tuple[Mapping[str, Array], int]:
    """The inputs, if they fit the net, and how many samples they are."""
    for end in ends:
        _check_shape(arrays[end.name], end, batch)
    counts = [len(array) for array in arrays.values()]
    if len(set(counts)) > 1:
        listed = ", ".join(f"{count} of {name}" for count, name in zip(counts, arrays, strict=True))
        raise bad_data(f"the inputs have different numbers of samples: {listed}")
    return arrays, counts[0]


def _check_shape(array: Array, port: End, batch: int) -> None:
    if array.shape[1:] == port.shape and 1 <= len(array) <= batch:
        return
    have, want = list(array.shape), list(port.shape)
    if have == want:
        raise bad_data(
            f"{port.name} is {have}: the batch axis is missing", way_out="for one sample write x[None]"
        )
    if have[1:] != want or len(have) != len(want) + 1:
        raise bad_data(f"{port.name} is {have}, the net reads [count, {', '.join(map(str, want))}]")
    if not 1 <= len(array) <= batch:
        raise bad_data(
            f"{port.name} has {len(array)} samples, the net was compiled for 1 to {batch}",
            way_out="give the samples in parts, or compile with a larger batch",
        )


def check_labels(labels: ArrayLike, logits: Array) -> NDArray[np.int64]:
    """Class numbers as the loss reads them: `(N,)` or `(N, D, H, W)`, each below the number of classes."""
    numbers = _array(labels, "labels")
    if numbers.dtype.kind not in "iu":
        raise bad_data(f"labels are whole numbers, not {numbers.dtype}")
    expected = (logits.shape[0], *logits.shape[2:])
    squeezed = tuple(size for size in expected[1:] if size != 1)
    if numbers.shape[:1] != expected[:1] or tuple(n for n in numbers.shape[1:] if n != 1) != squeezed:
        raise bad_data(f"there are {list(numbers.shape)} labels for {list(expected)} predictions")
    classes = logits.shape[1]
    if numbers.size and (numbers.min() < 0 or numbers.max() >= classes):
        worst = numbers.max() if numbers.max() >= classes else numbers.min()
        raise bad_data(
            f"label {worst} is none of the {classes} classes that the net tells apart (0 to {classes - 1})"
        )
    return np.ascontiguousarray(numbers.reshape(expected), np.int64)


def as_numbers(given: ArrayLike, name: str) -> Array:
    """An array of real numbers. Raises DiagnosticError (bad-data)."""
    numbers = _array(given, name)
    if numbers.dtype.kind not in "buif":
        raise bad_data(f"{name} holds {numbers.dtype} elements, not numbers")
    return numbers


def _array(given: ArrayLike, name: str) -> Array:
    try:
        return np.asarray(given)
    except ValueError as error:
        raise bad_data(f"{name}: this makes no array, for its rows have different lengths") from error


def _are(names: Sequence[str]) -> str:
    return f"is {names[0]}" if len(names) == 1 else f"are {', '.join(names)}"
