"""Weights that the spec gives: `weights=sobel_x`, `weights=[[0, 1], [1, 0]]`, a kernel an output channel."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import prod

from cnnspec.dims import Symbolic
from cnnspec.language.values import Value, describe
from cnnspec.layers.base import Weight
from cnnspec.layers.classic_kernels import KERNELS
from cnnspec.layers.spatial import shape_text

LARGEST = 1 << 24
"""No more values are written out."""

Entries = tuple["Entries", ...] | Fraction


class GivenProblem(Exception):  # noqa: N818 - becomes a diagnostic
    """The values do not fit the weight."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def given_values(word: str, weights: tuple[Weight, ...], value: Value) -> tuple[float, ...] | None:
    """The values of a layer's `weight`, row by row; None where its shape depends on symbols.

    One kernel stands for every pair of an output and an input channel, a list of as many kernels as there are
    output channels for one output channel each, and a list of the weight's own shape for itself. Raises
    GivenProblem.
    """
    weight = next((weight for weight in weights if weight.name == "weight"), None)
    if weight is None:
        raise GivenProblem(f"`{word}` has no weights to be given")
    entries = _entries(value)
    if any(isinstance(size, Symbolic) for size in weight.shape):
        return None
    shape = tuple(size for size in weight.shape if isinstance(size, int))
    if prod(shape) > LARGEST:
        raise GivenProblem(
            f"a weight {shape_text(shape)} is too large to be given (more than {LARGEST:,} values)"
        )
    flat = tuple(_as_float(entry) for entry in _flat(entries))
    if _shape(entries) == shape:
        return flat
    spread = _spread(entries, flat, shape) if len(shape) > 1 else None
    if spread is None:
        wanted = (
            f"the window is {shape_text(shape[2:])}" if len(shape) > 2 else f"{shape_text(shape)} is needed"
        )
        raise GivenProblem(f"the values have the shape {shape_text(_shape(entries))}, {wanted}")
    return spread


def _spread(entries: Entries, flat: tuple[float, ...], shape: tuple[int, ...]) -> tuple[float, ...] | None:
    """One kernel for all pairs of channels, or one for each output channel; None where it is neither."""
    outs, ins, *window = shape
    kernel_shape, size = _plain(tuple(window)), prod(window)
    if _plain(_shape(entries)) == kernel_shape:
        return flat * (outs * ins)
    each = entries if isinstance(entries, tuple) else ()
    if len(each) == outs and all(_plain(_shape(entry)) == kernel_shape for entry in each):
        return tuple(v for out in range(outs) for v in flat[out * size : (out + 1) * size] * ins)
    return None


def _entries(value: Value) -> Entries:
    """Nested lists of numbers, with the classic kernels put in for their names."""
    match value:
        case str() if value in KERNELS:
            return KERNELS[value]
        case tuple():
            items = tuple(_entries(item) for item in value)
            if len({_plain(_shape(item)) for item in items}) != 1:
                raise GivenProblem("the rows of `weights` must be of one length")
            return items
        case int() | Fraction() if not isinstance(value, bool):
            return Fraction(value)
        case _:
            named = ", ".join(f"`{name}`" for name in KERNELS)
            raise GivenProblem(f"`weights` must be numbers or one of {named}, not {describe(value)}")


def _shape(entries: Entries) -> tuple[int, ...]:
    shape: list[int] = []
    while isinstance(entries, tuple):
        shape.append(len(entries))
        entries = entries[0]
    return tuple(shape)


def _plain(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Without axes of size 1, so that a row fits a window of one axis."""
    return tuple(size for size in shape if size != 1)


def _as_float(entry: Fraction) -> float:
    try:
        return float(entry)
    except OverflowError:
        raise GivenProblem("a number is too large for a weight") from None


def _flat(entries: Entries) -> Iterator[Fraction]:
    if isinstance(entries, tuple):
        for entry in entries:
            yield from _flat(entry)
    else:
        yield entries
