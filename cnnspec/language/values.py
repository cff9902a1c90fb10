"""What an expression can mean: numbers, words, lists, tensors, several named tensors, things to apply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING, Final, TypeGuard

from cnnspec.dims import Symbolic, digits, render
from cnnspec.graph import Tensor
from cnnspec.language import ast
from cnnspec.layers.base import Layer
from cnnspec.layers.derivation import factor_text
from cnnspec.layers.spatial import shape_text

if TYPE_CHECKING:
    from cnnspec.language.body import BodyScope
    from cnnspec.language.spec import Unit


class Unknown(Enum):
    """The value of whatever could not be worked out. It was reported once; what depends on it is silent."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN

UNNAMED: Final = "output"
"""The name of an output that was given none."""


@dataclass(frozen=True, slots=True)
class Quotient:
    """A formula over a whole number that is not known to divide: `H/8`, `0.5*width`. Sizes must be whole."""

    numerator: Symbolic
    divisor: int


Number = int | Fraction | Symbolic | Quotient


class Axes(tuple["Value", ...]):
    """One number for every spatial axis. It compares with one number as with that number on every axis."""

    __slots__ = ()

    @property
    def common(self) -> Value:
        """The number, where it is the same along every axis; else itself."""
        return self[0] if self and len(set(self)) == 1 else self


@dataclass(frozen=True, slots=True)
class Claim:
    """One comparison of formulas that holds for some values of their symbols and not for others."""

    left: Number
    operator: str
    right: Number


@dataclass(frozen=True, slots=True)
class Undecided:
    """A truth value that depends on symbols: all `claims` hold, or (None) something less simple."""

    claims: tuple[Claim, ...] | None
    symbols: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class Outputs:
    """What a block with several outputs gives: tensors by name, in order."""

    block: str
    named: Mapping[str, Tensor | Unknown]

    @property
    def main(self) -> Tensor | Unknown | None:
        """The one that is meant where the name of none is said: the only one, or the unnamed one."""
        if len(self.named) == 1:
            return next(iter(self.named.values()))
        return self.named.get(UNNAMED)


@dataclass(frozen=True, slots=True)
class LayerWord:
    """A layer of the language, not yet applied."""

    word: str
    layer: type[Layer]


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A block, with the file whose names its body sees."""

    definition: ast.Definition
    unit: Unit


@dataclass(frozen=True, slots=True)
class Function:
    """A function on numbers: `floor`, `max`, `divisible`."""

    name: str


@dataclass(slots=True)
class Sharing:
    """The one set of weights of a `layer`: its path, their owner, and how often it was applied."""

    path: str
    owner: str
    uses: int = 0

    def next_paths(self) -> tuple[str, str]:
        """The paths of one more application: `enc`, `enc.1`, `enc.2`."""
        path = f"{self.path}.{self.uses}" if self.uses else self.path
        self.uses += 1
        return path, self.owner


@dataclass(frozen=True, slots=True, eq=False)
class Transformation:
    """A layer, block or pipeline given as a value, to be applied wherever it stands.

    Names in it mean what they meant where it was written (`scope`). With `sharing` it has one set of weights.
    """

    expression: ast.Expression
    scope: BodyScope
    name: str
    sharing: Sharing | None = field(default=None)


Callable = LayerWord | Block | Function | Transformation

Value = Number | bool | str | tuple["Value", ...] | Tensor | Outputs | Undecided | Callable | Unknown


def is_known(value: Value) -> bool:
    """Whether a value, and everything in it if it is a list, is known."""
    return all(map(is_known, value)) if isinstance(value, tuple) else not isinstance(value, Unknown)


def is_number(value: object) -> TypeGuard[Number]:
    """Whether a value is a number or a formula (true and false are not)."""
    return isinstance(value, int | Fraction | Symbolic | Quotient) and not isinstance(value, bool)


def show(value: Value) -> str:  # noqa: PLR0911 - one line a kind of value
    """A value as one would write it."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | Symbolic():
            return render(value)
        case Fraction():
            return show_fraction(value)
        case Quotient():
            return f"{factor_text(value.numerator)}/{value.divisor}"
        case str():
            return value
        case Axes() if value.common is not value:
            return show(value.common)
        case tuple():
            return "[" + ", ".join(map(show, value)) + "]"
        case Transformation():
            return value.expression.span.text
        case _:
            return describe(value)


MOST_DECIMAL = 10**300
"""Larger fractions are beyond the numbers that are shown as decimals."""


def show_fraction(value: Fraction) -> str:
    """`0.5` where the decimal is short and exact, `1/3` where it is not."""
    if abs(value) < MOST_DECIMAL:
        decimal = f"{float(value):.6g}"
        if Fraction(decimal) == value:
            return decimal
    return f"{digits(value.numerator)}/{digits(value.denominator)}"


def describe(value: Value) -> str:  # noqa: PLR0911 - one line a kind of value
    """What sort of thing a value is, in the words of an error: "the number 3", "a tensor [64, 56, 56]"."""
    match value:
        case Tensor():
            return f"a tensor {shape_text(value.shape)}"
        case Outputs():
            return f"the {len(value.named)} tensors of `{value.block}`"
        case bool():
            return f"`{show(value)}`"
        case str():
            return f"the word `{value}`"
        case tuple():
            return f"the list {show(value)}"
        case LayerWord():
            return f"the layer `{value.word}`"
        case Block():
            return f"the block `{value.definition.name}`"
        case Function():
            return f"the function `{value.name}`"
        case Transformation():
            return f"the layer `{value.name}`"
        case Undecided():
            return "a condition on symbols"
        case Unknown():
            return "something unknown"
        case _:
            return f"the number {show(value)}"
