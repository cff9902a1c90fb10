"""Numbers as people read them."""

from __future__ import annotations

from fractions import Fraction

from cnnspec.dims import symbol
from cnnspec.report.quantities import exact, per_axis, ratio_text

H = symbol("H")


def test_formulas_stay_formulas() -> None:
    assert exact(H * 2 + 1) == "2·H + 1"


def test_what_is_the_same_on_all_axes_is_said_once() -> None:
    assert per_axis(["7", "7"]) == "7"
    assert per_axis(["3", "5"]) == "3×5"
    assert ratio_text(Fraction(1, 2)) == "1/2"
    assert ratio_text(Fraction(4)) == "4"
    assert ratio_text(None) == ""
