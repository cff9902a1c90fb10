"""Legal sizes in words."""

from __future__ import annotations

import pytest

from cnnspec.analysis.size_text import set_text
from cnnspec.diagnostics.styled import plain
from cnnspec.dims.solutions import ALL_SIZES, NO_SIZES, SizeSet, between
from cnnspec.report.sizes import repair


def multiples(number: int, least: int | None = None) -> SizeSet:
    return SizeSet(((least or number, None), *(None,) * (number - 1)))


@pytest.mark.parametrize(
    ("allowed", "text"),
    [
        (ALL_SIZES, "any H"),
        (NO_SIZES, "no H"),
        (between(7, None), "H ≥ 7"),
        (between(29, 32), "29 ≤ H ≤ 32"),
        (between(5, 5), "H = 5"),
        (multiples(16), "H ≡ 0 (mod 16)"),
        (multiples(16, 64), "H ≡ 0 (mod 16), H ≥ 64"),
        (multiples(4) & between(1, 17), "H ∈ {4, 8, 12, 16}"),
        (SizeSet((None, (1, None), (2, None))), "H ≢ 0 (mod 3)"),
        (SizeSet(((8, None), (1, None), *(None,) * 6)), "H ≡ 0, 1 (mod 8)"),
        (SizeSet(((8, None), (1, None), (2, None), *(None,) * 3, (6, None), None)), "H ≡ 0…2, 6 (mod 8)"),
        (multiples(2) & between(1, 1000), "H ≡ 0 (mod 2), 2 ≤ H ≤ 1000"),
    ],
)
def test_sets_are_said_as_the_field_says_them(allowed: SizeSet, text: str) -> None:
    assert set_text("H", allowed) == text


def test_the_nearest_legal_size_is_the_cheapest_repair() -> None:
    assert plain(repair("H", 300, multiples(16))) == "H = 300 is not legal: pad 4 to 304, or crop 12 to 288"
    assert plain(repair("H", 5, multiples(16))) == "H = 5 is not legal: pad 11 to 16"
    assert plain(repair("H", 32, multiples(16))) == "H = 32 is legal"
    assert plain(repair("H", 3, NO_SIZES)) == "H = 3 is not legal: no size is"
