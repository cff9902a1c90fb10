"""Sizes that have no normal form: they stay in formulas as they are, and evaluate exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnnspec.dims.symbolic import Dim


def evaluate(dim: Dim, values: Mapping[str, int]) -> int:
    """The value of a size where every symbol has a value (KeyError names one that has none)."""
    return dim if isinstance(dim, int) else dim.evaluate(values)


def symbols_of(dim: Dim) -> frozenset[str]:
    """The symbols that a size depends on."""
    return frozenset() if isinstance(dim, int) else dim.symbols


def weight_of(dim: Dim) -> int:
    """How many atoms a size is written with, counting what is inside them."""
    return 0 if isinstance(dim, int) else dim.weight


class Opaque:
    """What atoms without normal form share: what they hold is sizes."""

    @property
    def parts(self) -> tuple[Dim, ...]:
        """The sizes that it is made of."""
        raise NotImplementedError

    @cached_property
    def symbols(self) -> frozenset[str]:
        """The symbols of all parts."""
        return frozenset[str]().union(*map(symbols_of, self.parts))

    @cached_property
    def weight(self) -> int:
        """How many atoms it is written with."""
        return 1 + sum(map(weight_of, self.parts))

    @cached_property
    def order(self) -> tuple[object, ...]:
        """What sorts atoms; a digest, so that it stays short however deep they nest."""
        text = f"{type(self).__name__} {self.parts}"
        return (f"~{blake2b(text.encode(), digest_size=16).hexdigest()}",)


@dataclass(frozen=True)
class Floor(Opaque):
    """An atom: the floor of a quotient that has no quasi-linear form."""

    numerator: Dim
    divisor: Dim

    @property
    def parts(self) -> tuple[Dim, ...]:
        """Numerator and divisor."""
        return self.numerator, self.divisor

    def evaluate(self, values: Mapping[str, int]) -> int:
        """The quotient where every symbol has a value."""
        return evaluate(self.numerator, values) // evaluate(self.divisor, values)


@dataclass(frozen=True)
class Greatest(Opaque):
    """An atom: the greatest of several sizes, where that depends on the values of their symbols."""

    sizes: frozenset[Dim]

    @property
    def parts(self) -> tuple[Dim, ...]:
        """The sizes, in an order of their own."""
        return tuple(sorted(self.sizes, key=repr))

    def evaluate(self, values: Mapping[str, int]) -> int:
        """The greatest where every symbol has a value."""
        return max(evaluate(size, values) for size in self.sizes)
