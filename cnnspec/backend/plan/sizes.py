"""From the sizes of the analysis, which may be formulas, to numbers."""

from __future__ import annotations

from cnnspec.backend.kernels.operations import Shape
from cnnspec.dims import Dim
from cnnspec.layers.base import Shape as DimShape


def whole(size: Dim) -> int:
    """A size that must be a number by now: a plan is only made of nets without free symbols."""
    if not isinstance(size, int):
        raise TypeError(f"{size} is not a number")
    return size


def whole_shape(shape: DimShape) -> Shape:
    """A shape whose sizes must be numbers by now."""
    return tuple(whole(size) for size in shape)
