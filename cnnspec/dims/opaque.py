"""Sizes that have no normal form: they stay in formulas as they are, and evaluate exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnnspec.dims.symbolic import Dim


def evaluate(dim: Dim, values: Mapping[str, int]) -> int:
    """The value of a size where every symbol has a value (KeyError names one that has none)."""
    return dim if isinstance(dim, int) else dim.evaluate(values)


def symbols_of(dim: Dim) -> frozenset[str]:
    """The symbols that a size depends on."""
    return frozenset() if isinstance(dim, int) else dim.symbols


@dataclass(frozen=True)
class Floor:
    """An atom: the floor of a quotient that has no quasi-linear form."""

    numerator: Dim
    divisor: Dim

    def evaluate(self, values: Mapping[str, int]) -> int:
        """The quotient where every symbol has a value."""
        return evaluate(self.numerator, values) // evaluate(self.divisor, values)

    @cached_property
    def symbols(self) -> frozenset[str]:
        """The symbols of both parts."""
        return symbols_of(self.numerator) | symbols_of(self.divisor)

    @cached_property
    def order(self) -> str:
        """A text that sorts atoms."""
        return f"~floor {self.numerator} {self.divisor}"


@dataclass(frozen=True)
class Greatest:
    """An atom: the greatest of several sizes, where that depends on the values of their symbols."""

    sizes: frozenset[Dim]

    def evaluate(self, values: Mapping[str, int]) -> int:
        """The greatest where every symbol has a value."""
        return max(evaluate(size, values) for size in self.sizes)

    @cached_property
    def symbols(self) -> frozenset[str]:
        """The symbols of all of them."""
        return frozenset[str]().union(*(symbols_of(size) for size in self.sizes))

    @cached_property
    def order(self) -> str:
        """A text that sorts atoms."""
        return f"~greatest {sorted(map(repr, self.sizes))}"
