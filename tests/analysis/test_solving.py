"""Solving for `?`: trying every value of every hole is the oracle."""

from __future__ import annotations

import itertools
import random

import pytest

from cnnspec import pipeline
from cnnspec.analysis.solving import filled, solve
from cnnspec.diagnostics import DiagnosticError
from cnnspec.language.bounds import sought
from cnnspec.language.spec import Spec

STEM = """
net stem():
    input image: [3, 227, 227]
    conv(96, ?kernel in 1..12, stride=?stride in 1..6, pad=?pad in 0..4) as c
    output relu
    expect c.height == 55
"""

PLAIN = """
net plain(width = ?width in 4..24):
    input image: [3, 20, 20]
    conv(width, 3, pad=1) -> relu
    repeat ?depth in 1..6:
        conv(width, 3, pad=1) -> bn -> relu
    global_avgpool -> flatten
    output linear(10)
    expect params <= 20K
    expect receptive_field >= 7
    expect macs >= 1M
"""

MEMORY = """
net deep(width = ?width in 1..12):
    input image: [3, 16, 16]
    conv(width, 3, pad=1) -> relu -> maxpool(2) -> conv(2*width, 3) -> relu
    output global_avgpool
    expect memory.train(batch=4) <= 120K
"""

UNEVEN = """
block unit(k, s):
    conv(6, k, stride=s, pad=k // 2) -> relu
    expect it.height >= 3

net uneven():
    input image: [4, H, 24] where H >= 16
    unit(?k in 1..5, ?s in 1..3) -> maxpool(?p in 1..4) as pool
    conv(8, 3, pad=?, groups=?g in 1..6) as last
    output relu
    expect last.width == pool.width or k_is_odd
"""

GROUPS = """
net groups():
    input image: [12, 9]
    conv(?out in 1..30, 3, groups=?g in 1..12) as c
    output relu
    expect 200 < params <= 400
    expect c.length == 7
"""

BRANCHES = """
net branches():
    input image: [2, 17, 17]
    left = conv(3, ?k in 1..5, stride=?s in 1..3)
    right = conv(3, ?j in 1..5, stride=2, pad=?q in 0..2)
    if ?flag in 0..1 == 1:
        output left + right
    else:
        output concat(left, right)
    expect output.height >= 6
"""

TOLERANCE = """
net around():
    input image: [1, 30]
    conv(?c in 1..40, 5) -> relu -> flatten
    output linear(?f in 1..20)
    expect params == 9000 within 5%
"""


def loaded(text: str) -> Spec:
    found = pipeline.load_text(text)
    assert found.spec is not None, found.diagnostics
    assert not found.diagnostics, found.diagnostics
    return found.spec


def tried(spec: Spec) -> set[tuple[int, ...]]:
    """Every combination with which the net is made and nothing is found wrong with it."""
    holes = sought(spec, None)
    good: set[tuple[int, ...]] = set()
    for values in itertools.product(*(hole.values for hole in holes)):
        bindings = {hole.key: value for hole, value in zip(holes, values, strict=True)}
        made = pipeline.elaborate(spec, bindings=bindings)
        if made.graph is not None and not pipeline.check_contracts(spec, pipeline.analyse(made.graph)):
            good.add(values)
    return good


@pytest.mark.parametrize("text", [STEM, PLAIN, MEMORY, GROUPS, BRANCHES, TOLERANCE])
def test_the_solutions_are_those_that_trying_everything_finds(text: str) -> None:
    spec = loaded(text)
    found = solve(spec).solutions
    assert found, "the example has solutions"
    assert {tuple(solution.values.values()) for solution in found} == tried(spec)


