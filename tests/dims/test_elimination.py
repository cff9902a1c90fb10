"""What ties leave to each symbol, against brute force."""

from __future__ import annotations

import random
from itertools import product

import pytest

from cnnspec.dims import Dim, Relation, decide, evaluate, symbol
from cnnspec.dims.elimination import Constraint, constraint, projection, solved
from cnnspec.dims.solutions import SizeSet, between, union

H, W, D = symbol("H"), symbol("W"), symbol("D")
LARGEST = 40
"""The sizes that are tried; every symbol is bounded by it, so that no solution lies beyond."""

LIMITS = [constraint(LARGEST, Relation.AT_LEAST, each) for each in (H, W, D)]


def holds(needed: Constraint, at: dict[str, int]) -> bool:
    return bool(decide(evaluate(needed.size, at), needed.relation, evaluate(needed.divisor, at)))


def brute_force(constraints: list[Constraint], names: str, asked: str) -> set[int]:
    found: set[int] = set()
    for values in product(range(1, LARGEST + 1), repeat=len(names)):
        at = dict(zip(names, values, strict=True))
        if at[asked] not in found and all(holds(each, at) for each in constraints):
            found.add(at[asked])
    return found


def members(found: SizeSet) -> set[int]:
    return {size for size in range(1, LARGEST + 20) if size in found}


def affine(draw: random.Random, size: Dim) -> Dim:
    return (draw.randint(1, 3) * size + draw.randint(-6, 6)) // draw.choice((1, 1, 2, 3))


def tied(draw: random.Random, first: Dim, second: Dim) -> Constraint:
    relation = draw.choice((Relation.EQUAL, Relation.AT_LEAST, Relation.AT_LEAST, Relation.MULTIPLE))
    if relation is Relation.MULTIPLE:
        return constraint(affine(draw, first) + affine(draw, second), relation, draw.randint(2, 5))
    return constraint(affine(draw, first), relation, affine(draw, second))


def single(draw: random.Random, size: Dim) -> Constraint:
    if draw.random() < 0.5:
        return constraint(affine(draw, size), Relation.MULTIPLE, draw.randint(2, 4))
    return constraint(affine(draw, size), Relation.AT_LEAST, draw.randint(1, 20))


@pytest.mark.parametrize("seed", range(150))
def test_a_pair_is_projected_exactly(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311
    drawn = [tied(draw, H, W) for _ in range(draw.choice((1, 1, 2)))]
    drawn += [single(draw, each) for each in (H, W) if draw.random() < 0.7]
    constraints = [*drawn, *LIMITS[:2]]
    for name in "HW":
        found = projection(constraints, name)
        if found is not None:
            assert members(found) == brute_force(constraints, "HW", name), drawn


def test_most_pairs_can_be_projected() -> None:
    known = 0
    for seed in range(150):
        draw = random.Random(seed)  # noqa: S311
        constraints = [tied(draw, H, W), single(draw, H), single(draw, W)]
        known += projection(constraints, "H") is not None
    assert known >= 140


@pytest.mark.parametrize("seed", range(25))
def test_a_chain_of_three_is_projected_exactly(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311
    constraints = [tied(draw, H, W), tied(draw, W, D), single(draw, draw.choice((H, W, D))), *LIMITS]
    for name in "HWD":
        found = projection(constraints, name)
        if found is not None:
            assert members(found) == brute_force(constraints, "HWD", name)


EQUAL, AT_LEAST, MULTIPLE = Relation.EQUAL, Relation.AT_LEAST, Relation.MULTIPLE


@pytest.mark.parametrize(
    ("constraints", "name", "least"),
    [
        ([constraint(H, EQUAL, W), constraint(W, AT_LEAST, 20)], "H", [20, 21, 22]),
        ([constraint(H, EQUAL, W), constraint(W, MULTIPLE, 16)], "H", [16, 32, 48]),
        ([constraint(2 * H, EQUAL, W)], "W", [2, 4, 6]),
        ([constraint(H, AT_LEAST, W), constraint(W, MULTIPLE, 8)], "H", [8, 9, 10]),
        ([constraint(H, EQUAL, W), constraint(W, EQUAL, D), constraint(D, EQUAL, H)], "W", [1, 2, 3]),
        ([constraint(H, AT_LEAST, W + 1), constraint(W, AT_LEAST, H + 1)], "H", []),
        ([constraint(H, EQUAL, W + D), constraint(W, MULTIPLE, 4), constraint(D, AT_LEAST, 3)], "H", [7, 8]),
        ([constraint(H, EQUAL, W), constraint(H * W, AT_LEAST, 1000)], "W", [32, 33]),
        ([constraint(H, EQUAL, W), constraint(50, AT_LEAST, H * W)], "H", [1, 2, 3, 4, 5, 6, 7]),
        ([constraint(H, EQUAL, W), constraint((H // 4) * (W // 4), EQUAL, 25)], "H", [20, 21, 22, 23]),
        ([constraint(H * W, EQUAL, D), constraint(H, AT_LEAST, 7)], "H", [7, 8]),
        ([constraint(H * W, EQUAL, 12), constraint(H, EQUAL, 3 * W)], "H", [6]),
    ],
)
def test_what_equations_and_orders_leave(constraints: list[Constraint], name: str, least: list[int]) -> None:
    found = projection(constraints, name)
    assert found is not None
    members_of = found.members()
    assert [size for size, _ in zip(members_of, least, strict=False)] == least


def test_what_has_no_short_description_is_said_not_to_have_one() -> None:
    assert projection([constraint(H * W, EQUAL, 400)], "H") is None
    assert projection([constraint((H + W) // 2, AT_LEAST, 7)], "H") is None


@pytest.mark.parametrize("number", range(1, 60))
def test_squares_are_found(number: int) -> None:
    for relation in (EQUAL, AT_LEAST):
        for size in ((H // 3) * (H - 2) - number, number - H * (H // 2)):
            found = solved(Constraint(size, relation))
            assert found is not None
            values = {n: evaluate(size, {"H": n}) for n in range(1, 60)}
            expected = {n for n, v in values.items() if v == 0 or (v > 0 and relation is AT_LEAST)}
            assert {n for n in values if n in found} == expected


def test_unions_have_no_gaps() -> None:
    assert union([between(1, 5), between(6, 9)]) == between(1, 9)
    assert union([between(1, 5), between(7, 9)]) is None
    evens, odds = SizeSet(((2, None), None)), SizeSet((None, (1, None)))
    assert union([evens, odds]) == between(1, None)
    assert union([evens, between(2, 2)]) == evens
