"""Contracts against the analysis; the language of `expect` itself is in tests/language/contracts.md."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cnnspec.analysis import Analysis, Totals, analyse
from cnnspec.analysis.contracts import check_contracts
from cnnspec.analysis.measures import SUMS, inside, summed
from cnnspec.diagnostics import Diagnostic
from cnnspec.language.elaborate import Binding, elaborate
from cnnspec.language.spec import Spec, load_spec, load_text

ZOO = sorted((Path(__file__).parents[2] / "specs").glob("*.cnn"))


def analysed(spec: Spec, net: str | None = None, **bindings: Binding) -> Analysis:
    graph = elaborate(spec, net, bindings).graph
    assert graph is not None
    return analyse(graph)


def spec_of(text: str) -> Spec:
    loaded = load_text(text)
    assert loaded.diagnostics == ()
    assert loaded.spec is not None
    return loaded.spec


def check(text: str, net: str | None = None, **bindings: Binding) -> tuple[Diagnostic, ...]:
    spec = spec_of(text)
    return check_contracts(spec, analysed(spec, net, **bindings))


TOTALS: dict[str, Callable[[Totals], object]] = {
    "params": lambda t: t.params,
    "params.trainable": lambda t: t.trainable,
    "params.frozen": lambda t: t.frozen,
    "params.inference": lambda t: t.params_inference,
    "params_training_only": lambda t: t.params_training_only,
    "buffers": lambda t: t.buffers,
    "buffers_training_only": lambda t: t.buffers_training_only,
    "macs": lambda t: t.macs,
    "macs_training_only": lambda t: t.macs_training_only,
    "flops": lambda t: t.flops.total,
    "flops.multiply_add": lambda t: t.flops.multiply_add,
    "flops.bias": lambda t: t.flops.bias,
    "flops.normalisation": lambda t: t.flops.normalisation,
    "flops.activation": lambda t: t.flops.activation,
    "flops.elementwise": lambda t: t.flops.elementwise,
    "flops_training_only": lambda t: t.flops_training_only.total,
    "weights.bytes": lambda t: t.weight_bytes,
    "activations.bytes": lambda t: t.activation_bytes,
}


@pytest.mark.parametrize("name", ["googlenet", "lenet5", "unet", "wavenet"])
def test_sums_are_the_totals_of_the_analysis(name: str) -> None:
    (path,) = [path for path in ZOO if path.stem == name]
    spec = load_spec(path).spec
    assert spec is not None
    analysis = analysed(spec)
    assert TOTALS.keys() | {"layers"} == SUMS.keys()
    for word, total in TOTALS.items():
        assert summed(inside(analysis, ""), word) == total(analysis.totals), word


@pytest.mark.parametrize("path", ZOO, ids=lambda path: path.stem)
def test_the_zoo_keeps_its_contracts(path: Path) -> None:
    loaded = load_spec(path)
    assert loaded.spec is not None
    for net in loaded.spec.nets:
        assert check_contracts(loaded.spec, analysed(loaded.spec, net)) == ()


NET = """
net small(classes = 10):
    input image: [3, H = 32, 32]
    conv(8, 3) as first -> flatten
    output linear(classes)

    expect {}
"""


def test_memory_is_that_of_the_analysis() -> None:
    analysis = analysed(spec_of(NET.format("params > 0")))
    inference = analysis.totals.weight_bytes + analysis.inference_peak(4).bytes
    training = analysis.training_peak(4).bytes
    assert check(NET.format(f"memory.infer(batch=4) == {inference}")) == ()
    assert check(NET.format(f"memory.train(batch=4) == {training}")) == ()
    assert check(NET.format("memory.infer < memory.infer(batch=2) < memory.infer(batch=2, H=64)")) == ()


def test_a_failure_says_actual_expected_difference_and_the_largest_shares() -> None:
    (failure,) = check(NET.format("params == 70_000"))
    assert failure.code == "expect-failed"
    assert failure.message == "`params` is 72,234, expected 70,000"
    assert failure.span is not None
    assert failure.span.text == "params == 70_000"
    assert [(label.span.text, label.text) for label in failure.labels] == [("params", "is 72,234")]
    assert failure.notes == (
        "the difference is +2,234 (+0.0319 of it)",
        "most of `params`: `linear1` 72,010 (100 %), `first` 224 (0 %)",
    )
    assert failure.help is not None
    (edit,) = failure.help.edits
    assert (edit.span.text, edit.replacement) == ("70_000", "72_234")


@pytest.mark.parametrize(
    ("expectation", "holds"),
    [
        ("params == 72_234", True),
        ("params == 72_000 within 234", True),
        ("params == 72_000 within 233", False),
        ("params == 80_260 within 10%", True),
        ("params == 80_261 within 10%", False),
        ("80_260 == params within 10%", True),
        ("params(classes=1) == 7_425", True),
        ("macs(H=64) / macs > 2", True),
        ("2 * macs == flops.multiply_add", True),
        ("floor(params / 1000) == 72 and min(params, macs) == params", True),
        ("first.shape[1] == 30", True),
        ("it.channels == 11 or in.channels == 7", False),
    ],
)
def test_expectations(expectation: str, holds: bool) -> None:
    text = NET.format(expectation).replace("output linear(classes)", "linear(classes)")
    assert (check(text) == ()) is holds


def test_expectations_of_a_block_are_about_each_use() -> None:
    text = """
block unit(c):
    conv(c, 1)
    expect params < 20

net uses:
    input image: [3, 8, 8]
    unit(4) -> unit(4) -> unit(5) -> unit(6)
"""
    (failure,) = check(text)
    assert failure.message == "`params` is 20, expected < 20"
    assert [frame.call for frame in failure.trace] == ["unit(c=4)"]
    assert failure.notes[-1] == "the same happens 2 more times where this line is used"


FILE = """
net one:
    input image: [3, 8, 8]
    conv(4, 1)

net two:
    input image: [3, 8, 8]
    conv(8, 1)

expect one.params == 17
expect one.params == two.params
expect two.params == 33
expect params == 18
"""


def test_expectations_of_a_file_are_checked_with_the_net_they_name_first() -> None:
    assert [d.span and d.span.text for d in check(FILE, "one")] == [
        "one.params == 17",
        "one.params == two.params",
        "params == 18",
    ]
    assert [d.span and d.span.text for d in check(FILE, "two")] == ["two.params == 33"]


def test_another_net_that_cannot_be_made_is_said() -> None:
    broken = FILE.replace("conv(8, 1)", "conv(8, 9)")
    unknown = [d for d in check(broken, "one") if d.code == "expect-unknown"]
    assert [d.message for d in unknown] == [
        "`two` cannot be made: the window of `conv` spans 9 pixels, but the height is 8"
    ]


def test_with_symbols_an_expectation_is_decided_where_it_can_be() -> None:
    text = """
net free:
    input image: [3, H, W] where H >= 16
    conv(4, 3, stride=2, pad=1) as half
    expect half.height >= 8
    expect half.height == (H + 1) // 2
    expect half.macs == half.height * half.width * 4*3*9
    expect macs(H=32, W=32) == 16*16*108
    expect macs < 1M
"""
    (undecided,) = check(text)
    assert undecided.code == "expect-unknown"
    assert undecided.message == "whether this holds depends on `H` and `W`"
    assert undecided.notes == ("`macs` is 108·⌊(H + 1)/2⌋·⌊(W + 1)/2⌋",)
    assert undecided.help is not None
    assert "-s H=…" in undecided.help.text