def random_spec(seed: int) -> str:
    """Two or three windows with holes in them, and an expectation that holds for one choice of values."""
    draw = random.Random(seed)  # noqa: S311
    rank = draw.choice((1, 2))
    sizes = ", ".join(str(draw.randint(7, 30)) for _ in range(rank))
    lines = [f"    input x: [{draw.choice((2, 4, 6))}, {sizes}]"]
    for number in range(draw.randint(1, 2)):
        word = draw.choice(("conv", "maxpool", "conv_transpose"))
        out = "" if word == "maxpool" else f"{draw.choice((2, 4))}, "
        pad = draw.choice(("pad=0", f"pad=?p{number} in 0..2"))
        lines.append(f"    {word}({out}?k{number} in 1..5, stride=?s{number} in 1..3, {pad}) as c{number}")
        wanted = draw.randint(2, 12)
        what = draw.choice(("height", "shape[1]")) if rank == 2 else "length"
        lines.append(f"    expect c{number}.{what} {draw.choice(('==', '>=', '<=', '!='))} {wanted}")
    if draw.random() < 0.5:
        lines.append(f"    expect receptive_field {draw.choice(('>=', '<='))} {draw.randint(2, 20)}")
    return "\n".join(
        ["net random():", *lines, "    output relu", f"    expect macs <= {draw.randint(1, 40)}K", ""]
    )


@pytest.mark.parametrize("part", range(6))
def test_random_specs_have_the_solutions_that_trying_everything_finds(part: int) -> None:
    for seed in range(part, 18, 6):
        spec = loaded(random_spec(seed))
        assert {tuple(solution.values.values()) for solution in solve(spec).solutions} == tried(spec), seed


def test_padding_that_keeps_a_size_is_found_for_all_sizes_at_once() -> None:
    spec = loaded(
        """
net keep():
    input image: [3, H, W]
    conv(8, 5, pad=?) as c -> conv(8, 7, pad=?, dilation=2) as d
    output relu
    expect c.height == H
    expect d.shape == [8, H, W]
"""
    )
    (solution,) = solve(spec).solutions
    assert list(solution.values.values()) == [2, 6]


def test_full_budgets_come_first_then_small_values() -> None:
    found = solve(loaded(PLAIN)).solutions
    assert [use.text for use in found[0].uses] == ["params <= 20K"]
    shares = [solution.uses[0].share for solution in found]
    assert shares == sorted(shares, reverse=True)
    stems = [tuple(solution.values.values()) for solution in solve(loaded(STEM)).solutions]
    assert stems == sorted(stems, key=lambda values: (sum(values), values))


def test_where_there_is_none_the_nearest_values_say_what_they_miss() -> None:
    solved = solve(loaded(STEM.replace("== 55", "== 500")))
    assert not solved.solutions
    assert solved.nearest == {"?kernel": 1, "?stride": 1, "?pad": 4}
    (finding,) = solved.findings
    assert finding.message == "`c.height` is 235, expected 500"


def test_where_no_net_is_possible_the_layer_says_so() -> None:
    solved = solve(loaded(STEM.replace("1..12", "300..310").replace("?pad in 0..4", "0")))
    assert (solved.solutions, solved.nearest) == ((), None)
    assert solved.findings[0].code == "window-too-large"


def test_one_name_is_one_unknown() -> None:
    spec = loaded(
        """
net twice():
    input image: [1, 9, 9]
    conv(?c in 1..9, 3) -> conv(?c, 3)
    output relu
    expect params == 9*4 + 4 + 9*4*4 + 4 - 4 + 4
"""
    )
    (solution,) = solve(spec).solutions
    assert solution.values == {"?c": 4}


def test_the_text_with_a_solution_put_in_is_a_spec_that_holds() -> None:
    spec = loaded(STEM)
    text = filled(spec, sought(spec, None), solve(spec).solutions[0].values)
    assert "conv(96, 8, stride=4, pad=0) as c" in text
    assert pipeline.check(loaded(text)) == ()


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("1..12", "5..2", "bad-argument"),
        ("1..12", "1..(3*H)", "unknown-name"),
        ("1..12", "1..10M", "limit"),
        ("c.height", "c.hight", "unknown-attribute"),
        ("== 55", "== ?", "unbound-symbol"),
    ],
)
def test_what_is_wrong_whatever_the_values_is_reported(old: str, new: str, code: str) -> None:
    spec = loaded(STEM.replace(old, new))
    try:
        findings = solve(spec).findings
    except DiagnosticError as error:
        findings = error.diagnostics
    assert findings[0].code == code


def test_a_search_that_is_too_long_is_refused_by_name() -> None:
    text = "net n():\n    input x: [1, 8]\n    repeat ?a in 1..5K:\n        conv(1, 1)\n    output relu\n"
    with pytest.raises(DiagnosticError, match="50,000 statements"):
        solve(loaded(text + "    expect params == 1\n"))
