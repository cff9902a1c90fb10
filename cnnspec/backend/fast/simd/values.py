# pyright: basic
# llvmlite ships no types: this file and its siblings emitter.py and compiler.py are the typed face of it.
"""Values of the program being emitted. Arithmetic on them writes instructions; numbers are constants."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from llvmlite import ir

I1 = ir.IntType(1)
I32 = ir.IntType(32)
I64 = ir.IntType(64)

_KEPT = 4096
"""Constants and types of each sort that are kept: to write one anew takes longer than an instruction."""


class Word:
    """A 64-bit integer: a count, an index or a byte address. Never negative where it is divided."""

    __slots__ = ("builder", "value")

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder = builder
        self.value = value

    def _other(self, other: Word | int) -> Any:
        return other.value if isinstance(other, Word) else integer(other)

    def _new(self, value: Any) -> Word:
        return Word(self.builder, value)

    def __add__(self, other: Word | int) -> Word:
        return self if other == 0 else self._new(self.builder.add(self.value, self._other(other)))

    def __sub__(self, other: Word | int) -> Word:
        return self if other == 0 else self._new(self.builder.sub(self.value, self._other(other)))

    def __rsub__(self, other: int) -> Word:
        return self._new(self.builder.sub(self._other(other), self.value))

    def __mul__(self, other: Word | int) -> Word:
        return self if other == 1 else self._new(self.builder.mul(self.value, self._other(other)))

    __radd__ = __add__
    __rmul__ = __mul__

    def __floordiv__(self, other: Word | int) -> Word:
        return self if other == 1 else self._new(self.builder.udiv(self.value, self._other(other)))

    def __mod__(self, other: Word | int) -> Word:
        return self._new(self.builder.urem(self.value, self._other(other)))

    def __lt__(self, other: Word | int) -> Mask:
        return Mask(self.builder, self.builder.icmp_signed("<", self.value, self._other(other)))

    def __ge__(self, other: Word | int) -> Mask:
        return Mask(self.builder, self.builder.icmp_signed(">=", self.value, self._other(other)))

    def equals(self, other: Word | int) -> Mask:
        """Whether the two are the same number."""
        return Mask(self.builder, self.builder.icmp_signed("==", self.value, self._other(other)))

    def at_least(self, other: Word | int) -> Word:
        """The greater of the two."""
        return self._new(self.builder.select((self < other).value, self._other(other), self.value))

    def at_most(self, other: Word | int) -> Word:
        """The lesser of the two."""
        return self._new(self.builder.select((self < other).value, self.value, self._other(other)))


class Mask:
    """A condition, or one a lane."""

    __slots__ = ("builder", "value")

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder = builder
        self.value = value

    def __and__(self, other: Mask) -> Mask:
        return Mask(self.builder, self.builder.and_(self.value, other.value))

    def __or__(self, other: Mask) -> Mask:
        return Mask(self.builder, self.builder.or_(self.value, other.value))

    def __invert__(self) -> Mask:
        return Mask(self.builder, self.builder.not_(self.value))

    def choose(self, yes: Vector, no: Vector | float) -> Vector:
        """`yes` in the lanes where the condition holds, `no` in the others."""
        return yes.like(self.builder.select(self.value, yes.value, yes.other(no)))


class Vector:
    """Real numbers side by side, or a single one: the arithmetic is the same."""

    __slots__ = ("builder", "value")

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder = builder
        self.value = value

    def like(self, value: Any) -> Vector:
        """Another vector in the same program."""
        return Vector(self.builder, value)

    def other(self, number: Vector | float) -> Any:
        """The other operand as LLVM wants it: a number is spread over the lanes."""
        return number.value if isinstance(number, Vector) else constant(self.value.type, number)

    def __add__(self, other: Vector | float) -> Vector:
        return self.like(self.builder.fadd(self.value, self.other(other)))

    def __sub__(self, other: Vector | float) -> Vector:
        return self.like(self.builder.fsub(self.value, self.other(other)))

    def __rsub__(self, other: float) -> Vector:
        return self.like(self.builder.fsub(self.other(other), self.value))

    def __mul__(self, other: Vector | float) -> Vector:
        return self.like(self.builder.fmul(self.value, self.other(other)))

    def __truediv__(self, other: Vector | float) -> Vector:
        return self.like(self.builder.fdiv(self.value, self.other(other)))

    def __rtruediv__(self, other: float) -> Vector:
        return self.like(self.builder.fdiv(self.other(other), self.value))

    __radd__ = __add__
    __rmul__ = __mul__

    def __neg__(self) -> Vector:
        return self.like(self.builder.fneg(self.value))

    def __lt__(self, other: Vector | float) -> Mask:
        """False where either is NaN."""
        return Mask(self.builder, self.builder.fcmp_ordered("<", self.value, self.other(other)))

    def __gt__(self, other: Vector | float) -> Mask:
        """False where either is NaN."""
        return Mask(self.builder, self.builder.fcmp_ordered(">", self.value, self.other(other)))

    def same(self, other: Vector | float) -> Mask:
        """Equal, and neither is NaN."""
        return Mask(self.builder, self.builder.fcmp_ordered("==", self.value, self.other(other)))

    def unordered(self, other: Vector) -> Mask:
        """Either is NaN."""
        return Mask(self.builder, self.builder.fcmp_unordered("uno", self.value, other.value))

    def is_nan(self) -> Mask:
        """Not a number."""
        return self.unordered(self)


def constant(kind: Any, number: float) -> Any:
    """A number as a constant of a real or vector type."""
    return _written(kind, float(number).hex())


@lru_cache(_KEPT)
def _written(kind: Any, number: str) -> Any:
    """The same for a number in hexadecimal digits, which tell -0 from 0."""
    value = float.fromhex(number)
    return ir.Constant(kind, [value] * kind.count if isinstance(kind, ir.VectorType) else value)


@lru_cache(_KEPT)
def integer(number: int, kind: Any = I64) -> Any:
    """A whole number as a constant."""
    return ir.Constant(kind, number)


@lru_cache(_KEPT)
def integers(numbers: tuple[int, ...], kind: Any = I32) -> Any:
    """Whole numbers side by side as a constant: the lanes that a shuffle takes, for one."""
    return ir.Constant(ir.VectorType(kind, len(numbers)), list(numbers))


@lru_cache(_KEPT)
def undefined(kind: Any) -> Any:
    """A value that will be overwritten."""
    return ir.Constant(kind, ir.Undefined)


@lru_cache(_KEPT)
def pointer_to(kind: Any) -> Any:
    """The type of the address of a value of a type."""
    return kind.as_pointer()


def total_of(values: Sequence[Vector]) -> Vector:
    """The sum, in the order of the values."""
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total
