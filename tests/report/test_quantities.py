"""Numbers as people read them."""

from __future__ import annotations

from fractions import Fraction

from cnnspec.dims import symbol
from cnnspec.report.quantities import exact, per_axis, ratio_text, wrap_formula

H = symbol("H")


def test_formulas_stay_formulas() -> None:
    assert exact(H * 2 + 1) == "2·H + 1"


def test_what_is_the_same_on_all_axes_is_said_once() -> None:
    assert per_axis(["7", "7"]) == "7"
    assert per_axis(["3", "5"]) == "3×5"
    assert ratio_text(Fraction(1, 2)) == "1/2"
    assert ratio_text(Fraction(4)) == "4"
    assert ratio_text(None) == ""


def test_formulas_are_broken_before_signs_and_not_within_brackets() -> None:
    text = "9408·⌊(H + 1)/2⌋·⌊(W + 1)/2⌋ + 245760·⌊(H + 3)/4⌋ − 12"
    assert wrap_formula(text, 36) == ["9408·⌊(H + 1)/2⌋·⌊(W + 1)/2⌋", "+ 245760·⌊(H + 3)/4⌋ − 12"]
    assert wrap_formula(text, None) == [text]


def test_a_term_wider_than_the_line_is_broken_where_it_can_be() -> None:
    lines = wrap_formula("⌊(H + 1)/2⌋·⌊(W + 1)/2⌋", 12)
    assert max(map(len, lines)) <= 16
    assert " ".join(lines) == "⌊(H + 1)/2⌋·⌊(W + 1)/2⌋"
