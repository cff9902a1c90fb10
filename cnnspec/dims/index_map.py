"""Which input indices one output index of a layer reads along an axis, and whole chains of such maps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from cnnspec.dims.bounds import INDEX
from cnnspec.dims.extremes import maximum, minimum
from cnnspec.dims.opaque import evaluate, symbols_of
from cnnspec.dims.quasi import Quasi
from cnnspec.dims.substitution import substitute
from cnnspec.dims.symbolic import Dim, OneSymbol, symbol

UNIT = symbol(INDEX)
"""The index of an output unit, as a size to calculate with."""


@dataclass(frozen=True, slots=True)
class IndexMap:
    """The least and the greatest input index that output index i reads: the hull of what it reads.

    Both are quasi-linear in i. They are not cut off at the border of the input: padding has indices too.
    A unit that reads nothing, as a transposed convolution leaves whose stride is wider than its window, has
    `hi < lo`; but where its neighbours' hulls overlap, it has their overlap, so that the hulls of runs of
    units begin and end where they must.
    """

    lo: Dim
    hi: Dim

    IDENTITY: ClassVar[IndexMap]
    """Output i reads input i."""

    @staticmethod
    def everything(size: Dim) -> IndexMap:
        """Every output reads the whole axis."""
        return IndexMap(0, size - 1)

    @staticmethod
    def window(stride: Dim, extent: Dim, before: Dim) -> IndexMap:
        """A window of `extent` that moves by `stride` and starts `before` the input."""
        lo = UNIT * stride - before
        return IndexMap(lo, lo + (extent - 1))

    @staticmethod
    def shifted(offset: Dim) -> IndexMap:
        """Output i reads input i + offset (a crop; negative for padding and the later parts of a concat)."""
        return IndexMap(UNIT + offset, UNIT + offset)

    @staticmethod
    def flipped(size: Dim) -> IndexMap:
        """Output i reads input size − 1 − i."""
        return IndexMap(size - 1 - UNIT, size - 1 - UNIT)

    @property
    def size(self) -> Dim:
        """How many indices the hull spans; where it depends on the unit, it repeats."""
        return self.hi - self.lo + 1

    def at(self, unit: int, **sizes: int) -> tuple[int, int]:
        """The hull that one unit reads, where all symbols have values."""
        values = {INDEX: unit, **sizes}
        return evaluate(self.lo, values), evaluate(self.hi, values)

    def substitute(self, sizes: dict[str, Dim]) -> IndexMap:
        """The map where symbols have values."""
        return IndexMap(substitute(self.lo, sizes), substitute(self.hi, sizes))

    def then(self, earlier: IndexMap) -> IndexMap:
        """Further towards the input: what the units that this map reads, read themselves in `earlier`."""
        return _composed(self, earlier)

    def joined(self, other: IndexMap) -> IndexMap:
        """The hull over two branches that meet."""
        return IndexMap(minimum(self.lo, other.lo), maximum(self.hi, other.hi))


IndexMap.IDENTITY = IndexMap(UNIT, UNIT)


@lru_cache(maxsize=4096)
def _composed(outer: IndexMap, inner: IndexMap) -> IndexMap:
    if outer == IndexMap.IDENTITY:
        return inner
    if inner == IndexMap.IDENTITY:
        return outer
    least, most = inner.lo, inner.hi
    if outer.lo != outer.hi:
        least, most = _made_monotone(least, Quasi.lower_envelope), _made_monotone(most, Quasi.upper_envelope)
    lo = substitute(least, {INDEX: outer.hi if _falls(least) else outer.lo})
    hi = substitute(most, {INDEX: outer.lo if _falls(most) else outer.hi})
    return IndexMap(lo, hi)


def _made_monotone(bound: Dim, envelope: Callable[[Quasi], Quasi]) -> Dim:
    """The nearest bound that rises from unit to unit, on one side of this one.

    The ends of a run of units bound what the run reads only where the bounds rise from unit to unit, which
    those of a dilated transposed window do not.
    """
    if not isinstance(bound, OneSymbol) or bound.symbol != INDEX or bound.function.step < 0:
        return bound
    return OneSymbol(INDEX, envelope(bound.function))


def _falls(bound: Dim) -> bool:
    """Whether a bound decreases with the index (flips). Bounds are monotone, so two values tell."""
    values = dict.fromkeys(symbols_of(bound), 2)
    return evaluate(bound, {**values, INDEX: _FAR}) < evaluate(bound, {**values, INDEX: -_FAR})


_FAR = 2**62
