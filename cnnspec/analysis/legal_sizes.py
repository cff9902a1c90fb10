"""For which input sizes a net is legal: the exact set, and the layer that sets each bound.

Every layer's requirement on a symbolic size is a condition of the graph. A condition on one symbol has an
exact set of solutions (`dims.solutions`); their intersection, under the `where` clauses, is what it may be. A
condition that ties several symbols together narrows each of them to the sizes for which the others can be
chosen (`dims.elimination`), and stays beside these sets: as pairs where it is a product that must have one
value, and else as a relation that can be tested at any size.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import isqrt

from cnnspec.dims import Dim, OneSymbol, Relation, decide, substitute, symbols_of
from cnnspec.dims.elimination import Constraint, constraint, projection, solved
from cnnspec.dims.factors import factored
from cnnspec.dims.solutions import ALL_SIZES, SizeSet, solve
from cnnspec.graph import Condition, Graph
from cnnspec.layers.base import Requirement, WeightKind

WHERE = ""
"""The path that stands for the net's own `where` clauses."""

MAX_PAIRS = 10_000
"""How many factor pairs of a product are tried."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A condition that shrinks the legal set of a symbol, and the set it allows.

    A condition on the symbol alone allows it by itself; one that ties it to others, together with theirs.
    """

    condition: Condition
    allowed: SizeSet


@dataclass(frozen=True, slots=True)
class Joint:
    """A condition on several symbols; `boxes` are its solutions, sets by symbol, where they were found."""

    condition: Condition
    boxes: tuple[Mapping[str, SizeSet], ...] | None


@dataclass(frozen=True)
class LegalSizes:
    """The legal sizes of each free symbol, the bounds that make them, and what ties symbols together."""

    by_symbol: dict[str, SizeSet]
    bounds: dict[str, tuple[Bound, ...]]
    joint: tuple[Joint, ...] = ()
    unsolved: tuple[Condition, ...] = field(default=())
    """Conditions on one symbol that have no finite description here; `holds` still tests them."""
    loose: frozenset[str] = frozenset()
    """Symbols whose set is not narrowed by what ties them to others: that has no short description."""

    def holds(self, sizes: Mapping[str, int]) -> bool:
        """Whether all symbols may have these sizes together."""
        if any(sizes[name] not in allowed for name, allowed in self.by_symbol.items()):
            return False
        return all(holds(condition.requirement, sizes) for condition in self.beside)

    @property
    def beside(self) -> tuple[Condition, ...]:
        """The conditions that the sets of single symbols do not say."""
        return (*(joint.condition for joint in self.joint), *self.unsolved)

    @property
    def is_empty(self) -> bool:
        """Whether no size is legal, as far as the symbols are looked at one by one."""
        return any(allowed.is_empty for allowed in self.by_symbol.values())


def legal_sizes(graph: Graph, conditions: Iterable[Condition] | None = None) -> LegalSizes:
    """The legal sizes of a graph with free symbols; `conditions` replaces those of its layers."""
    found = [Condition(WHERE, requirement) for requirement in graph.assumptions]
    found += graph.conditions if conditions is None else list(conditions)
    by_symbol = dict.fromkeys(graph.symbols, ALL_SIZES)
    bounds: dict[str, list[Bound]] = {name: [] for name in graph.symbols}
    joint: list[Joint] = []
    unsolved: list[Condition] = []
    for condition in found:
        names = sorted(symbols_in(condition.requirement))
        if len(names) > 1:
            joint.append(Joint(condition, _boxes(condition.requirement)))
        elif names:
            allowed = solved(_constraint(condition))
            if allowed is None:
                unsolved.append(condition)
            else:
                _shrink(by_symbol, bounds, names[0], Bound(condition, allowed))
    kept = {name: _needed(candidates) for name, candidates in bounds.items()}
    apart = LegalSizes(by_symbol, kept, tuple(joint), tuple(unsolved))
    return _tied(apart) if joint else apart


def _tied(apart: LegalSizes) -> LegalSizes:
    """The same sets, each narrowed by what ties its symbol to others."""
    ties = [tie.condition for tie in apart.joint]
    alone = [bound.condition for bounds in apart.bounds.values() for bound in bounds]
    constraints = list(dict.fromkeys(map(_constraint, [*ties, *alone, *apart.unsolved])))
    by_symbol, bounds, loose = dict(apart.by_symbol), dict(apart.bounds), set[str]()
    for name in apart.by_symbol:
        mine = [tie for tie in ties if name in symbols_in(tie.requirement)]
        left = projection(_connected(constraints, name), name) if mine else ALL_SIZES
        if left is None:
            loose.add(name)
        elif mine and left != by_symbol[name]:
            by_symbol[name] = left
            bounds[name] += tuple(Bound(tie, left) for tie in mine)
    return replace(apart, by_symbol=by_symbol, bounds=bounds, loose=frozenset(loose))


