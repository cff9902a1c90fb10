"""Expressions: exact numbers against Python's, formulas against their values at every point."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cnnspec.dims import Symbolic, substitute, symbol
from cnnspec.graph import Tensor
from cnnspec.language import arithmetic, limits
from cnnspec.language.arithmetic import OPERATIONS, ArithmeticProblem, compare
from cnnspec.language.builtins import FUNCTIONS, call_function
from cnnspec.language.elaborate import elaborate
from cnnspec.language.spec import load_text
from cnnspec.language.truth import both, either, equal, negated
from cnnspec.language.values import UNKNOWN, Axes, Number, Outputs, Quotient, Undecided, Value, describe, show

numbers = st.one_of(st.integers(-50, 50), st.fractions(-20, 20, max_denominator=12)).map(
    lambda value: int(value) if value == int(value) else Fraction(value)
)
PYTHON: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": lambda a, b: Fraction(a // b),
    "%": operator.mod,
}
H, W = symbol("H"), symbol("W")


# --- numbers ------------------------------------------------------------------------------------------------


@given(numbers, st.sampled_from(list(PYTHON)), numbers)
def test_arithmetic_is_pythons_on_fractions(left: Number, sign: str, right: Number) -> None:
    assume(right != 0 or sign in "+-*")
    result = OPERATIONS[sign](left, right)
    assert result == PYTHON[sign](Fraction(left), Fraction(right))
    assert isinstance(result, int) == (Fraction(result).denominator == 1)


@given(st.integers(-9, 9), st.integers(0, 12))
def test_powers_are_pythons(base: int, exponent: int) -> None:
    assert OPERATIONS["**"](base, exponent) == base**exponent
    if base:
        assert OPERATIONS["**"](base, -exponent) == Fraction(1, base**exponent)


@pytest.mark.parametrize("sign", ["/", "//", "%"])
def test_nothing_is_divided_by_zero(sign: str) -> None:
    with pytest.raises(ArithmeticProblem, match="cannot divide by 0"):
        OPERATIONS[sign](3, 0)


@given(numbers, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), numbers)
def test_comparisons_are_pythons(left: Number, sign: str, right: Number) -> None:
    signs = {
        "==": operator.eq,
        "!=": operator.ne,
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
    }
    assert compare(left, sign, right) is signs[sign](left, right)


def test_long_numbers_are_refused_before_they_are_made() -> None:
    most = 2 ** (limits.MAX_BITS - 2)
    assert arithmetic.multiply(most, 1) == most
    for sign, left, right in [
        ("*", most, most),
        ("**", 10, 10**10),
        ("**", Fraction(1, 10), 10**10),
        ("+", most * 3, most),
    ]:
        with pytest.raises(ArithmeticProblem, match="4096 bits"):
            OPERATIONS[sign](left, right)
    assert OPERATIONS["**"](1, 10**100) == OPERATIONS["**"](-1, 10**100) == 1
    assert OPERATIONS["**"](0, 10**100) == 0


# --- formulas -----------------------------------------------------------------------------------------------


@st.composite
def formulas(draw: st.DrawFn, depth: int = 3) -> Number:
    """A number or formula made by the operations themselves."""
    if depth == 0 or draw(st.booleans()):
        return draw(
            st.one_of(st.just(H), st.just(W), st.integers(-6, 6), st.fractions(-3, 3, max_denominator=4))
        )
    left, right = draw(formulas(depth=depth - 1)), draw(formulas(depth=depth - 1))
    sign = draw(st.sampled_from(["+", "-", "*", "/", "//"]))
    if sign in ("/", "//"):
        right = draw(st.integers(1, 7))
    return OPERATIONS[sign](left, right)


def at(value: Number, **sizes: int) -> Fraction:
    """The value of a formula where its symbols have values."""
    if isinstance(value, Quotient):
        return Fraction(at(value.numerator, **sizes), value.divisor)
    if isinstance(value, Symbolic):
        known = substitute(value, sizes)
        assert isinstance(known, int)
        return Fraction(known)
    return Fraction(value)


@given(formulas(), st.sampled_from(list(PYTHON)), formulas(), st.integers(1, 40), st.integers(1, 40))
def test_arithmetic_on_formulas_is_arithmetic_on_their_values(
    left: Number, sign: str, right: Number, height: int, width: int
) -> None:
    if sign in ("/", "//", "%"):
        assume(isinstance(right, int | Fraction) and right != 0)
    result = OPERATIONS[sign](left, right)
    there = at(left, H=height, W=width), at(right, H=height, W=width)
    assert at(result, H=height, W=width) == PYTHON[sign](*there)


@given(
    formulas(),
    st.sampled_from(["==", "!=", "<", "<=", ">", ">="]),
    formulas(),
    st.integers(1, 40),
    st.integers(1, 40),
)
def test_a_comparison_that_is_decided_holds_everywhere(
    left: Number, sign: str, right: Number, height: int, width: int
) -> None:
    answer = compare(left, sign, right)
    if isinstance(answer, bool):
        here, there = at(left, H=height, W=width), at(right, H=height, W=width)
        assert compare(_plain(here), sign, _plain(there)) is answer


def _plain(value: Fraction) -> Number:
    return int(value) if value.denominator == 1 else value


def test_what_is_whole_for_all_values_is_no_quotient() -> None:
    assert OPERATIONS["/"](OPERATIONS["*"](6, H), 3) == OPERATIONS["*"](2, H)
    half = OPERATIONS["/"](H, 2)
    assert isinstance(half, Quotient)
    assert OPERATIONS["+"](half, half) == H
    assert OPERATIONS["*"](half, 4) == OPERATIONS["*"](2, H)
    assert OPERATIONS["//"](H, 2) == H // 2
    assert OPERATIONS["/"](OPERATIONS["*"](H, W), W) == H
    with pytest.raises(ArithmeticProblem, match="by a formula in H"):
        OPERATIONS["/"](W, H)


def test_what_is_known_of_symbols_decides() -> None:
    assert isinstance(compare(H, ">=", 32), Undecided)
    assert compare(H, ">=", 32, {"H": 32}) is True
    assert compare(H, "<", 32, {"H": 32}) is False
    assert compare(OPERATIONS["/"](H, 2), ">", 15, {"H": 32}) is True


# --- truth --------------------------------------------------------------------------------------------------

maybe = compare(H, ">", 5)


@pytest.mark.parametrize("known", [True, False])
def test_three_valued_logic(known: bool) -> None:
    assert both(known, maybe) == both(maybe, known) == (maybe if known else False)
    assert either(known, maybe) == either(maybe, known) == (True if known else maybe)
    assert negated(known) is not known


def test_negation_turns_a_comparison_round() -> None:
    assert negated(maybe) == compare(H, "<=", 5)
    assert negated(negated(maybe)) == maybe


def test_equality_of_lists_is_of_their_items() -> None:
    assert equal((1, H), (1, H), {}) is True
    assert equal((1, H), (2, H), {}) is False
    assert equal((1, 2), (1, 2, 3), {}) is False
    assert equal((1, H), (1, 5), {}) == compare(H, "==", 5)
    assert equal("same", 1, {}) is False
    assert equal(True, 1, {}) is False


# --- functions ----------------------------------------------------------------------------------------------


@given(numbers)
def test_rounding_is_pythons(value: Number) -> None:
    assert call_function("floor", [value]) == math.floor(value)
    assert call_function("ceil", [value]) == math.ceil(value)
    assert call_function("round", [value]) == math.floor(value + Fraction(1, 2))
    assert call_function("abs", [value]) == abs(value)


@given(st.lists(numbers, min_size=1, max_size=5))
def test_extremes_and_sums_are_pythons(values: list[Number]) -> None:
    assert call_function("max", values) == call_function("max", [tuple(values)]) == max(values)
    assert call_function("min", values) == min(values)
    assert call_function("sum", [tuple(values)]) == sum(values)
    assert call_function("len", [tuple(values)]) == len(values)


def make_divisible(v: float, divisor: int) -> int:
    """As the MobileNet authors wrote it (github.com/tensorflow/models, slim/nets/mobilenet)."""
    new_v = max(divisor, int(v + divisor / 2) // divisor * divisor)
    if new_v < 0.9 * v:
        new_v += divisor
    return new_v


@given(st.integers(1, 2000), st.sampled_from([1, 2, 4, 8, 16]), st.sampled_from([1, 2, 4]))
def test_divisible_is_the_authors(channels: int, unit: int, quarters: int) -> None:
    width = Fraction(quarters, 4)
    assert call_function("divisible", [_plain(channels * width), unit]) == make_divisible(
        float(channels * width), unit
    )


@pytest.mark.parametrize(
    ("value", "root"), [(0, 0), (49, 7), (Fraction(9, 4), Fraction(3, 2)), (10**40, 10**20)]
)
def test_roots(value: Number, root: Number) -> None:
    assert call_function("sqrt", [value]) == root


@given(st.integers(-20, 20), st.integers(-20, 20), st.integers(-5, 5).filter(bool))
def test_ranges_are_pythons(start: int, stop: int, step: int) -> None:
    assert call_function("range", [start, stop, step]) == tuple(range(start, stop, step))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_refuse_what_is_no_number(name: str) -> None:
    wrong: list[Value] = (
        [("same",)] if name in ("sum", "max", "min") else ["same", "same"][: FUNCTIONS[name].least]
    )
    if name == "len":
        wrong = [3]
    with pytest.raises(ArithmeticProblem, match="is needed, not"):
        call_function(name, wrong)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_count_their_values(name: str) -> None:
    with pytest.raises(ArithmeticProblem, match="takes"):
        call_function(name, [])


# --- text ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        (Fraction(1, 2), "0.5"),
        (Fraction(1, 3), "1/3"),
        (True, "true"),
        ("same", "same"),
        ((1, (2, Fraction(5, 2))), "[1, [2, 2.5]]"),
        (H // 2, "⌊H/2⌋"),
        (Quotient(H, 2), "H/2"),
        (Axes((5, 5)), "5"),
        (Axes((5, 3)), "[5, 3]"),
    ],
)
def test_values_are_shown_as_they_are_written(value: Value, text: str) -> None:
    assert show(value) == text


def test_kinds_of_values_have_names() -> None:
    tensor = Tensor("conv1", 0, (8, 4, 4))
    assert describe(tensor) == "a tensor [8, 4, 4]"
    assert describe(Outputs("heads", {"a": tensor, "b": tensor})) == "the 2 tensors of `heads`"
    assert describe(maybe) == "a condition on symbols"
    assert describe(UNKNOWN) == "something unknown"


# --- whole expressions --------------------------------------------------------------------------------------


@given(st.integers(0, 99), st.integers(1, 99), st.integers(1, 9))
def test_precedence_is_pythons(a: int, b: int, c: int) -> None:
    text = f"{a} + {b} * {c} - {a} // {c} % {b} + -{c} ** 2"
    assert value_of(text) == eval(text)  # noqa: S307 - the test's own numbers


def value_of(text: str) -> Value:
    """What an expression in a net's body comes to."""
    spec = load_text(f"net x(value = {text}):\n    input image: [1, 8, 8]\n    relu\n").spec
    assert spec is not None
    graph = elaborate(spec).graph
    assert graph is not None
    return graph.bindings["value"]
