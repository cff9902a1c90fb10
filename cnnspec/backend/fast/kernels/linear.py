"""Linear layers in training, on weights `(out, in)` as people see them.

The weights of a linear layer are many and used once a sample, so packing them anew for every step would
cost more than the products. Here each weight is read once for a few samples, row by row, in the order in
which it lies in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from cnnspec.backend.fast.kernels.epilogue import Epilogue
from cnnspec.backend.fast.kernels.tiles import evenly, runs
from cnnspec.backend.fast.layout import Place
from cnnspec.backend.fast.simd.emitter import Emitter
from cnnspec.backend.fast.simd.values import Mask, Vector, Word

_RANGE = 32
"""Vectors of inputs whose gradients one task sums: a few kilobytes a sample."""

_ROWS = 4
"""Rows of weights that are read side by side where gradients are summed in memory."""


@dataclass(frozen=True, slots=True)
class _Linear:
    """What the three kernels share. The places are of maps of one position, perhaps with a halo around it.

    Samples lie `batch` apart and vectors `block`; those of the target follow each other.
    """

    samples: int
    inputs: int
    outputs: int
    source: Place
    target: Place

    def _row(self, e: Emitter, weights: Word, row: Word) -> Word:
        return weights + row * (e.bytes * self.inputs)

    def _ends(self, e: Emitter) -> tuple[int, Mask | None]:
        """How many whole vectors a row of weights is, and the lanes of what is left."""
        whole, rest = divmod(self.inputs, e.lanes)
        return whole, e.first_lanes(rest) if rest else None


@dataclass(frozen=True, slots=True)
class LinearForward(_Linear):
    """Buffers: source, weights, bias, target. `activation(x Wᵀ + b)`; the bias is padded to whole blocks."""

    buffers: ClassVar[int] = 4
    accumulators: int
    epilogue: Epilogue

    @property
    def tasks(self) -> int:
        """One a block of outputs."""
        return -(-self.outputs // self.target.pixel[2])

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """One block of outputs: the products lane by lane, then bias and activation."""
        first = task * e.lanes
        together = max(1, min(self.samples, 6))
        rows = max(1, self.accumulators // together)
        left = (e.word(self.outputs) - first).at_most(e.lanes)
        for start, size, many in runs(evenly(e.lanes, min(rows, e.lanes))):
            with e.loop(0, many) as index:
                row = index * size + start
                with e.when(row < left):
                    self._rows(e, buffers, first + row, (left - row).at_most(size), size)
        for sample in range(self.samples) if self.samples <= 8 else ():
            self._finish(e, buffers, task, e.word(sample))
        if self.samples > 8:
            with e.loop(0, self.samples) as sample:
                self._finish(e, buffers, task, sample)

    def _rows(self, e: Emitter, buffers: Sequence[Word], first: Word, left: Word, size: int) -> None:
        """`size` rows of weights, of which `left` exist (the others repeat the last), for all samples."""
        rows = [self._row(e, buffers[1], first + (left - 1).at_most(k)) for k in range(size)]
        for start, count, many in runs(evenly(self.samples, 6)):
            with e.loop(0, many) as index:
                sample = index * count + start
                x = buffers[0] + e.bytes * (sample * self.source.batch + self.source.offset)
                sums = self._sums(e, x, rows, count)
                y = buffers[3] + e.bytes * (sample * self.target.batch + first + self.target.offset)
                for position, value in enumerate(sums):
                    k, n = divmod(position, count)
                    with e.when(left >= k + 1):
                        e.store_scalar(e.total(value), y, n * self.target.batch + k)

    def _sums(self, e: Emitter, x: Word, rows: list[Word], count: int) -> list[Vector]:
        def products(vector: Word, sums: list[Vector], mask: Mask | None = None) -> list[Vector]:
            at, there = vector * (e.bytes * e.lanes), x + vector * (e.bytes * self.source.block)
            numbers = [e.load(there, n * self.source.batch) for n in range(count)]
            following: list[Vector] = []
            for k, row in enumerate(rows):
                weight = e.load_masked(row + at, mask) if mask else e.load(row + at)
                following += [e.fma(weight, numbers[n], sums[k * count + n]) for n in range(count)]
            return following

        whole, mask = self._ends(e)
        sums = [e.vector(0.0)] * (len(rows) * count)
        sums = e.gather_up(0, whole, sums, products)
        return products(e.word(whole), sums, mask) if mask else sums

    def _finish(self, e: Emitter, buffers: Sequence[Word], task: Word, sample: Word) -> None:
        block = task * (e.bytes * e.lanes)
        y = buffers[3] + block + e.bytes * (sample * self.target.batch + self.target.offset)
        exists = e.first_lanes(e.word(self.outputs) - task * e.lanes)
        value = exists.choose(e.load(y), 0.0)
        if self.epilogue.bias:
            value = value + e.load(buffers[2] + block)
        e.store(self.epilogue.apply(e, value, None, None), y)


@dataclass(frozen=True, slots=True)
class LinearDataGradient(_Linear):
    """Buffers: gradient of outputs (`target`), weights, gradient of inputs (`source`), addend, gate."""

    buffers: ClassVar[int] = 5
    epilogue: Epilogue

    @property
    def tasks(self) -> int:
        """One a range of inputs."""
        return -(-self._vectors // _RANGE)

    @property
    def _vectors(self) -> int:
        return -(-self.inputs // self.source.pixel[2])

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """Rows of weights are added to the gradients, each times the gradient of its output."""
        first = task * _RANGE
        last = (first + _RANGE).at_most(self._vectors)
        with e.loop(0, self.samples) as sample, e.loop(first, last) as vector:
            e.store(e.vector(0.0), self._at(e, buffers[2], self.source, sample, vector))
        rows = self.outputs // _ROWS
        with e.loop(0, rows) as row:
            self._add(e, buffers, row * _ROWS, _ROWS, (first, last))
        with e.loop(rows * _ROWS, self.outputs) as row:
            self._add(e, buffers, row, 1, (first, last))
        if self.epilogue != Epilogue():
            with e.loop(0, self.samples) as sample, e.loop(first, last) as vector:
                self._finish(e, buffers, sample, vector)

    def _at(self, e: Emitter, buffer: Word, place: Place, sample: Word, vector: Word) -> Word:
        return buffer + e.bytes * (sample * place.batch + vector * place.block + place.offset)

    def _add(
        self, e: Emitter, buffers: Sequence[Word], row: Word, count: int, span: tuple[Word, Word]
    ) -> None:
        whole, mask = self._ends(e)
        start = self._row(e, buffers[1], row)
        dy = buffers[0] + e.bytes * (row + self.target.offset)

        def one(vector: Word, mask: Mask | None) -> None:
            weights = [start + vector * (e.bytes * e.lanes) + k * e.bytes * self.inputs for k in range(count)]
            numbers = [e.load_masked(at, mask) if mask else e.load(at) for at in weights]
            with e.loop(0, self.samples) as sample:
                into = self._at(e, buffers[2], self.source, sample, vector)
                total = e.load(into)
                gradient = dy + sample * (e.bytes * self.target.batch)
                for k, number in enumerate(numbers):
                    total = e.fma(number, e.broadcast(gradient, k), total)
                e.store(total, into)

        with e.loop(span[0], span[1].at_most(whole)) as vector:
            one(vector, None)
        if mask:
            with e.when(span[1] >= whole + 1):
                one(e.word(whole), mask)

    def _finish(self, e: Emitter, buffers: Sequence[Word], sample: Word, vector: Word) -> None:
        def operand(buffer: Word, place: Place | None) -> tuple[Word, int] | None:
            return (self._at(e, buffer, place, sample, vector), 0) if place else None

        into = self._at(e, buffers[2], self.source, sample, vector)
        addend, gate = operand(buffers[3], self.epilogue.addend), operand(buffers[4], self.epilogue.gate)
        e.store(self.epilogue.apply(e, e.load(into), addend, gate), into)


@dataclass(frozen=True, slots=True)
class LinearWeightGradient(_Linear):
    """Buffers: source, gradient of the outputs (at `target`), gradient of the weights."""

    buffers: ClassVar[int] = 3

    @property
    def tasks(self) -> int:
        """One for some rows."""
        return -(-self.outputs // _ROWS)

    def emit(self, e: Emitter, buffers: Sequence[Word], task: Word) -> None:
        """Some rows, some vectors at a time, summed over the samples."""
        for condition, rows in self._parts(task):
            with e.when(condition):
                self._rows(e, buffers, task * _ROWS, rows)

    def _parts(self, task: Word) -> Iterator[tuple[Mask, int]]:
        rest = self.outputs % _ROWS
        yield task < self.outputs // _ROWS, _ROWS
        if rest:
            yield task >= self.outputs // _ROWS, rest

    def _rows(self, e: Emitter, buffers: Sequence[Word], row: Word, count: int) -> None:
        whole, mask = self._ends(e)
        together = max(k for k in (6, 5, 4, 3, 2, 1) if whole % k == 0) if whole else 1
        with e.loop(0, whole // together) as part:
            self._vectors_of(e, buffers, row, count, part * together, [None] * together)
        if mask:
            self._vectors_of(e, buffers, row, count, e.word(whole), [mask])

    def _vectors_of(
        self,
        e: Emitter,
        buffers: Sequence[Word],
        row: Word,
        count: int,
        vector: Word,
        masks: list[Mask | None],
    ) -> None:
        x = buffers[0] + e.bytes * (vector * self.source.block + self.source.offset)
        dy = buffers[1] + e.bytes * (row + self.target.offset)

        def over_samples(sample: Word, sums: list[Vector]) -> list[Vector]:
            from_x = x + sample * (e.bytes * self.source.batch)
            from_dy = dy + sample * (e.bytes * self.target.batch)
            numbers = [e.load(from_x, k * self.source.block) for k in range(len(masks))]
            following: list[Vector] = []
            for k in range(count):
                gradient = e.broadcast(from_dy, k)
                first = k * len(masks)
                following += [e.fma(n, gradient, sums[first + i]) for i, n in enumerate(numbers)]
            return following

        sums = e.fold(self.samples, [e.vector(0.0)] * (count * len(masks)), over_samples)
        for position, value in enumerate(sums):
            k, i = divmod(position, len(masks))
            into = self._row(e, buffers[2], row + k) + (vector + i) * (e.bytes * e.lanes)
            mask = masks[i]
            if mask:
                e.store_masked(value, into, mask)
            else:
                e.store(value, into)
