"""How sizes read."""

from __future__ import annotations

import pytest
from dims.expressions import Expression, expressions
from hypothesis import given, settings

from cnnspec.dims import Dim, Quasi, ceil_div, digits, maximum, minimum, one_symbol, render, symbol

H, W, C = symbol("H"), symbol("W"), symbol("classes")


@pytest.mark.parametrize(
    ("dim", "text"),
    [
        (224, "224"),
        (-3, "−3"),
        (H, "H"),
        (2 * H - 1, "2·H − 1"),
        (2 * H + 2, "2·H + 2"),
        (-H, "−H"),
        (5 - H, "−H + 5"),
        ((H + 3) // 4, "⌊(H + 3)/4⌋"),
        (H // 2, "⌊H/2⌋"),
        ((H - 11) // 4 + 1, "⌊(H − 7)/4⌋"),
        (2 * (H // 2), "2·⌊H/2⌋"),
        (2 * (H // 2) + 1, "2·⌊H/2⌋ + 1"),
        (2 * (H // 2) + 4, "2·⌊(H + 4)/2⌋"),
        (-(H // 2), "−⌊H/2⌋"),
        ((3 * H) // 2, "⌊3·H/2⌋"),
        ((3 * H + 1) // 2 + 1, "⌊(3·H + 3)/2⌋"),
        (H % 4, "(H mod 4)"),
        (H // 4 + H // 2, "⌊H/2⌋ + ⌊H/4⌋"),
        (7 * H + 100 * (H // 2) + 30 * ((H + 1) // 4) - 5, "7·H + 100·⌊H/2⌋ + 30·⌊(H + 1)/4⌋ − 5"),
        (3 * ((H - 7) // 4) * ((W - 7) // 4), "3·⌊(H − 7)/4⌋·⌊(W − 7)/4⌋"),
        (
            9 * H * W + 5 * (H // 2) * (W // 2) + 3 * (H // 4) * (W // 4),
            "9·H·W + 5·⌊H/2⌋·⌊W/2⌋ + 3·⌊H/4⌋·⌊W/4⌋",
        ),
        (((((H + 1) // 2 + 1) // 2) + 1) // 2, "⌊(H + 7)/8⌋"),
        (64 * H * W, "64·H·W"),
        (64 * (H - 2) * (W - 2), "64·(H − 2)·(W − 2)"),
        (64 * ((H + 3) // 4) * ((W + 3) // 4), "64·⌊(H + 3)/4⌋·⌊(W + 3)/4⌋"),
        (4096 * C + 4096, "4096·classes + 4096"),
        (9 * H * W + 10 * C, "9·H·W + 10·classes"),
        (H * H, "H²"),
        (3 * H * H * W, "3·H²·W"),
        (H + W, "H + W"),
        ((H + W) // 2, "⌊(H + W)/2⌋"),
        ((H * W) // 3, "⌊H·W/3⌋"),
        (H // W, "⌊H/W⌋"),
        (H // (W + 1), "⌊H/(W + 1)⌋"),
        (H // 10**9, "⌊H/1000000000⌋"),
        (maximum(H, W), "max(H, W)"),
        (minimum(H, W), "min(H, W)"),
        (2 * minimum(H, 7), "2·min(7, H)"),
        (H % 2 * 0, "0"),
    ],
)
def test_a_size_reads_as_one_would_write_it(dim: Dim, text: str) -> None:
    assert render(dim) == text


def test_numbers_of_any_length_can_be_shown() -> None:
    assert render(10**399) == "1" + "0" * 399
    assert render(-(10**4000) * H) == "−≈10^4000·H"
    assert digits(61_706, grouped=True) == "61,706"


def test_a_function_without_a_short_form_shows_its_table() -> None:
    assert render((H % 5) * 3 % 5) == "[0, 3, 1, 4, 2][H mod 5]"
    table = (0, 3, 1, 9, 2, 2, 8, 7, 20, 4, 6)
    assert render(one_symbol("H", Quasi(11, 11, table))) == (
        "11·⌊H/11⌋ + [0, 3, 1, 9, 2, 2, 8, 7, 20, 4, 6][H mod 11]"
    )
    assert "…" in render(one_symbol("H", Quasi(0, 22, (5, *table, *table[1:]))))


def test_a_sum_of_floors_is_taken_apart_again() -> None:
    assert render(ceil_div(H, 97) * 2 - H // 89) == "−⌊H/89⌋ + 2·⌊(H + 96)/97⌋"
    assert render(H // 7 * 7 + (H % 7) * 3 % 7) == "3·H − 7·⌊(H + 4)/7⌋ − 7·⌊(H + 2)/7⌋"


@settings(max_examples=200, deadline=None)
@given(expressions("H", products=False))
def test_a_readable_form_means_the_size(expression: Expression) -> None:
    """What is written as a formula of floors is read back by Python's arithmetic."""
    text = render(expression.dim)
    if any(mark in text for mark in ("mod", "max", "min")):
        return
    python = text
    for sign, operator in {"⌊": "(", "⌋": ")", "/": "//", "·": "*", "−": "-", "²": "**2", "³": "**3"}.items():
        python = python.replace(sign, operator)
    for n in (1, 2, 5, 17, 100):
        assert _value(python, n) == expression.value({"H": n})


def _value(text: str, n: int) -> int:
    return eval(text, {"__builtins__": {}}, {"H": n})  # noqa: S307 - the text is our own
