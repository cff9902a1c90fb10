"""Folding repeats: what counts as one, and how far the search goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnspec.report.tree import Branch, Folded, fold, tree_of

Analyse = Callable[..., Any]


def layer(kind: int, name: str = "x") -> Branch:
    return Branch(name, "", (), None, kind)


def block(kind: int, name: str = "b") -> Branch:
    return Branch(name, "", (layer(100 + kind),), None, kind)


def folded(branches: list[Branch]) -> list[tuple[int, int]]:
    return [(run.first.kind, run.times) for run in fold(branches)]


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ("a", [("a", 1)]),
        ("aa", [("a", 1), ("a", 1)]),
        ("aaa", [("a", 3)]),
        ("ababab", [("a", 3), ("b", 3)]),
        ("abab", [("a", 1), ("b", 1), ("a", 1), ("b", 1)]),
        ("BB", [("B", 2)]),
        ("aBaB", [("a", 2), ("B", 2)]),
        ("cBBBd", [("c", 1), ("B", 3), ("d", 1)]),
        ("BCBCB", [("B", 2), ("C", 2), ("B", 1)]),
    ],
)
def test_layers_fold_from_three_repeats_on_and_blocks_from_two(kinds: str, expected: list[Any]) -> None:
    branches = [block(ord(kind)) if kind.isupper() else layer(ord(kind)) for kind in kinds]
    assert folded(branches) == [(ord(kind), times) for kind, times in expected]


@given(st.lists(st.integers(0, 2), max_size=30))
def test_folding_loses_nothing_and_joins_only_what_is_alike(kinds: list[int]) -> None:
    covered: list[int] = []
    for run in fold([layer(kind, str(place)) for place, kind in enumerate(kinds)]):
        first, last = int(run.first.name), int(run.last.name)
        places = range(first, last + 1, (last - first) // (run.times - 1)) if run.times > 1 else [first]
        assert len(places) == run.times
        assert {kinds[place] for place in places} == {kinds[first]}
        covered += places
    assert sorted(covered) == list(range(len(kinds)))


@pytest.mark.parametrize(
    ("first", "last", "times", "name"),
    [
        ("relu1", "relu1", 1, "relu1"),
        ("relu1", "relu3", 3, "relu1…3"),
        ("stage2.1", "stage2.5", 5, "stage2.1…5"),
        ("relu61", "relu62", 2, "relu61…62"),
        ("enc", "enc.2", 3, "enc…enc.2"),
        ("a", "b", 2, "a…b"),
    ],
)
def test_a_run_is_named_by_its_ends(first: str, last: str, times: int, name: str) -> None:
    assert Folded(layer(0, first), layer(0, last), times).name == name


def test_the_tree_is_that_of_the_blocks(analysis: Analyse) -> None:
    branches = tree_of(
        analysis("""
            block inner(c):
                conv(c, 3) -> relu

            block outer(c):
                inner(c) -> inner(c)

            net nested:
                input image: [1, 32, 32]
                outer(4) as head
                repeat 2:
                    outer(4) as stage
        """)
    )
    assert [branch.name for branch in branches] == ["image", "head", "stage.0", "stage.1"]
    assert [branch.call for branch in branches] == ["", *["outer(c=4)"] * 3]
    assert [child.name for child in branches[1].children] == ["inner1", "inner2"]
    assert [child.call for child in branches[1].children] == ["inner(c=4)"] * 2
    assert len(branches[1].layers) == 4
    assert branches[1].kind != branches[2].kind
    assert branches[2].kind != branches[3].kind


def test_what_differs_in_size_is_no_repeat(analysis: Analyse) -> None:
    branches = tree_of(
        analysis("""
            net shrinking:
                input image: [1, 32, 32]
                repeat 4:
                    conv(1, 3)
        """)
    )
    assert len(fold(branches)) == 5


def test_a_long_net_is_folded_in_one_go() -> None:
    branches = [layer(number % 7) for number in range(20_000)]
    assert [run.times for run in fold(branches)] == [2857] * 7 + [1]
