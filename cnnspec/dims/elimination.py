"""What conditions that tie symbols together leave to each symbol by itself: exact projections.

A symbol that an equation gives is replaced by what it is equal to. Any other one is eliminated residue class
by residue class: on one, x = start + period·k, conditions are lower and upper bounds of k, and there is a k
between them if every lower bound is at most every upper one (Fourier and Motzkin, with whole numbers).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from math import gcd, lcm

from cnnspec.dims.decide import Relation, decide
from cnnspec.dims.opaque import symbols_of
from cnnspec.dims.polynomials import solve_polynomial
from cnnspec.dims.quasi import Quasi
from cnnspec.dims.solutions import ALL_SIZES, NO_SIZES, PeriodLimitError, SizeSet, solve, union
from cnnspec.dims.substitution import substitute
from cnnspec.dims.symbolic import Dim, OneSymbol, SizeLimitError, collect, terms_of

MAX_CLASSES = 512
"""How many residue classes of a symbol are looked at one by one."""

MAX_PAIRS = 100
"""How many pairs of a lower and an upper bound a symbol may have in each of them."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """`size ≥ 0`, `size = 0`, or `size` is a multiple of the divisor."""

    size: Dim
    relation: Relation
    divisor: Dim = 0

    @property
    def symbols(self) -> frozenset[str]:
        """The symbols that it is about."""
        return symbols_of(self.size) | symbols_of(self.divisor)


def constraint(left: Dim, relation: Relation, right: Dim) -> Constraint:
    """The relation of two sizes as a constraint. Raises SizeLimitError."""
    if relation is Relation.MULTIPLE:
        return Constraint(left, relation, right)
    return Constraint(left - right, relation)


def solved(needed: Constraint) -> SizeSet | None:
    """The exact set of sizes for which a constraint on at most one symbol holds, where it is found."""
    size, relation, divisor = needed.size, needed.relation, needed.divisor
    if not isinstance(divisor, int):
        return None
    if isinstance(size, int):
        return solve(Quasi(0, 1, (size,)), relation, divisor)
    try:
        if isinstance(size, OneSymbol):
            return solve(size.function, relation, divisor)
        return solve_polynomial(size, relation)
    except PeriodLimitError:
        return None


def projection(constraints: Iterable[Constraint], name: str) -> SizeSet | None:
    """The sizes of a symbol for which the other symbols have sizes such that everything holds.

    None where these cannot be eliminated, or what is left has no short description.
    """
    try:
        return _left(_substituted(list(constraints), name), name)
    except (SizeLimitError, PeriodLimitError):
        return None


def _substituted(constraints: list[Constraint], name: str) -> list[Constraint]:
    """The constraints without the symbols, other than `name`, that equations give."""
    while True:
        given = next((found for each in constraints for found in _given(each, name)), None)
        if given is None:
            return constraints
        replaced, size, divisor, used = given
        value = {replaced: size // divisor}
        constraints = [
            Constraint(substitute(each.size, value), each.relation, substitute(each.divisor, value))
            for each in constraints
            if each is not used
        ]
        constraints.append(Constraint(size // divisor - 1, Relation.AT_LEAST))
        constraints.append(Constraint(size, Relation.MULTIPLE, divisor))


def _given(needed: Constraint, name: str) -> Iterator[tuple[str, Dim, int, Constraint]]:
    """`(x, size, divisor, …)` for each symbol x ≠ name of which the constraint says divisor·x = size."""
    if needed.relation is not Relation.EQUAL or len(needed.symbols) < 2:
        return
    for other in sorted(needed.symbols - {name}):
        split = _split(needed.size, other)
        if split is not None and split[0].period == 1:
            factor = split[0].step
            size = split[1] + split[0].values[0]
            yield other, -size if factor > 0 else size, abs(factor), needed


def _split(size: Dim, name: str) -> tuple[Quasi, Dim] | None:
    """`(f, rest)` with size = f(name) + rest, and a rest without the symbol."""
    along = {m: factor for m, factor in terms_of(size).items() if any(name in atom.symbols for atom in m)}
    function = collect(along)
    if isinstance(function, OneSymbol) and function.symbol == name:
        return function.function, size - function
    return None


def _left(constraints: Iterable[Constraint], name: str) -> SizeSet | None:
    """The set of a symbol after all others are eliminated, the one with the fewest neighbours first."""
    sets: dict[str, SizeSet] = {}
    ties: list[Constraint] = []
    waiting = list(constraints)
    while True:
        for needed in waiting:
            if decide(needed.size, needed.relation, needed.divisor):
                continue
            if len(needed.symbols) > 1:
                ties.append(needed)
                continue
            found = solved(needed)
            if found is None:
                return None
            for about in needed.symbols or (name,):
                sets[about] = sets.get(about, ALL_SIZES) & found
        neighbours = _neighbours(ties)
        others = sorted(neighbours.keys() - {name}, key=lambda other: (len(neighbours[other]), other))
        if not others:
            return NO_SIZES if any(found.is_empty for found in sets.values()) else sets.get(name, ALL_SIZES)
        gone = others[0]
        classes = _classes(gone, sets.pop(gone, ALL_SIZES), [each for each in ties if gone in each.symbols])
        ties = [each for each in ties if gone not in each.symbols]
        if classes is None:
            return None
        if len(classes) == 1:
            (waiting,) = classes
            continue
        if len(neighbours[gone]) > 1:
            return None
        (other,) = neighbours[gone]
        found = _any_of(classes)
        if found is None:
            return None
        sets[other] = sets.get(other, ALL_SIZES) & found
        waiting = []


def _neighbours(ties: Iterable[Constraint]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for tie in ties:
        for name in tie.symbols:
            found[name] = found.get(name, frozenset()) | (tie.symbols - {name})
    return found


def _any_of(classes: Iterable[Iterable[Constraint]]) -> SizeSet | None:
    """The sizes of the one symbol for which all constraints of some class hold."""
    sets: list[SizeSet] = []
    for needed in classes:
        both = ALL_SIZES
        for found in map(solved, needed):
            if found is None:
                return None
            both = both & found
        sets.append(both)
    return union(sets)


def _classes(name: str, allowed: SizeSet, ties: Iterable[Constraint]) -> list[list[Constraint]] | None:
    """What is left of ties without a symbol, for each residue class of it; one of them must hold."""
    parts: list[tuple[Constraint, Quasi, Dim]] = []
    period = allowed.period
    for tie in ties:
        split = _split(tie.size, name)
        if split is None or not isinstance(tie.divisor, int):
            return None
        function, rest = split
        parts.append((tie, function, rest))
        rounds = tie.divisor // gcd(function.step, tie.divisor) if tie.divisor else 1
        period = lcm(period, function.period * abs(rounds))
    if period > MAX_CLASSES:
        return None
    found: list[list[Constraint]] = []
    for residue in range(period):
        ends = allowed.intervals[residue % allowed.period]
        if ends is None:
            continue
        start = ends[0] + (residue - ends[0]) % period
        if ends[1] is None or start <= ends[1]:
            last = None if ends[1] is None else (ends[1] - start) // period
            found.append(_within_class(parts, start, period, last))
    return found or [[Constraint(-1, Relation.AT_LEAST)]]


def _within_class(
    parts: Iterable[tuple[Constraint, Quasi, Dim]], start: int, period: int, last: int | None
) -> list[Constraint]:
    """What must hold for a k between 0 and `last` such that the ties hold at start + period·k."""
    lows: list[Dim] = [0]
    highs: list[Dim] = [] if last is None else [last]
    found: list[Constraint] = []
    for tie, function, rest in parts:
        step = function.step * (period // function.period)
        size = rest + function(start)
        if tie.relation is Relation.MULTIPLE or step == 0:
            found.append(Constraint(size, tie.relation, tie.divisor))
            continue
        bounds = [(size, step)]
        if tie.relation is Relation.EQUAL:
            bounds.append((-size, -step))
        for value, rise in bounds:
            if rise > 0:
                lows.append(-(value // rise))
            else:
                highs.append(value // -rise)
    if len(lows) * len(highs) > MAX_PAIRS:
        raise SizeLimitError(f"a symbol has more than {MAX_PAIRS} pairs of bounds")
    return found + [Constraint(high - low, Relation.AT_LEAST) for low, high in product(lows, highs)]
