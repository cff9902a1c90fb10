"""What arguments accept, and in which words they refuse."""

from __future__ import annotations

from fractions import Fraction

import pytest

from cnnspec.dims import symbol
from cnnspec.layers.arguments import (
    AMOUNT,
    AMOUNT_PER_AXIS,
    COUNT,
    FLAG,
    NUMBER_OF_PARTS,
    ORDER,
    PADDING,
    PARTS,
    PER_AXIS,
    PROBABILITY,
    REAL,
    SHAPE,
    SIDES,
    ArgumentProblem,
    Kind,
    choice,
    describe,
)

H = symbol("H")
MODE = choice("nearest", "linear")


@pytest.mark.parametrize(
    ("kind", "value", "accepted"),
    [
        (COUNT, 3, 3),
        (COUNT, Fraction(6, 2), 3),
        (COUNT, H, H),
        (AMOUNT, 0, 0),
        (PER_AXIS, 3, 3),
        (PER_AXIS, (3, H), (3, H)),
        (AMOUNT_PER_AXIS, (0, 1), (0, 1)),
        (PADDING, "same", "same"),
        (PADDING, "valid", "valid"),
        (PADDING, 0, 0),
        (PADDING, (1, (2, 3)), (1, (2, 3))),
        (SIDES, ((1, 2), 3), ((1, 2), 3)),
        (FLAG, True, True),
        (REAL, 2, Fraction(2)),
        (REAL, Fraction(1, 3), Fraction(1, 3)),
        (PROBABILITY, 0, Fraction(0)),
        (MODE, "linear", "linear"),
        (SHAPE, 12, (12,)),
        (SHAPE, (64, H), (64, H)),
        (ORDER, (0, 2, 1), (0, 2, 1)),
        (PARTS, 2, 2),
        (PARTS, (32, H), (32, H)),
        (NUMBER_OF_PARTS, 4096, 4096),
    ],
)
def test_accepted(kind: Kind, value: object, accepted: object) -> None:
    result = kind.accept(value)
    assert result == accepted
    assert type(result) is type(accepted)


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        (COUNT, 0, "must be at least 1, not 0"),
        (COUNT, Fraction(5, 2), "must be a whole number, not 2.5"),
        (COUNT, True, "must be a whole number, not true"),
        (COUNT, "same", "must be a whole number, not `same`"),
        (COUNT, (3, 3), "must be a whole number, not (3, 3)"),
        (AMOUNT, -1, "must be at least 0, not -1"),
        (PER_AXIS, (3, 0), "must be at least 1, not 0"),
        (PER_AXIS, ((3, 3), 3), "must be a whole number, not (3, 3)"),
        (PER_AXIS, (), "needs one value an axis, not ()"),
        (PADDING, "full", "must be `same`, `valid` or amounts, not `full`"),
        (PADDING, (1, (2, 3, 4)), "takes (before, after) an axis, not (2, 3, 4)"),
        (PADDING, -1, "must be at least 0, not -1"),
        (FLAG, 1, "must be true or false, not 1"),
        (REAL, "x", "must be a number, not `x`"),
        (REAL, True, "must be a number, not true"),
        (PROBABILITY, 1, "must be at least 0 and less than 1, not 1"),
        (MODE, "cubic", "must be `nearest` or `linear`, not `cubic`"),
        (MODE, 3, "must be `nearest` or `linear`, not 3"),
        (SHAPE, (0, 3), "must be at least 1, not 0"),
        (ORDER, 3, "must list the axes in their new order, such as (0, 2, 1), not 3"),
        (ORDER, (0, H), "must list the axes in their new order, such as (0, 2, 1), not (0, H)"),
        (PARTS, H, "must be a known number, not H"),
        (PARTS, 10**9, "must be at most 4,096, not 1,000,000,000"),
        (PARTS, (1,) * 5000, "must be at most 4,096, not 5,000"),
        (NUMBER_OF_PARTS, (2, 2), "must be a whole number, not (2, 2)"),
    ],
)
def test_refused(kind: Kind, value: object, words: str) -> None:
    with pytest.raises(ArgumentProblem) as problem:
        kind.accept(value)
    assert problem.value.message == words


def test_values_are_described_as_they_are_written() -> None:
    assert describe((1, "same", Fraction(1, 2), False, 2 * H)) == "(1, `same`, 0.5, false, 2·H)"
    assert describe(10**5000) == "≈10^5000"
    assert describe(tuple(range(100))) == "(0, 1, 2, 3, 4, 5, 6, 7, …)"