def _constraint(condition: Condition) -> Constraint:
    needed = condition.requirement
    return constraint(needed.left, Relation(needed.relation.value), needed.right)


def _connected(constraints: Iterable[Constraint], name: str) -> list[Constraint]:
    """The constraints on a symbol, on those that it is tied to, on those tied to these, and so on."""
    reached, left = frozenset((name,)), list(constraints)
    while any(each.symbols & reached for each in left):
        reached = reached.union(*(each.symbols for each in left if each.symbols & reached))
        left = [each for each in left if not each.symbols & reached]
    return [each for each in constraints if each.symbols & reached]


def weights_kept(graph: Graph, sizes: Mapping[str, int]) -> list[Condition]:
    """What else must hold for weights made at `sizes` to fit: their shapes must not change.

    A linear layer behind a flatten has as many weights as the map has pixels, so that its weights fit only
    the sizes that give the same number.
    """
    conditions: list[Condition] = []
    for node in graph:
        for weight in node.weights:
            if weight.kind is WeightKind.PARAMETER:
                conditions += [
                    Condition(node.path, _equal(size, substitute(size, sizes), node.path, weight.name))
                    for size in weight.shape
                    if symbols_of(size)
                ]
    return conditions


def holds(requirement: Requirement, sizes: Mapping[str, int]) -> bool:
    """Whether a requirement holds where its symbols have these sizes."""
    left, right = substitute(requirement.left, sizes), substitute(requirement.right, sizes)
    return bool(decide(left, Relation(requirement.relation.value), right))


def _equal(size: Dim, fixed: Dim, path: str, weight: str) -> Requirement:
    return Requirement(
        "size-mismatch",
        size,
        Relation.EQUAL,
        fixed,
        lambda: f"`{weight}` of {path} was made for {fixed} inputs",
    )


def symbols_in(requirement: Requirement) -> frozenset[str]:
    """The symbols that a requirement is about."""
    return symbols_of(requirement.left) | symbols_of(requirement.right)


def _boxes(requirement: Requirement) -> tuple[Mapping[str, SizeSet], ...] | None:
    """The solutions of `number · f(H) · g(W) = value`: the factor pairs of the value, each a box of sizes."""
    if requirement.relation is not Relation.EQUAL or not isinstance(requirement.right, int):
        return None
    product = factored(requirement.left)
    if product is None or len(product.parts) != 2 or requirement.right % product.number:
        return None
    value = requirement.right // product.number
    if value <= 0 or isqrt(value) > MAX_PAIRS:
        return None
    (first, f), (second, g) = product.parts.items()
    if not (isinstance(f, OneSymbol) and isinstance(g, OneSymbol)):
        return None
    boxes: list[Mapping[str, SizeSet]] = []
    for divisor in _divisors(value):
        box = {
            first: solve(f.function, Relation.EQUAL, divisor),
            second: solve(g.function, Relation.EQUAL, value // divisor),
        }
        if not any(allowed.is_empty for allowed in box.values()):
            boxes.append(box)
    return tuple(boxes)


def _divisors(value: int) -> list[int]:
    small = [divisor for divisor in range(1, isqrt(value) + 1) if value % divisor == 0]
    return sorted({*small, *(value // divisor for divisor in small)})


def _shrink(by_symbol: dict[str, SizeSet], bounds: dict[str, list[Bound]], name: str, bound: Bound) -> None:
    """Cut a symbol's set by a bound, and keep the bound if it cut something off."""
    before = by_symbol.setdefault(name, ALL_SIZES)
    after = before & bound.allowed
    if after != before:
        by_symbol[name] = after
        bounds.setdefault(name, []).append(bound)


def _needed(candidates: list[Bound]) -> tuple[Bound, ...]:
    """The bounds without those that the others imply: each of the rest is a witness of the final set."""
    later = [ALL_SIZES]
    for bound in reversed(candidates):
        later.append(later[-1] & bound.allowed)
    before = ALL_SIZES
    kept: list[Bound] = []
    for bound, after in zip(candidates, reversed(later[:-1]), strict=True):
        others = before & after
        if others & bound.allowed != others:
            kept.append(bound)
            before = before & bound.allowed
    return tuple(kept)
