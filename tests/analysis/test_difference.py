"""Differences of nets: matched by structure, whatever the names and the order of the lines."""

from __future__ import annotations

from cnnspec import pipeline
from cnnspec.analysis.difference import Difference, difference
from cnnspec.analysis.facts import Analysis
from cnnspec.dims import evaluate


def analysed(body: str, *, symbolic: bool = False) -> Analysis:
    lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
    loaded = pipeline.load_text(f"net n():\n    input x: [3, H = 32, W = 32]\n{lines}\n")
    assert loaded.spec is not None, loaded.diagnostics
    made = pipeline.elaborate(loaded.spec, symbolic=symbolic)
    assert made.graph is not None, made.diagnostics
    return pipeline.analyse(made.graph)


def compared(before: str, after: str) -> Difference:
    return difference(analysed(before), analysed(after))


def test_a_net_does_not_differ_from_itself() -> None:
    body = "conv(8, 3) -> bn -> relu\nskip = it\nconv(8, 3, pad=1)\noutput it + skip"
    found = compared(body, body)
    assert found.is_empty
    assert found.unchanged == 6
    assert all(change.difference == 0 for change in found.totals)


def test_names_and_the_order_of_branches_do_not_matter() -> None:
    found = compared(
        "a = conv(8, 3, pad=1)\nb = conv(4, 1) as thin\noutput concat(a, b)",
        "left = conv(4, 1)\nright = conv(8, 3, pad=1) as thick\noutput concat(right, left)",
    )
    assert found.is_empty


def test_an_inserted_layer_is_added_and_all_others_stay() -> None:
    found = compared("conv(8, 3)\nrelu\noutput conv(4, 3)", "conv(8, 3)\nbn\nrelu\noutput conv(4, 3)")
    assert [facts.path for facts in found.added] == ["bn1"]
    assert (found.removed, found.changed, found.unchanged) == ((), (), 4)


def test_a_changed_argument_is_an_edit_and_its_consequences_are_not() -> None:
    found = compared("conv(8, 3)\nrelu\noutput conv(4, 3)", "conv(16, 3)\nrelu\noutput conv(4, 3)")
    assert [(pair.before.path, pair.is_edited) for pair in found.changed] == [
        ("conv1", True),
        ("relu1", False),
        ("conv2", False),
    ]
    assert (found.added, found.removed) == ((), ())


def test_all_widths_changed_still_match_layer_by_layer() -> None:
    body = "conv({a}, 3) -> bn -> relu\nconv({b}, 3) -> bn -> relu\noutput conv({c}, 1)"
    found = compared(body.format(a=8, b=16, c=10), body.format(a=12, b=24, c=20))
    assert (found.added, found.removed) == ((), ())
    assert [pair.before.path for pair in found.changed if pair.is_edited] == ["conv1", "conv2", "conv3"]


def test_a_removed_layer_is_removed() -> None:
    found = compared("conv(8, 3)\ndropout(0.5)\noutput conv(4, 3)", "conv(8, 3)\noutput conv(4, 3)")
    assert [facts.path for facts in found.removed] == ["dropout1"]
    assert found.added == ()


def test_totals_of_symbolic_nets_change_by_formulas() -> None:
    before = analysed("output conv(8, 3, pad=1)", symbolic=True)
    after = analysed("output conv(8, 5, pad=2)", symbolic=True)
    macs = next(change for change in difference(before, after).totals if change.name == "MACs")
    assert evaluate(macs.difference, {"H": 10, "W": 7}) == 8 * 3 * (25 - 9) * 10 * 7
