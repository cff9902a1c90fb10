"""What a layer's arguments may be: one `Kind` a sort of value, which checks it and says it in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, field, fields
from fractions import Fraction
from typing import Any, cast

from cnnspec.dims import Dim, Symbolic, digits, render

MAX_SHOWN = 8
"""How many entries of a tuple a message shows."""

MAX_PARTS = 4096
"""The most tensors one may be cut into."""

PerAxis = Dim | tuple[Dim, ...]
"""One size for every spatial axis, or one an axis."""

Sides = Dim | tuple[Dim | tuple[Dim, Dim], ...]
"""One amount for every side, one an axis, or a (before, after) pair an axis."""

Parts = int | tuple[Dim, ...]
"""How many equal parts, or the size of each."""

Padding = str | Sides
"""`"same"`, `"valid"`, or amounts."""


class ArgumentProblem(Exception):  # noqa: N818 - becomes a diagnostic, is not an error of the program
    """A value does not fit its parameter. `message` completes "`kernel` …": "must be at least 1, not 0"."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of argument: `accept` returns the checked value or raises `ArgumentProblem`.

    `least` is the least number it accepts; a symbol is accepted, and must be that great when it has a value.
    """

    words: str
    accept: Callable[[object], object]
    choices: tuple[str, ...] = ()
    least: int | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a layer, as the signature, the completion and the docs show it."""

    name: str
    kind: Kind
    doc: str
    required: bool
    default: object


def arg(kind: Kind, doc: str, default: object = MISSING) -> Any:
    """A dataclass field that is a parameter of the layer."""
    metadata = {"kind": kind, "doc": doc}
    if default is MISSING:
        return field(metadata=metadata)
    return field(default=default, metadata=metadata)


def signature(layer: type) -> tuple[Parameter, ...]:
    """The parameters of a layer class in the order in which they may be given by position."""
    return tuple(_parameter(f) for f in fields(layer) if "kind" in f.metadata)


def _parameter(f: Field[object]) -> Parameter:
    required = f.default is MISSING
    return Parameter(f.name, f.metadata["kind"], f.metadata["doc"], required, None if required else f.default)


def _whole(value: object, least: int) -> Dim:
    if isinstance(value, Symbolic):
        return value
    if isinstance(value, Fraction) and value.denominator != 1:
        raise ArgumentProblem(f"must be a whole number, not {float(value):g}")
    if isinstance(value, bool) or not isinstance(value, int | Fraction):
        raise ArgumentProblem(f"must be a whole number, not {describe(value)}")
    if value < least:
        raise ArgumentProblem(f"must be at least {least}, not {describe(value)}")
    return int(value)


def entries(value: object) -> tuple[object, ...] | None:
    """The entries of a tuple, which are not checked yet; None for any other value."""
    return cast("tuple[object, ...]", value) if isinstance(value, tuple) else None


def describe(value: object) -> str:
    """A value in the words of the language."""
    each = entries(value)
    if each is not None:
        shown = [describe(item) for item in each[:MAX_SHOWN]]
        return "(" + ", ".join([*shown, "…"] if len(each) > MAX_SHOWN else shown) + ")"
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f"`{value}`"
        case Fraction():
            return f"{float(value):g}"
        case int() | Symbolic():
            return digits(value) if isinstance(value, int) else render(value)
        case _:
            return str(value)


def _count(value: object) -> Dim:
    return _whole(value, 1)


def _amount(value: object) -> Dim:
    return _whole(value, 0)


def _per_axis(least: int) -> Callable[[object], PerAxis]:
    def accept(value: object) -> PerAxis:
        each = entries(value)
        return _whole(value, least) if each is None else tuple(_whole(item, least) for item in _some(each))

    return accept


def _padding(value: object) -> Padding:
    if isinstance(value, str):
        if value not in ("same", "valid"):
            raise ArgumentProblem(f"must be `same`, `valid` or amounts, not `{value}`")
        return value
    return _sides(value)


def _sides(value: object) -> Sides:
    each = entries(value)
    return _whole(value, 0) if each is None else tuple(_pad_of_axis(item) for item in _some(each))


def _some(each: tuple[object, ...]) -> tuple[object, ...]:
    if not each:
        raise ArgumentProblem("needs one value an axis, not ()")
    return each


def _pad_of_axis(item: object) -> Dim | tuple[Dim, Dim]:
    pair = entries(item)
    if pair is None:
        return _whole(item, 0)
    if len(pair) != 2:
        raise ArgumentProblem(f"takes (before, after) an axis, not {describe(pair)}")
    return _whole(pair[0], 0), _whole(pair[1], 0)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ArgumentProblem(f"must be true or false, not {describe(value)}")
    return value


def _real(value: object) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, int | Fraction):
        raise ArgumentProblem(f"must be a number, not {describe(value)}")
    return Fraction(value)


def _probability(value: object) -> Fraction:
    number = _real(value)
    if not 0 <= number < 1:
        raise ArgumentProblem(f"must be at least 0 and less than 1, not {float(number):g}")
    return number


def choice(*words: str) -> Kind:
    """One of a few words."""

    def accept(value: object) -> str:
        if value not in words:
            allowed = " or ".join(f"`{word}`" for word in words)
            raise ArgumentProblem(f"must be {allowed}, not {describe(value)}")
        return str(value)

    return Kind(" or ".join(words), accept, words)


def _shape(value: object) -> tuple[Dim, ...]:
    each = entries(value)
    return tuple(_whole(item, 1) for item in ((value,) if each is None else _some(each)))


def _order(value: object) -> tuple[int, ...]:
    each = entries(value)
    order = tuple(_whole(item, 0) for item in each or ())
    if not order or any(isinstance(axis, Symbolic) for axis in order):
        raise ArgumentProblem(
            f"must list the axes in their new order, such as (0, 2, 1), not {describe(value)}"
        )
    return tuple(axis for axis in order if isinstance(axis, int))


def _number_of_parts(value: object) -> int:
    number = _whole(value, 1)
    if isinstance(number, Symbolic):
        raise ArgumentProblem(f"must be a known number, not {render(number)}")
    if number > MAX_PARTS:
        raise ArgumentProblem(f"must be at most {MAX_PARTS:,}, not {digits(number, grouped=True)}")
    return number


def _parts(value: object) -> Parts:
    each = entries(value)
    if each is None:
        return _number_of_parts(value)
    _number_of_parts(len(_some(each)))
    return tuple(_whole(item, 1) for item in each)


_SIDES = "an amount, or one or a (before, after) pair an axis"

COUNT = Kind("a whole number, at least 1", _count, least=1)
AMOUNT = Kind("a whole number, at least 0", _amount, least=0)
PER_AXIS = Kind("a size, or one an axis", _per_axis(1), least=1)
AMOUNT_PER_AXIS = Kind("an amount, or one an axis", _per_axis(0), least=0)
PADDING = Kind(f"`same`, `valid`, {_SIDES}", _padding, ("same", "valid"), least=0)
SIDES = Kind(_SIDES, _sides, least=0)
SHAPE = Kind("sizes, such as (64, 7, 7)", _shape, least=1)
ORDER = Kind("the axes in their new order, such as (0, 2, 1)", _order)
NUMBER_OF_PARTS = Kind("a known number of parts", _number_of_parts, least=1)
PARTS = Kind("how many equal parts, or the size of each", _parts, least=1)
FLAG = Kind("true or false", _flag)
REAL = Kind("a number", _real)
PROBABILITY = Kind("a probability below 1", _probability)
