"""Index maps against the sets of indices that they are the hulls of."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from cnnspec.dims import UNIT, IndexMap, symbol

Reads = Callable[[set[int]], set[int]]
Step = tuple[IndexMap, Reads]


def window(stride: int, kernel: int, dilation: int, before: int) -> Step:
    extent = dilation * (kernel - 1) + 1
    taps = [dilation * tap - before for tap in range(kernel)]
    return IndexMap.window(stride, extent, before), lambda units: {
        stride * i + t for i in units for t in taps
    }


def nearest(factor: int) -> Step:
    return IndexMap(UNIT // factor, UNIT // factor), lambda units: {i // factor for i in units}


def shifted(offset: int) -> Step:
    return IndexMap.shifted(offset), lambda units: {i + offset for i in units}


def flipped(size: int) -> Step:
    return IndexMap.flipped(size), lambda units: {size - 1 - i for i in units}


@st.composite
def steps(draw: st.DrawFn) -> Step:
    match draw(st.sampled_from(["window", "window", "nearest", "shifted", "flipped"])):
        case "window":
            numbers = [draw(st.integers(1, 3)), draw(st.integers(1, 5)), draw(st.integers(1, 3))]
            return window(*numbers, draw(st.integers(0, 3)))
        case "nearest":
            return nearest(draw(st.integers(1, 3)))
        case "shifted":
            return shifted(draw(st.integers(-5, 5)))
        case _:
            return flipped(draw(st.integers(1, 50)))


@settings(max_examples=400, deadline=None)
@given(st.lists(steps(), min_size=1, max_size=7), st.integers(-20, 60))
def test_the_hull_of_a_chain(chain: list[Step], unit: int) -> None:
    hull, units = IndexMap.IDENTITY, {unit}
    for step, reads in chain:
        hull, units = hull.then(step), reads(units)
    assert hull.at(unit) == (min(units), max(units))


@settings(max_examples=200, deadline=None)
@given(st.lists(steps(), min_size=3, max_size=3))
def test_composition_is_associative(chain: list[Step]) -> None:
    a, b, c = (step for step, _ in chain)
    for unit in (0, 1, 7):
        assert a.then(b).then(c).at(unit) == a.then(b.then(c)).at(unit)


@settings(max_examples=200, deadline=None)
@given(steps(), steps(), st.integers(0, 30))
def test_branches_that_meet(first: Step, second: Step, unit: int) -> None:
    joined = first[0].joined(second[0])
    units = first[1]({unit}) | second[1]({unit})
    assert joined.at(unit) == (min(units), max(units))


def test_identity_changes_nothing() -> None:
    conv = IndexMap.window(2, 3, 1)
    assert conv.then(IndexMap.IDENTITY) == conv
    assert IndexMap.IDENTITY.then(conv) == conv


def test_reading_everything_hides_what_comes_before() -> None:
    whole = IndexMap.everything(7)
    assert whole.at(3) == (0, 6)
    assert whole.then(IndexMap.window(2, 3, 1)).at(3) == (-1, 13)
    assert whole.then(IndexMap.window(2, 3, 1)).size == 15


def test_sizes_of_receptive_fields() -> None:
    """VGG's first two blocks: 3×3, 3×3, pool, 3×3, 3×3 see 5, 6 and 14 pixels."""
    conv, pool = IndexMap.window(1, 3, 1), IndexMap.window(2, 2, 0)
    assert conv.then(conv).size == 5
    assert pool.then(conv).then(conv).size == 6
    assert conv.then(conv).then(pool).then(conv).then(conv).size == 14


def test_an_axis_of_symbolic_size() -> None:
    height = symbol("H")
    whole = IndexMap.everything(height)
    assert whole.size == height
    assert whole.at(0, H=32) == (0, 31)
    assert IndexMap.flipped(height).then(IndexMap.window(2, 3, 1)).at(1, H=10) == (15, 17)
    assert IndexMap.window(2, 3, 1).then(IndexMap.flipped(height)).at(1, H=10) == (6, 8)
    assert IndexMap.shifted(-height).substitute({"H": 5}) == IndexMap.shifted(-5)


def test_the_pace_shows_in_the_phases() -> None:
    """Nearest upsampling between two convolutions: units see 3 or 4 pixels, by turns."""
    conv = IndexMap.window(1, 3, 1)
    field = conv.then(nearest(2)[0]).then(conv)
    assert [field.at(i)[1] - field.at(i)[0] + 1 for i in range(4)] == [4, 4, 4, 4]
    wide = IndexMap.window(1, 2, 0).then(nearest(2)[0])
    assert [wide.at(i)[1] - wide.at(i)[0] + 1 for i in range(4)] == [1, 2, 1, 2]
