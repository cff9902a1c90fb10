"""Every point of a box of whole numbers at which comparisons hold: branch and prune, best boxes first.

A box is halved along its longest side until the ranges of the formulas decide it: a box in which something
must be missed is put aside, one in which everything surely holds is taken whole. Boxes wait in the order of
what is missed in them at least, so that where nothing holds the first point to come up misses least.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from heapq import heappop, heappush
from itertools import product

from cnnspec.analysis.wanted import Wanted

MAX_BOXES = 50_000
"""How many boxes are looked at."""

MAX_POINTS = 20_000
"""How many solutions are listed."""

Point = dict[str, int]
Sides = Mapping[str, tuple[int, int]]


class SearchLimitError(ArithmeticError):
    """A search would go on for longer than one of the limits; the message says which."""


@dataclass(frozen=True)
class Near:
    """A point at which every layer is possible, and by how much the expectations are missed there."""

    miss: Fraction
    point: Point


@dataclass(frozen=True)
class Problem:
    """What is sought: `needed` must hold for there to be a net at all, `wanted` is what is expected of it."""

    sides: Sides
    needed: Sequence[Wanted]
    wanted: Sequence[Wanted]
    at_least: Mapping[str, int]


@dataclass(order=True)
class _Box:
    """A part of the box, with the comparisons that are not decided in it; of equals the latest is first."""

    miss: Fraction
    order: int
    sides: Sides = field(compare=False)
    needed: Sequence[Wanted] = field(compare=False)
    wanted: Sequence[Wanted] = field(compare=False)


@dataclass
class Search:
    """One search; `boxes` counts what it has looked at."""

    problem: Problem
    boxes: int = 0
    waiting: list[_Box] = field(default_factory=list[_Box])

    def points(self) -> Iterator[Near]:
        """First all points at which everything holds, then the others, those that miss least first.

        Raises SearchLimitError.
        """
        self._look_at(self.problem.sides, self.problem.needed, self.problem.wanted)
        while self.waiting:
            box = heappop(self.waiting)
            if not box.needed and not box.wanted:
                yield from (Near(box.miss, point) for point in _points(box.sides))
                continue
            for sides in _halves(box):
                self._look_at(sides, box.needed, box.wanted)

    def _look_at(self, sides: Sides, needed: Sequence[Wanted], wanted: Sequence[Wanted]) -> None:
        self.boxes += 1
        if self.boxes > MAX_BOXES:
            raise SearchLimitError(f"more than {MAX_BOXES:,} ranges of values would have to be looked at")
        judge = self._judged_at_point if _is_point(sides) else _judged
        misses, open_needed = judge(sides, needed)
        if not misses:
            misses, open_wanted = judge(sides, wanted)
            heappush(self.waiting, _Box(misses, -self.boxes, sides, open_needed, open_wanted))

    def _judged_at_point(self, sides: Sides, claims: Iterable[Wanted]) -> tuple[Fraction, list[Wanted]]:
        values = {name: low for name, (low, _) in sides.items()}
        return sum((claim.miss_at(values, self.problem.at_least) for claim in claims), Fraction(0)), []


def _judged(sides: Sides, claims: Iterable[Wanted]) -> tuple[Fraction, list[Wanted]]:
    """What is missed at least in a box, and the comparisons that do not surely hold in it."""
    total = Fraction(0)
    undecided: list[Wanted] = []
    for claim in claims:
        miss, sure = claim.misses(sides)
        total += miss
        if not sure:
            undecided.append(claim)
    return total, undecided


def _is_point(sides: Sides) -> bool:
    return all(low == high for low, high in sides.values())


def _halves(box: _Box) -> Iterator[Sides]:
    """The two halves along the longest side that the comparisons still depend on."""
    asked = frozenset[str]().union(*(claim.symbols for claim in (*box.needed, *box.wanted)))
    lengths = {name: high - low for name, (low, high) in box.sides.items()}
    name = max((name for name in box.sides if name in asked), key=lengths.__getitem__, default="")
    if not lengths.get(name):
        name = max(lengths, key=lengths.__getitem__)
    low, high = box.sides[name]
    middle = (low + high) // 2
    yield {**box.sides, name: (low, middle)}
    yield {**box.sides, name: (middle + 1, high)}


def _points(sides: Sides) -> Iterator[Point]:
    for values in product(*(range(low, high + 1) for low, high in sides.values())):
        yield dict(zip(sides, values, strict=True))
