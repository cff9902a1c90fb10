"""Where one cost is below another: trying every size is the oracle."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cnnspec.analysis.crossover import Run, runs_of, sign_changes
from cnnspec.dims import Dim, Quasi, Relation, evaluate, symbol
from cnnspec.dims.solutions import ALL_SIZES, solve

H = symbol("H")
numbers = st.integers(-40, 40)


@st.composite
def costs(draw: st.DrawFn) -> Dim:
    """Products of two sizes, and sums of them."""
    size = st.builds(
        lambda a, b, s: (a * H + b) // s, st.integers(1, 3), st.integers(-5, 5), st.integers(1, 3)
    )
    return draw(numbers) * draw(size) * draw(size) + draw(numbers) * draw(size) + 10 * draw(numbers)


@given(costs(), st.integers(1, 4))
def test_the_runs_say_the_sign_at_every_legal_size(cost: Dim, modulus: int) -> None:
    runs = runs_of(cost, "H", solve(Quasi(1, 1, (0,)), Relation.MULTIPLE, modulus))
    ends = runs[-1].high is None
    for size in range(modulus, 2000 if ends else runs[-1].high or 0, modulus):
        (run,) = [run for run in runs if run.low <= size and (run.high is None or size <= run.high)]
        value = evaluate(cost, {"H": size})
        assert run.sign == (value > 0) - (value < 0), size


@given(st.lists(st.integers(-30, 30), min_size=1, max_size=4))
def test_changes_of_sign_are_those_found_by_trying(values: list[int]) -> None:
    coefficients = [*values, 1]

    def sign(k: int) -> int:
        total, product = 0, 1
        for j, c in enumerate(coefficients):
            total += c * product
            product = product * (k - j) // (j + 1)
        return (total > 0) - (total < 0)

    assert [k for k in sign_changes(coefficients) if k < 400] == [
        k for k in range(1, 400) if sign(k) != sign(k - 1)
    ]


def test_a_parabola_and_a_line() -> None:
    assert runs_of(H * H - 10 * H, "H", ALL_SIZES) == [
        Run(1, 9, -1),
        Run(10, 10, 0),
        Run(11, None, 1),
    ]
