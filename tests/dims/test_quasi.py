"""Quasi-linear functions against their definition, value by value."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from cnnspec.dims.quasi import (
    IDENTITY,
    MAX_PERIOD,
    Quasi,
    added,
    composed,
    floor_quotient,
    greater,
    shifted,
)
from cnnspec.dims.substitution import sum_of_floors

RANGE = range(-60, 60)


@st.composite
def functions(draw: st.DrawFn) -> Quasi:
    period = draw(st.integers(1, 8))
    table = draw(st.lists(st.integers(-20, 20), min_size=period, max_size=period))
    return Quasi(draw(st.integers(-9, 9)), period, tuple(table))


@given(functions())
def test_the_least_form_has_the_same_values_and_no_shorter_period(f: Quasi) -> None:
    stretched = Quasi(f.step * 6, f.period * 6, tuple(f(n) for n in range(f.period * 6)))
    assert stretched == f
    assert (stretched.step, stretched.period) == (f.step, f.period)
    repeats = [t for t in range(1, f.period) if len({f(n + t) - f(n) for n in range(f.period)}) == 1]
    assert not repeats


@given(functions(), functions())
def test_sums(f: Quasi, g: Quasi) -> None:
    total = added(f, g)
    assert total is not None
    assert all(total(n) == f(n) + g(n) for n in RANGE)


@given(functions(), st.integers(-50, 50), st.integers(-5, 5))
def test_shifts_and_multiples(f: Quasi, amount: int, factor: int) -> None:
    assert all(shifted(f, amount)(n) == f(n) + amount for n in RANGE)
    assert all(f.multiplied(factor)(n) == f(n) * factor for n in RANGE)


@given(functions(), st.integers(1, 30))
def test_floors_of_quotients(f: Quasi, divisor: int) -> None:
    quotient = floor_quotient(f, divisor)
    assert quotient is not None
    assert all(quotient(n) == f(n) // divisor for n in RANGE)


@given(functions(), functions())
def test_composition(f: Quasi, g: Quasi) -> None:
    inside = composed(f, g)
    assert inside is not None
    assert all(inside(n) == f(g(n)) for n in RANGE)


@given(functions(), functions())
def test_the_greater_of_two_parallel_functions(f: Quasi, g: Quasi) -> None:
    upper = greater(f, g)
    assert (upper is None) == (f.step * g.period != g.step * f.period)
    if upper is not None:
        assert all(upper(n) == max(f(n), g(n)) for n in RANGE)


@given(functions())
def test_every_function_is_a_sum_of_floors(f: Quasi) -> None:
    floors, constant = sum_of_floors(f)
    assert all(
        f(n) == constant + sum(factor * ((n + offset) // f.period) for offset, factor in floors)
        for n in RANGE
    )


@given(functions(), st.integers(-20, 20))
def test_extremes_from_a_start(f: Quasi, start: int) -> None:
    later = range(start, start + 200)
    if f.step >= 0:
        assert f.least_from(start) == min(f(n) for n in later)
    if f.step <= 0:
        assert f.greatest_from(start) == max(f(n) for n in later)


@given(functions())
def test_the_content_divides_all_differences(f: Quasi) -> None:
    differences = [f(n) - f(0) for n in RANGE]
    if f.content:
        assert all(difference % f.content == 0 for difference in differences)
    else:
        assert not any(differences)


@settings(max_examples=300)
@given(st.data())
def test_a_chain_of_windows_is_one_function(data: st.DataObject) -> None:
    """EXACT.md: floors, ceilings and multiples, ten deep, agree with step by step evaluation."""
    function, steps = IDENTITY, []
    for _ in range(data.draw(st.integers(1, 10))):
        stride = data.draw(st.sampled_from([1, 1, 2, 2, 3]))
        room = data.draw(st.integers(-4, 4))
        grows = data.draw(st.booleans()) and function.period * stride < 2000
        if grows:
            function = shifted(function.multiplied(stride), room)
            steps.append((stride, 1, room))
        else:
            quotient = floor_quotient(shifted(function, room), stride)
            assert quotient is not None
            function = quotient
            steps.append((1, stride, room))
    for n in range(300, 420):
        value = n
        for factor, divisor, room in steps:
            value = value * factor + room if divisor == 1 else (value + room) // divisor
        assert function(n) == value


def test_a_table_that_would_be_too_long_is_not_made() -> None:
    twice = IDENTITY.multiplied(2)
    assert floor_quotient(twice, MAX_PERIOD - 1) is not None
    assert floor_quotient(twice, MAX_PERIOD + 1) is None
    assert floor_quotient(IDENTITY.multiplied(10**9), 10**9) == IDENTITY


def test_long_strides_need_no_table() -> None:
    function, times = IDENTITY, 10
    for stride in (2, 3, 5, 7) * times:
        quotient = floor_quotient(shifted(function, -1), stride)
        assert quotient is not None
        function = quotient
    assert (len(function.values), function.run) == (1, 210**times)
    coarse = floor_quotient(function, 2)
    assert coarse is not None
    difference = added(function, coarse.multiplied(-2))
    assert difference is not None
    assert (difference.step, len(difference.values), difference.run) == (0, 2, 210**times)


@given(functions(), functions(), st.integers(1, 40), st.integers(-40, 40))
def test_runs_are_told_by_their_length(f: Quasi, g: Quasi, run: int, phase: int) -> None:
    """What is constant over runs combines with what is not, and runs are found again in a table."""
    phase %= run
    slow = Quasi(f.step, len(f.values), f.values, run, phase)
    assert slow == Quasi(slow.step, slow.period, tuple(slow(n) for n in range(slow.period)))
    total, inside, outside = added(slow, g), composed(slow, g), composed(g, slow)
    assert total is not None
    assert inside is not None
    assert outside is not None
    for n in RANGE:
        assert slow(n) == f.in_run((n + phase) // run)
        assert (total(n), inside(n), outside(n)) == (slow(n) + g(n), slow(g(n)), g(slow(n)))


@given(functions())
def test_envelopes(f: Quasi) -> None:
    if f.step >= 0:
        lower, upper = f.lower_envelope(), f.upper_envelope()
        for n in RANGE:
            assert lower(n) == min(f(later) for later in range(n, n + 10))
            assert upper(n) == max(f(earlier) for earlier in range(n - 10, n + 1))
