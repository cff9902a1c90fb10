"""Counts and bytes in round figures."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnspec.dims import symbol
from cnnspec.dims.units import in_bytes, rounded

H = symbol("H")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, ""),
        (999, ""),
        (1000, "1.00 K"),
        (61_706, "61.7 K"),
        (416_520, "417 K"),
        (999_499, "999 K"),
        (999_500, "1.00 M"),
        (999_999, "1.00 M"),
        (25_557_032, "25.6 M"),
        (4_089_184_256, "4.09 G"),
        (10**27, "1,000 Y"),
        (10**30, "1,000,000 Y"),
        (-25_557_032, "-25.6 M"),
    ],
)
def test_round_figures_have_three_digits_and_a_unit(value: int, text: str) -> None:
    assert rounded(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.00 KiB"),
        (246_824, "241 KiB"),
        (102_440_820, "97.7 MiB"),
        (8 * 10**402, "≈10^403 B"),
    ],
)
def test_bytes_have_binary_units(value: int, text: str) -> None:
    assert in_bytes(value) == text


@given(st.integers(min_value=1000, max_value=10**60))
def test_round_figures_are_right_to_half_a_unit_of_the_last_place(value: int) -> None:
    amount, unit = rounded(value).split(" ")
    power = 1000 ** "KMGTPEZY".index(unit) * 1000
    digits = amount.replace(",", "")
    places = len(digits.partition(".")[2])
    assert abs(Fraction(digits) * power - value) <= Fraction(power, 2 * 10**places)
    assert len(digits.replace(".", "")) >= 3


def test_formulas_have_no_round_figures() -> None:
    assert rounded(H) == ""
    assert in_bytes(H * 4) == "4·H B"
