"""Exact sets of sizes, against brute force."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cnnspec.dims import Relation
from cnnspec.dims.quasi import Quasi
from cnnspec.dims.solutions import NO_SIZES, SizeSet, between, solve

functions = st.integers(1, 6).flatmap(
    lambda period: st.builds(
        lambda step, table: Quasi(step, period, tuple(table)),
        st.integers(-5, 5),
        st.lists(st.integers(-9, 9), min_size=period, max_size=period),
    )
)
relations = st.sampled_from(list(Relation))
SIZES = range(1, 120)


def members(found: SizeSet) -> set[int]:
    return {n for n in SIZES if n in found}


def holds(value: int, relation: Relation, bound: int) -> bool:
    match relation:
        case Relation.AT_LEAST:
            return value >= bound
        case Relation.EQUAL:
            return value == bound
        case Relation.MULTIPLE:
            return value % bound == 0 if bound else value == 0


@given(functions, relations, st.integers(-12, 30))
def test_a_relation_is_solved_exactly(function: Quasi, relation: Relation, bound: int) -> None:
    found = solve(function, relation, bound)
    assert members(found) == {n for n in SIZES if holds(function(n), relation, bound)}


@given(functions, functions, relations, relations, st.integers(-5, 12))
def test_intersections_are_exact(f: Quasi, g: Quasi, one: Relation, other: Relation, bound: int) -> None:
    first, second = solve(f, one, bound), solve(g, other, bound)
    assert members(first & second) == members(first) & members(second)


@given(functions, relations, st.integers(-12, 30), st.integers(1, 100))
def test_the_nearest_members_are_those_of_a_search(
    f: Quasi, relation: Relation, bound: int, size: int
) -> None:
    found = solve(f, relation, bound)
    below, above = found.nearest(size)
    assert below == max((n for n in range(1, size + 1) if n in found), default=None)
    far = next((n for n in range(size, size + 200) if n in found), None)
    if far is not None or found.is_bounded:
        assert above == far


@given(functions, relations, st.integers(-12, 30))
def test_the_ends_are_the_ends(function: Quasi, relation: Relation, bound: int) -> None:
    found = solve(function, relation, bound)
    assert found.is_empty == (found.least is None)
    if found.least is not None:
        assert found.least in found
        assert all(n not in found for n in range(1, min(found.least, 300)))
    if found.is_bounded and found.greatest is not None:
        assert found.greatest in found
        assert all(n not in found for n in range(found.greatest + 1, found.greatest + 60))


def test_a_set_is_said_with_its_shortest_period() -> None:
    assert solve(Quasi(1, 1, (0,)), Relation.MULTIPLE, 16).period == 16
    evens = SizeSet(((2, None), None, (2, None), None))
    assert (evens & between(3, None)).period == 2
    assert between(29, 32) == SizeSet(((29, 32),))
    assert between(5, 4) == NO_SIZES


def test_members_are_listed_in_order() -> None:
    found = solve(Quasi(1, 1, (0,)), Relation.MULTIPLE, 4) & between(3, 17)
    assert list(found.members()) == [4, 8, 12, 16]
