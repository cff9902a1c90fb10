"""A cost along a range of sizes: where the net is legal its exact values, elsewhere a gap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnnspec.analysis.facts import Analysis
from cnnspec.analysis.grid import evaluate_grid
from cnnspec.analysis.legal_sizes import legal_sizes
from cnnspec.analysis.measures import cost


@dataclass(frozen=True, slots=True)
class Curve:
    """The values of a cost; None at sizes that are not legal."""

    quantity: str
    symbols: tuple[str, ...]
    sizes: Sequence[int]
    values: tuple[int | None, ...]

    @property
    def legal(self) -> list[tuple[int, int]]:
        """The legal sizes with their values."""
        pairs = zip(self.sizes, self.values, strict=True)
        return [(size, value) for size, value in pairs if value is not None]


def curve_of(analysis: Analysis, quantity: str, symbols: tuple[str, ...], sizes: Sequence[int]) -> Curve:
    """A cost where all of `symbols` take each of the sizes together; they are the only free ones.

    Raises ValueError for a quantity that is no cost, and SizeLimitError for one without a short formula.
    """
    grid = np.asarray(sizes)
    values = evaluate_grid(cost(analysis, quantity), dict.fromkeys(symbols, grid))
    legal = legal_sizes(analysis.graph)
    kept = (legal.holds(dict.fromkeys(symbols, size)) for size in sizes)
    shown = tuple(int(value) if good else None for value, good in zip(values, kept, strict=True))
    return Curve(quantity, symbols, sizes, shown)
