"""Which sizes may be the greatest, against brute force."""

from __future__ import annotations

import random
from itertools import islice, product

import pytest

from cnnspec.dims import Dim, Relation, ceil_div, evaluate, symbol
from cnnspec.dims.dominance import undominated
from cnnspec.dims.quasi import IDENTITY
from cnnspec.dims.solutions import ALL_SIZES, SizeSet, between, solve

H, W, N = symbol("H"), symbol("W"), symbol("N")
EVEN = solve(IDENTITY, Relation.MULTIPLE, 2)


def random_size(draw: random.Random) -> Dim:
    """A sum of products, as what is alive in a net at one time: maps at several strides, and a constant."""
    total: Dim = draw.randint(-200, 200)
    for stride in (1, 2, 3):
        rows = ceil_div(H, stride) if draw.random() < 0.5 else (H + draw.randint(-2, 2)) // stride
        total = total + draw.randint(-2, 4) * rows * (W // stride) + draw.randint(-9, 9) * (W // stride)
    return total * N if draw.random() < 0.3 else total


def random_set(draw: random.Random) -> SizeSet:
    multiples = solve(IDENTITY, Relation.MULTIPLE, draw.choice((1, 1, 2, 3)))
    return multiples & between(draw.randint(1, 9), draw.choice((None, None, 30)))


@pytest.mark.parametrize("seed", range(60))
def test_the_greatest_is_always_among_those_kept(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311
    sizes = [random_size(draw) for _ in range(6)]
    allowed = {"H": random_set(draw), "W": random_set(draw)}
    kept = undominated(sizes, allowed)
    assert kept
    for height, width, samples in product(
        islice(allowed["H"].members(), 15), islice(allowed["W"].members(), 15), (1, 2, 50)
    ):
        at = {"H": height, "W": width, "N": samples}
        assert max(evaluate(size, at) for size in kept) == max(evaluate(size, at) for size in sizes)


@pytest.mark.parametrize("seed", range(60))
def test_each_that_is_kept_is_greater_than_any_other_somewhere(seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311
    sizes = [random_size(draw) for _ in range(4)]
    kept = undominated(sizes, {})
    assert kept
    near_and_far = [*range(1, 13), *range(5_000, 5_006)]
    points = [
        {"H": height, "W": width, "N": samples}
        for height, width, samples in product(near_and_far, near_and_far, (1, 10**9))
    ]
    values = [[evaluate(size, at) for at in points] for size in kept]
    for number, mine in enumerate(values):
        for other in values[:number] + values[number + 1 :]:
            assert any(value > rival for value, rival in zip(mine, other, strict=True))


@pytest.mark.parametrize(
    ("sizes", "allowed", "kept"),
    [
        ((H * W, 2 * H * W), {}, {2 * H * W}),
        ((H * W, 100), {}, {H * W, 100}),
        ((H * W, 100), {"H": between(10, None), "W": between(10, None)}, {H * W}),
        ((H * W, 4 * (H // 2) * (W // 2)), {}, {H * W}),
        ((H * W + 1, 4 * (ceil_div(H, 2)) * (W // 2)), {"H": EVEN, "W": EVEN}, {H * W + 1}),
        ((H * H, 3 * H), {"H": between(3, None)}, {H * H}),
        ((H * H, 3 * H), {}, {H * H, 3 * H}),
        ((7, 9), {}, {9}),
    ],
)
def test_what_is_legal_decides(sizes: tuple[Dim, ...], allowed: dict[str, SizeSet], kept: set[Dim]) -> None:
    found = undominated(sizes, allowed)
    assert found is not None
    assert set(found) == kept


def test_what_cannot_be_compared_is_not() -> None:
    assert undominated([(H + W) // 2, H], {}) is None
    assert undominated([H, W], {"H": SizeSet((None,)), "W": ALL_SIZES}) is None
    assert undominated([(H // 1009) * (W // 1013), H * W], {}) is None
