"""Legal sizes: the exact sets, and the layers that set them."""

from __future__ import annotations

from itertools import product

import pytest

from cnnspec import pipeline
from cnnspec.analysis.legal_sizes import WHERE, LegalSizes, holds, legal_sizes, weights_kept
from cnnspec.dims.solutions import SizeSet
from cnnspec.graph import Graph


def symbolic(text: str) -> Graph:
    loaded = pipeline.load_text(text)
    assert loaded.spec is not None, loaded.diagnostics
    made = pipeline.elaborate(loaded.spec, symbolic=True)
    assert made.graph is not None, made.diagnostics
    return made.graph


def witnesses(found: LegalSizes, symbol: str) -> list[str]:
    return [bound.condition.path for bound in found.bounds[symbol]]


UNET = """
block level(c, depth):
    skip = conv(c, 3, pad=1) -> relu
    if depth == 0:
        skip
    else:
        below = skip -> maxpool(2) -> level(2*c, depth - 1) -> conv_transpose(c, 2, stride=2)
        concat(skip, below)

net unet():
    input image: [1, H = 64, W = 64]
    level(2, 4)
    output conv(1, 1)
"""


def test_a_unet_of_four_levels_takes_multiples_of_sixteen_and_every_merge_is_a_witness() -> None:
    found = legal_sizes(symbolic(UNET))
    members = found.by_symbol["H"].members()
    assert [next(members) for _ in range(3)] == [16, 32, 48]
    assert witnesses(found, "H") == [
        "level1.level1.level1.level1.concat1",
        "level1.level1.level1.concat1",
        "level1.level1.concat1",
        "level1.concat1",
    ]


def test_weights_made_for_one_size_fit_an_interval() -> None:
    graph = symbolic(
        """
net trunk():
    input image: [1, H = 32, W = 32]
    conv(6, 5) -> maxpool(2) -> conv(16, 5) -> maxpool(2) -> flatten
    output linear(10)
"""
    )
    free = legal_sizes(graph)
    assert free.by_symbol["H"] == SizeSet(((16, None),))
    kept = legal_sizes(graph, [*graph.conditions, *weights_kept(graph, {"H": 32, "W": 32})])
    (joint,) = kept.joint
    assert joint.boxes is not None
    squares = [box for box in joint.boxes if box["H"] == box["W"]]
    assert squares == [{"H": SizeSet(((32, 35),)), "W": SizeSet(((32, 35),))}]
    assert kept.holds({"H": 33, "W": 35})
    assert not kept.holds({"H": 36, "W": 32})


def test_where_clauses_belong_to_the_set() -> None:
    graph = symbolic(
        """
net trunk():
    input image: [1, H = 32, W = 32] where H >= 20, H % 8 == 0
    output conv(1, 5)
"""
    )
    found = legal_sizes(graph)
    members = found.by_symbol["H"].members()
    assert [next(members) for _ in range(2)] == [24, 32]
    assert set(witnesses(found, "H")) == {WHERE}
    assert found.by_symbol["W"] == SizeSet(((5, None),))
    assert witnesses(found, "W") == ["conv1"]


def test_the_largest_window_is_the_witness_of_the_lower_bound() -> None:
    found = legal_sizes(
        symbolic(
            """
net trunk():
    input image: [1, L = 64]
    conv(1, 3) -> conv(1, 7) as wide -> conv(1, 2)
    output relu
"""
        )
    )
    assert found.by_symbol["L"] == SizeSet(((10, None),))
    assert witnesses(found, "L") == ["conv2"]


def test_two_inputs_that_must_agree_are_a_joint_condition() -> None:
    found = legal_sizes(
        symbolic(
            """
net siamese():
    input left: [1, A = 8]
    input right: [1, B = 8]
    output left + right
"""
        )
    )
    assert [sorted(found.by_symbol), len(found.joint)] == [["A", "B"], 1]
    assert found.holds({"A": 5, "B": 5})
    assert not found.holds({"A": 5, "B": 6})


LARGEST = 40

TIED = """
net tied():
    input image: [1, H = 32, W = 32] where {where}, H <= 40, W <= 40
    skip = conv(2, 3, pad=1)
    below = skip -> maxpool({pool}) -> upsample({pool})
    output concat(skip, below) -> conv(1, 5)
"""


@pytest.mark.parametrize("pool", [1, 2, 4])
@pytest.mark.parametrize(
    "where",
    [
        "H == W",
        "W == H, W >= 20",
        "H == W + 3",
        "2*H == W",
        "H // 3 == W // 2",
        "3*H == 2*W",
        "H > W",
        "H >= W, H <= 2*W, W % 3 == 0",
        "H + W == 44",
        "H + W <= 20",
        "H == W, H*W <= 300",
        "W < H",
    ],
)
def test_a_symbol_that_is_tied_may_be_what_brute_force_finds(where: str, pool: int) -> None:
    graph = symbolic(TIED.format(where=where, pool=pool))
    requirements = [*graph.assumptions, *(condition.requirement for condition in graph.conditions)]
    sizes = [
        {"H": height, "W": width}
        for height, width in product(range(1, LARGEST + 1), repeat=2)
        if all(holds(requirement, {"H": height, "W": width}) for requirement in requirements)
    ]
    found = legal_sizes(graph)
    assert not found.loose
    for name, allowed in found.by_symbol.items():
        assert {size for size in range(1, LARGEST + 9) if size in allowed} == {at[name] for at in sizes}
    assert all(found.holds(at) for at in sizes)


def test_what_a_tie_leaves_has_the_tie_as_its_witness() -> None:
    found = legal_sizes(symbolic(TIED.format(where="H == W, W >= 20", pool=4)))
    assert found.by_symbol["H"] == found.by_symbol["W"]
    (narrowed,) = [
        bound for bound in found.bounds["H"] if bound.condition in {j.condition for j in found.joint}
    ]
    assert narrowed.allowed == found.by_symbol["H"]


def test_no_size_is_legal_where_ties_contradict_each_other() -> None:
    assert legal_sizes(symbolic(TIED.format(where="H > W, W > H", pool=1))).is_empty


def test_a_square_map_before_a_linear_layer_has_one_interval_of_sizes() -> None:
    graph = symbolic(
        """
net trunk():
    input image: [1, H = 32, W = 32] where H == W
    conv(6, 5) -> maxpool(2) -> conv(16, 5) -> maxpool(2) -> flatten
    output linear(10)
"""
    )
    kept = legal_sizes(graph, [*graph.conditions, *weights_kept(graph, {"H": 32, "W": 32})])
    assert kept.by_symbol == {"H": SizeSet(((32, 35),)), "W": SizeSet(((32, 35),))}


def test_a_product_that_is_fixed_leaves_pairs_and_says_so() -> None:
    graph = symbolic(
        """
net trunk():
    input image: [1, H = 32, W = 32]
    conv(6, 5) -> maxpool(2) -> flatten
    output linear(10)
"""
    )
    kept = legal_sizes(graph, [*graph.conditions, *weights_kept(graph, {"H": 32, "W": 32})])
    assert kept.loose == {"H", "W"}
    assert kept.by_symbol["H"] == SizeSet(((6, None),))
