"""The values of `?` with which a net is possible and every expectation of it holds: all of them, exactly.

A hole is first left as a symbol: the net is expanded once, its layers' requirements and its expectations are
formulas in the unknowns, and a search over ranges decides them (`search`). Where what the net is made of
depends on an unknown (how often a block repeats, which branch is taken), or an expectation has no formula in
it, every value of it is put in and the net expanded anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from cnnspec.analysis.contracts import check_contracts, expectations
from cnnspec.analysis.facts import analyse
from cnnspec.analysis.search import MAX_POINTS, Near, Point, Problem, Search, SearchLimitError
from cnnspec.analysis.wanted import NEVER, Wanted, required, wanted_of
from cnnspec.diagnostics import Diagnostic, DiagnosticError, Edit, Help
from cnnspec.diagnostics.edits import apply_edits
from cnnspec.dims import SizeLimitError, symbol
from cnnspec.graph import Graph
from cnnspec.language.bounds import Sought, sought
from cnnspec.language.elaborate import Binding, Elaborated, elaborate
from cnnspec.language.scope import LimitReached, Log
from cnnspec.language.spec import Spec

MAX_NETS = 2_000
"""How many nets are expanded to solve one."""

MAX_STATEMENTS = 50_000
"""How many statements are carried out in all of them together."""

IMPOSSIBLE = frozenset(
    {
        "window-too-large",
        "channel-mismatch",
        "group-mismatch",
        "pad-too-large",
        "size-mismatch",
        "empty-result",
        "output-padding",
        "rank-mismatch",
    }
)
"""Findings that say of a formula that it is wrong for all values of its symbols."""

Values = dict[str, int]


@dataclass(frozen=True, slots=True)
class Use:
    """How much of a budget is used, 1 being all; of a value that is expected, how near it is."""

    text: str
    share: Fraction


@dataclass(frozen=True, slots=True)
class Solution:
    """One value for every hole, by its key, and how the budgets are used."""

    values: Values
    uses: tuple[Use, ...]

    @property
    def rank(self) -> tuple[object, ...]:
        """The best first: full budgets, then small values."""
        shares = tuple(-use.share for use in self.uses)
        return shares, sum(self.values.values()), tuple(self.values.values())


@dataclass(frozen=True)
class Solved:
    """All solutions, the best first; without any, the values that come nearest and what they miss."""

    holes: tuple[Sought, ...]
    solutions: tuple[Solution, ...]
    nearest: Values | None = None
    findings: tuple[Diagnostic, ...] = ()


def solve(spec: Spec, net: str | None = None, bindings: Mapping[str, Binding] | None = None) -> Solved:
    """Solve a net for its holes.

    Raises DiagnosticError where it has none, where something is wrong whatever they are, and naming the limit
    where a search would take too long.
    """
    holes = sought(spec, net)
    solver = _Solver(spec, net, bindings or {}, {hole.key: hole for hole in holes})
    try:
        solver.explore({})
    except SearchLimitError as problem:
        way_out = Help("state narrower bounds, such as `?kernel in 1..7`, or fewer unknowns")
        raise DiagnosticError(
            Diagnostic("limit", str(problem), holes[0].span if holes else None, help=way_out)
        ) from problem
    if solver.solutions:
        return Solved(holes, tuple(sorted(solver.solutions, key=lambda found: found.rank)))
    return solver.reasons(holes)


@dataclass
class _Solver:
    spec: Spec
    net: str | None
    bindings: Mapping[str, Binding]
    holes: dict[str, Sought]
    solutions: list[Solution] = field(default_factory=list[Solution])
    nearest: tuple[Fraction, Values] | None = None
    nets: int = 0
    statements: int = 0
    boxes: int = 0
    structural: list[str] = field(default_factory=list[str])
    """The holes of which it was found that they must have values for the net to be expanded."""

    def explore(self, fixed: Values) -> None:
        """Find all solutions in which some holes have given values."""
        free = [key for key in self.holes if key not in fixed]
        made = self._expanded(fixed, free)
        if made.graph is not None:
            self._search(made.graph, fixed, free)
        elif free and not any(finding.code in IMPOSSIBLE for finding in made.diagnostics):
            self._enumerate(self._needing_a_value(fixed, free), fixed)

    def _enumerate(self, key: str, fixed: Values) -> None:
        for value in self.holes[key].values:
            self.explore({**fixed, key: value})

    def _expanded(self, fixed: Values, free: list[str]) -> Elaborated:
        self.nets += 1
        if self.nets > MAX_NETS:
            raise SearchLimitError(f"more than {MAX_NETS:,} nets would have to be expanded")
        # A symbol is at least 1 wherever sizes are compared, so that it counts from the lower bound.
        symbols = {key: symbol(key) + (self.holes[key].low - 1) for key in free}
        made = elaborate(self.spec, self.net, {**self.bindings, **fixed, **symbols})
        self.statements += made.steps
        if self.statements > MAX_STATEMENTS:
            raise SearchLimitError(f"more than {MAX_STATEMENTS:,} statements would have to be carried out")
        return made

    def _needing_a_value(self, fixed: Values, free: list[str]) -> str:
        """A hole whose value the net cannot be expanded without, or of which there are fewest values."""
        known = [key for key in self.structural if key in free]
        if known:
            return known[0]
        by_count = sorted(free, key=lambda key: len(self.holes[key].values))
        for key in by_count:
            values = self.holes[key].values
            with_one = {**fixed, key: values[len(values) // 2]}
            if self._expanded(with_one, [other for other in free if other != key]).graph is not None:
                self.structural.append(key)
                return key
        return by_count[0]

    # --- one structure

    def _search(self, graph: Graph, fixed: Values, free: list[str]) -> None:
        claims = self._claims(graph)
        if claims is None and free:
            self._enumerate(min(free, key=lambda key: len(self.holes[key].values)), fixed)
            return
        sides = {key: (1, len(self.holes[key].values)) for key in free}
        needed = dict.fromkeys(required(condition.requirement) for condition in graph.conditions)
        problem = Problem(
            sides,
            [claim for claim in needed if claim.symbols & sides.keys()],
            [NEVER] if claims is None else claims,
            graph.at_least,
        )
        search = Search(problem, self.boxes)
        for found in search.points():
            if found.miss and self.solutions:
                break
            self._note(found, problem.wanted, fixed)
            if found.miss:
                break
        self.boxes = search.boxes

    def _note(self, found: Near, wanted: Sequence[Wanted], fixed: Values) -> None:
        at = {**fixed, **self._values(found.point)}
        values = {key: at[key] for key in self.holes}
        if found.miss:
            if self.nearest is None or found.miss < self.nearest[0]:
                self.nearest = found.miss, values
            return
        self.solutions.append(Solution(values, _uses(found.point, wanted)))
        if len(self.solutions) > MAX_POINTS:
            raise SearchLimitError(f"there are more than {MAX_POINTS:,} solutions")

    def _values(self, point: Point) -> Values:
        return {key: self.holes[key].low + offset - 1 for key, offset in point.items()}

    def _claims(self, graph: Graph) -> list[Wanted] | None:
        """What the expectations ask for; None where one of them cannot be said in formulas."""
        analysis = analyse(graph)
        log = Log(at_least=graph.at_least)
        claims: list[Wanted] = []
        try:
            for statement, scope in expectations(self.spec, analysis, log):
                found = wanted_of(statement, scope)
                if found is None:
                    return None
                claims += found
        except (LimitReached, SizeLimitError):
            return None
        return None if log.found else claims

    # --- why there is none

    def reasons(self, holes: tuple[Sought, ...]) -> Solved:
        """The values that come nearest with the expectations they miss; or why there is no net at all."""
        values = self.nearest[1] if self.nearest else {hole.key: hole.low for hole in holes}
        made = elaborate(self.spec, self.net, {**self.bindings, **values})
        findings = made.diagnostics
        if made.graph is not None:
            findings += check_contracts(self.spec, analyse(made.graph))
        return Solved(holes, (), values if self.nearest else None, findings)


def _uses(point: Point, wanted: Sequence[Wanted]) -> tuple[Use, ...]:
    """The share of every budget; of one that stands in a block, the greatest of all its uses."""
    shares: dict[str, Fraction] = {}
    for claim in wanted:
        share = claim.use_at(point)
        if share is not None:
            shares[claim.text] = max(share, shares.get(claim.text, share))
    return tuple(Use(text, share) for text, share in shares.items())


def filled(spec: Spec, holes: Sequence[Sought], values: Values) -> str:
    """The text of the spec with values put in. Raises DiagnosticError where a hole is in another file."""
    edits: list[Edit] = []
    for hole in holes:
        value = values[hole.key]
        for place in hole.hole.places:
            if place.span.source is not spec.source:
                message = f"`?{hole.hole.places[0].name or ''}` stands in a file that this one uses"
                raise DiagnosticError(Diagnostic("cannot-write", message, place.span))
            edits.append(Edit(place.span, str(value) if value >= 0 else f"({value})"))
    return apply_edits(spec.source.text, edits)
