# pyright: basic
# llvmlite ships no types: see values.py.
"""Writes one function of LLVM: loops, loads, stores and what arithmetic alone does not say.

Addresses are byte addresses; offsets beside them are literals counted in numbers, so that a whole register
tile shares one address and its loads carry the rest in their displacement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from llvmlite import ir

from cnnspec.backend.fast.simd.target import Real, Target
from cnnspec.backend.fast.simd.values import (
    I32,
    I64,
    Mask,
    Vector,
    Word,
    constant,
    integer,
    integers,
    pointer_to,
    undefined,
)


class Emitter:
    """The instructions of one function, in the order in which they are asked for."""

    def __init__(self, builder: Any, target: Target, real: Real) -> None:
        self.builder = builder
        self.target = target
        self.real = real
        self.lanes = target.lanes(real)
        self.bytes = real.bytes
        self.scalar_type = ir.FloatType() if real is Real.FLOAT32 else ir.DoubleType()
        self.vector_type = ir.VectorType(self.scalar_type, self.lanes)

    # Constants -------------------------------------------------------------------------------------------

    def word(self, number: int) -> Word:
        """An integer constant."""
        return Word(self.builder, integer(number))

    def vector(self, number: float) -> Vector:
        """A number in every lane."""
        return Vector(self.builder, constant(self.vector_type, number))

    def scalar(self, number: float) -> Vector:
        """A single number."""
        return Vector(self.builder, constant(self.scalar_type, number))

    # Memory ----------------------------------------------------------------------------------------------

    def _pointer(self, address: Word, offset: int, kind: Any) -> Any:
        return self.builder.inttoptr((address + offset * self.bytes).value, pointer_to(kind))

    def load(self, address: Word, offset: int = 0) -> Vector:
        """The vector at an address."""
        pointer = self._pointer(address, offset, self.vector_type)
        return Vector(self.builder, self.builder.load(pointer, align=self.bytes))

    def store(self, vector: Vector, address: Word, offset: int = 0) -> None:
        """Write a vector."""
        self.builder.store(vector.value, self._pointer(address, offset, self.vector_type), align=self.bytes)

    def load_scalar(self, address: Word, offset: int = 0) -> Vector:
        """The single number at an address."""
        pointer = self._pointer(address, offset, self.scalar_type)
        return Vector(self.builder, self.builder.load(pointer, align=self.bytes))

    def store_scalar(self, scalar: Vector, address: Word, offset: int = 0) -> None:
        """Write a single number."""
        self.builder.store(scalar.value, self._pointer(address, offset, self.scalar_type), align=self.bytes)

    def load_word(self, address: Word, index: int = 0) -> Word:
        """The `index`-th 64-bit integer from an address."""
        pointer = self.builder.inttoptr((address + 8 * index).value, pointer_to(I64))
        return Word(self.builder, self.builder.load(pointer, align=8))

    def broadcast(self, address: Word, offset: int = 0) -> Vector:
        """The number at an address, in every lane."""
        return self.spread(self.load_scalar(address, offset))

    def prefetch(self, address: Word, offset: int = 0) -> None:
        """Let the cache line at an address be on its way; nothing need be there."""
        pointer = self._pointer(address, offset, ir.IntType(8))
        function = self._declared("llvm.prefetch.p0", ir.VoidType(), [pointer.type, I32, I32, I32])
        read, into_all_caches, numbers = (integer(k, I32) for k in (0, 3, 1))
        self.builder.call(function, [pointer, read, into_all_caches, numbers])

    def first_lanes(self, count: int | Word) -> Mask:
        """True in the first `count` lanes."""
        numbers = integers(tuple(range(self.lanes)), I64)
        limit = self.word(count) if isinstance(count, int) else count
        limits = self._in_every_lane(limit.value, ir.VectorType(I64, self.lanes))
        return Mask(self.builder, self.builder.icmp_signed("<", numbers, limits))

    def in_any_lane(self, mask: Mask) -> Mask:
        """Whether a condition holds in some lane."""
        bits = ir.IntType(mask.value.type.count)
        return Mask(
            self.builder, self.builder.icmp_unsigned("!=", self.builder.bitcast(mask.value, bits), bits(0))
        )

    def load_masked(self, address: Word, mask: Mask) -> Vector:
        """The vector at an address; lanes where the mask is false are not read and give 0."""
        pointer = self._pointer(address, 0, self.vector_type)
        kinds = [pointer.type, I32, mask.value.type, self.vector_type]
        function = self._declared(f"llvm.masked.load.{self._suffix}.p0", self.vector_type, kinds)
        zero, align = constant(self.vector_type, 0.0), integer(self.bytes, I32)
        return Vector(self.builder, self.builder.call(function, [pointer, align, mask.value, zero]))

    def store_masked(self, vector: Vector, address: Word, mask: Mask) -> None:
        """Write the lanes where the mask is true and touch no other memory."""
        pointer = self._pointer(address, 0, self.vector_type)
        kinds = [self.vector_type, pointer.type, I32, mask.value.type]
        function = self._declared(f"llvm.masked.store.{self._suffix}.p0", ir.VoidType(), kinds)
        self.builder.call(function, [vector.value, pointer, integer(self.bytes, I32), mask.value])

    def gather(self, address: Word, stride: int, count: int | None = None) -> Vector:
        """The first `count` lanes from numbers `stride` apart; the other lanes are 0."""
        count = self.lanes if count is None else count
        if stride == 1:
            return self.load_masked(address, self.first_lanes(count))
        if stride == 2 and count > 1:
            return self._every_second(address, count)
        value = constant(self.vector_type, 0.0)
        for lane in range(count):
            number = self.load_scalar(address, lane * stride)
            value = self.builder.insert_element(value, number.value, integer(lane, I32))
        return Vector(self.builder, value)

    def _every_second(self, address: Word, count: int) -> Vector:
        """The numbers 0, 2, 4, … from an address, no number after the last of `count` being read."""
        first, second = min(2 * count - 1, self.lanes), max(2 * count - 1 - self.lanes, 0)
        low = self.load_masked(address, self.first_lanes(first)).value
        past = address + self.lanes * self.bytes
        high = self.load_masked(past, self.first_lanes(second)) if second else self.vector(0.0)
        mask = integers(tuple(2 * lane for lane in range(self.lanes)))
        return Vector(self.builder, self.builder.shuffle_vector(low, high.value, mask))

    def scratch(self, numbers: int) -> Word:
        """The address of space on the stack, aligned to a vector. Ask once, at the head of the function."""
        entry = self.builder.function.entry_basic_block
        with self.builder.goto_block(entry):
            if entry.instructions:
                self.builder.position_at_start(entry)
            room = self.builder.alloca(self.scalar_type, numbers)
            room.align = self.target.vector_bytes
            address = self.builder.ptrtoint(room, I64)
        return Word(self.builder, address)

    # Vectors ---------------------------------------------------------------------------------------------

    def spread(self, scalar: Vector) -> Vector:
        """A single number in every lane."""
        return Vector(self.builder, self._in_every_lane(scalar.value, self.vector_type))

    def _in_every_lane(self, value: Any, kind: Any) -> Any:
        first = self.builder.insert_element(undefined(kind), value, integer(0, I32))
        return self.builder.shuffle_vector(first, undefined(kind), integers((0,) * self.lanes))

    def transposed(self, rows: Sequence[Vector]) -> list[Vector]:
        """As many vectors as there are lanes, the k-th of the k-th lanes of all."""
        values = [row.value for row in rows]
        lanes = range(self.lanes)
        step = self.lanes // 2
        while step:
            kept = integers(tuple(lane if lane & step == 0 else self.lanes + lane - step for lane in lanes))
            moved = integers(tuple(lane + step if lane & step == 0 else self.lanes + lane for lane in lanes))
            for index in lanes:
                if index & step == 0:
                    pair = values[index], values[index + step]
                    values[index], values[index + step] = (
                        self.builder.shuffle_vector(*pair, mask) for mask in (kept, moved)
                    )
            step //= 2
        return [Vector(self.builder, value) for value in values]

    def total(self, vector: Vector) -> Vector:
        """The sum of the lanes, in the same order every time: halves are added until one is left."""
        value, width = vector.value, self.lanes
        while width > 1:
            width //= 2
            low, high = (
                self.builder.shuffle_vector(value, value, integers(tuple(range(k, k + width))))
                for k in (0, width)
            )
            value = self.builder.fadd(low, high)
        return Vector(self.builder, self.builder.extract_element(value, integer(0, I32)))

    def _intrinsic(self, name: str, *operands: Vector) -> Vector:
        values = [operand.value for operand in operands]
        kind = values[0].type
        suffix = self._suffix if isinstance(kind, ir.VectorType) else f"f{8 * self.bytes}"
        function = self._declared(f"llvm.{name}.{suffix}", kind, [kind] * len(values))
        return Vector(self.builder, self.builder.call(function, values))

    @property
    def _suffix(self) -> str:
        return f"v{self.lanes}f{8 * self.bytes}"

    def _declared(self, name: str, result: Any, arguments: Sequence[Any]) -> Any:
        found = self.builder.module.globals.get(name)
        return found or ir.Function(self.builder.module, ir.FunctionType(result, arguments), name=name)

    def fma(self, left: Vector, right: Vector | float, plus: Vector | float) -> Vector:
        """`left * right + plus`, rounded once."""
        wrapped = [v if isinstance(v, Vector) else left.like(left.other(v)) for v in (right, plus)]
        return self._intrinsic("fma", left, *wrapped)

    def sqrt(self, vector: Vector) -> Vector:
        """The square root."""
        return self._intrinsic("sqrt", vector)

    def absolute(self, vector: Vector) -> Vector:
        """The magnitude."""
        return self._intrinsic("fabs", vector)

    def floor(self, vector: Vector) -> Vector:
        """The greatest whole number not above."""
        return self._intrinsic("floor", vector)

    def real_of(self, word: Word) -> Vector:
        """A whole number as a single real one."""
        return Vector(self.builder, self.builder.sitofp(word.value, self.scalar_type))

    def times_two_to(self, vector: Vector, power: Vector) -> Vector:
        """`vector * 2**power` for whole powers within the normal exponents."""
        bits = 32 if self.real is Real.FLOAT32 else 64
        mantissa, bias = (23, 127) if bits == 32 else (52, 1023)
        whole = ir.VectorType(ir.IntType(bits), self.lanes)
        exponent = self.builder.fptosi(power.value, whole)
        biased = self.builder.add(exponent, integers((bias,) * self.lanes, whole.element))
        shifted = self.builder.shl(biased, integers((mantissa,) * self.lanes, whole.element))
        return vector * Vector(self.builder, self.builder.bitcast(shifted, self.vector_type))

    # Control ---------------------------------------------------------------------------------------------

    @contextmanager
    def loop(self, start: Word | int, stop: Word | int) -> Iterator[Word]:
        """The statements inside run for every index from `start` below `stop` (perhaps none)."""
        first = self.word(start) if isinstance(start, int) else start
        last = self.word(stop) if isinstance(stop, int) else stop
        builder = self.builder
        before = builder.block
        head, body, after = (builder.append_basic_block(f"loop.{part}") for part in ("head", "body", "after"))
        builder.branch(head)
        builder.position_at_end(head)
        index = builder.phi(I64)
        index.add_incoming(first.value, before)
        builder.cbranch(builder.icmp_signed("<", index, last.value), body, after)
        builder.position_at_end(body)
        yield Word(builder, index)
        index.add_incoming(builder.add(index, integer(1)), builder.block)
        builder.branch(head)
        builder.position_at_end(after)

    def fold(
        self,
        count: int | Word,
        initial: Sequence[Vector],
        body: Callable[[Word, list[Vector]], Sequence[Vector]],
    ) -> list[Vector]:
        """Run `body(index, values)` `count >= 1` times, its results being the next round's values."""
        if count == 1:
            return list(body(self.word(0), list(initial)))
        limit = self.word(count) if isinstance(count, int) else count
        builder = self.builder
        before = builder.block
        head, after = builder.append_basic_block("fold.body"), builder.append_basic_block("fold.after")
        builder.branch(head)
        builder.position_at_end(head)
        index = builder.phi(I64)
        index.add_incoming(integer(0), before)
        carried = [builder.phi(value.value.type) for value in initial]
        for phi, value in zip(carried, initial, strict=True):
            phi.add_incoming(value.value, before)
        results = body(Word(builder, index), [Vector(builder, phi) for phi in carried])
        following = builder.add(index, integer(1))
        index.add_incoming(following, builder.block)
        for phi, value in zip(carried, results, strict=True):
            phi.add_incoming(value.value, builder.block)
        builder.cbranch(builder.icmp_signed("<", following, limit.value), head, after)
        builder.position_at_end(after)
        return list(results)

    def gather_up(
        self,
        start: Word | int,
        stop: Word | int,
        initial: Sequence[Vector],
        body: Callable[[Word, list[Vector]], Sequence[Vector]],
    ) -> list[Vector]:
        """As `fold`, for every index from `start` below `stop`, perhaps none."""
        first = self.word(start) if isinstance(start, int) else start
        last = self.word(stop) if isinstance(stop, int) else stop
        builder = self.builder
        before = builder.block
        head, inside, after = (
            builder.append_basic_block(f"gather.{part}") for part in ("head", "body", "after")
        )
        builder.branch(head)
        builder.position_at_end(head)
        index = builder.phi(I64)
        index.add_incoming(first.value, before)
        carried = [builder.phi(value.value.type) for value in initial]
        for phi, value in zip(carried, initial, strict=True):
            phi.add_incoming(value.value, before)
        builder.cbranch(builder.icmp_signed("<", index, last.value), inside, after)
        builder.position_at_end(inside)
        results = body(Word(builder, index), [Vector(builder, phi) for phi in carried])
        index.add_incoming(builder.add(index, integer(1)), builder.block)
        for phi, value in zip(carried, results, strict=True):
            phi.add_incoming(value.value, builder.block)
        builder.branch(head)
        builder.position_at_end(after)
        return [Vector(builder, phi) for phi in carried]

    @contextmanager
    def when(self, condition: Mask) -> Iterator[None]:
        """The statements inside run only where a single condition holds."""
        with self.builder.if_then(condition.value):
            yield

    def call(self, address: Word, *arguments: Word) -> None:
        """Call the function at an address; it takes and returns integers only."""
        kind = ir.FunctionType(ir.VoidType(), [I64] * len(arguments))
        function = self.builder.inttoptr(address.value, kind.as_pointer())
        self.builder.call(function, [argument.value for argument in arguments])
