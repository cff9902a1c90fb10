"""Did you mean …?"""

from __future__ import annotations

import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnspec.diagnostics.suggest import edit_distance, nearest
from cnnspec.layers import LAYERS

words = st.text(string.ascii_lowercase, max_size=8)


@pytest.mark.parametrize(
    ("left", "right", "distance"),
    [
        ("", "", 0),
        ("conv", "conv", 0),
        ("cnov", "conv", 1),
        ("con", "conv", 1),
        ("relu", "gelu", 1),
        ("abc", "xyz", 3),
    ],
)
def test_distances(left: str, right: str, distance: int) -> None:
    assert edit_distance(left, right) == distance


@given(words, words)
def test_a_distance_is_the_same_from_both_sides_and_bounded(left: str, right: str) -> None:
    distance = edit_distance(left, right)
    assert distance == edit_distance(right, left)
    assert abs(len(left) - len(right)) <= distance <= max(len(left), len(right))
    assert (distance == 0) == (left == right)


@given(st.sampled_from(list(LAYERS)), st.integers(0, 20), st.sampled_from("abxz"), st.integers(0, 3))
def test_one_slip_in_a_layer_is_understood(word: str, place: int, letter: str, kind: int) -> None:
    """One letter dropped, added, replaced or swapped: the word meant is as near as any."""
    place %= len(word)
    slips = [
        word[:place] + word[place + 1 :],
        word[:place] + letter + word[place:],
        word[:place] + letter + word[place + 1 :],
        word[:place] + word[place + 1 : place + 2] + word[place : place + 1] + word[place + 2 :],
    ]
    found = nearest(slips[kind], LAYERS)
    assert found is not None
    assert edit_distance(found, slips[kind]) <= 1 or found == word


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("BatchNorm", None),
        ("MaxPool", "maxpool"),
        ("globalavgpool", "global_avgpool"),
        ("zzz", None),
        ("", None),
    ],
)
def test_case_and_underscores_do_not_matter(word: str, meant: str | None) -> None:
    assert nearest(word, LAYERS) == meant


def test_long_words_take_no_time() -> None:
    start = time.process_time()
    assert nearest("x" * 100_000, ["y" * 100_000, *LAYERS]) is None
    assert time.process_time() - start < 0.1


def test_a_name_that_has_nothing_of_the_word_is_not_meant() -> None:
    assert nearest("Q", ["H", "W"]) is None
    assert nearest("h", ["H", "W"]) == "H"
    assert nearest("hh", ["H", "W"]) == "H"
