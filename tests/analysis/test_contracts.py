"""Contracts against the analysis; the language of `expect` itself is in tests/language/contracts.md."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cnnspec.analysis import Analysis, Totals, analyse
from cnnspec.analysis.contracts import check_contracts
from cnnspec.analysis.costs import Costs, Setting, costs
from cnnspec.analysis.dense import dense_equivalents
from cnnspec.analysis.measures import ALL_SUMS, MEMORY, SUMS, TOGETHER, Together, inside
from cnnspec.analysis.memory import Optimiser
from cnnspec.analysis.roofline import parse_device
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


COSTS: dict[str, Callable[[Costs], object]] = {
    "macs.padding": lambda c: c.on_padding,
    "macs.train": lambda c: c.training.total,
    "macs.train.forward": lambda c: c.training.forward,
    "macs.train.data": lambda c: c.training.data,
    "macs.train.weights": lambda c: c.training.weights,
    "flops.train": lambda c: c.training.flops,
    "traffic.bytes": lambda c: c.moved,
    "memory.infer": lambda c: c.memory.weights + c.memory.inference.bytes,
    "memory.train": lambda c: c.memory.training.bytes,
    "activations.peak": lambda c: c.memory.inference.bytes,
    "seconds": lambda c: c.seconds,
}
NETS = ["googlenet", "lenet5", "unet", "wavenet"]


def zoo(name: str) -> Analysis:
    (path,) = [path for path in ZOO if path.stem == name]
    spec = load_spec(path).spec
    assert spec is not None
    return analysed(spec)


def measured(word: str, analysis: Analysis, setting: Setting) -> Any:
    row = {**ALL_SUMS, **TOGETHER, **MEMORY}[word]
    if word in ALL_SUMS:
        return ALL_SUMS[word].over(inside(analysis, ""), analysis, setting)
    if isinstance(row, Together):
        return row.measure(analysis.layers, setting)
    return MEMORY[word].measure(analysis, setting)


@pytest.mark.parametrize("name", NETS)
def test_sums_are_the_totals_of_the_analysis(name: str) -> None:
    analysis = zoo(name)
    for word, total in TOTALS.items():
        assert measured(word, analysis, Setting()) == total(analysis.totals), word
    assert measured("depth", analysis, Setting()) == analysis.totals.depth
    assert measured("connections", analysis, Setting()) == sum(
        dense.connections for dense in dense_equivalents(analysis)
    )


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize(
    "setting",
    [
        Setting(device=parse_device("peak=1T bw=10G")),
        Setting(batch=3, bits=16, optimiser=Optimiser.ADAM, device=parse_device("peak=9G bw=90G")),
    ],
)
def test_costs_are_those_of_the_command_costs(name: str, setting: Setting) -> None:
    analysis = zoo(name)
    expected = costs(analysis, setting)
    for word, cost in COSTS.items():
        assert measured(word, analysis, setting) == cost(expected), word
    work = sum(layer.facts.flops.total for layer in expected.layers if layer.facts.at_inference)
    assert measured("intensity", analysis, setting) * expected.moved == work * setting.batch


def test_every_measure_is_held_against_another_way_to_it() -> None:
    others = {"layers", "connections", "depth", "intensity"}
    assert TOTALS.keys() | COSTS.keys() | others == SUMS.keys() | TOGETHER.keys() | MEMORY.keys()


@pytest.mark.parametrize("name", NETS)
def test_the_layers_of_each_kind_are_all_layers(name: str) -> None:
    analysis = zoo(name)
    kinds = [measured(word, analysis, Setting()) for word in ALL_SUMS if word.startswith("layers.")]
    assert sum(kinds) == measured("layers", analysis, Setting())


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
        "the difference is +2,234 (3.19 % more)",
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


def test_what_is_not_known_does_not_hold() -> None:
    text = """
net long:
    input sound: [1, W]
    conv_transpose(1, 61, stride=61) -> conv(1, 67, stride=67)
    conv_transpose(1, 71, stride=71) -> conv(1, 73, stride=73)
    expect receptive_field == 5
    output it
"""
    (unknown,) = check(text)
    assert unknown.code == "expect-unknown"
    assert unknown.message == "`receptive_field` is not known: what the units see has no short formula"


LADDER = """
block unit(c, s = 1):
    conv(c, 3, stride=s, pad=1) -> bn -> relu
    {in_block}

net ladder(classes = 10):
    input image: [3, H = 32, W = 32] where H >= 8
    conv(8, 3, pad=1) -> relu
    unit(16, 2) as first -> unit(16)
    repeat 2:
        conv(16, 3, pad=1) as trunk
    global_avgpool -> flatten
    output linear(classes)
    {in_net}
{in_file}
"""


def ladder(in_net: str = "", *, in_block: str = "", in_file: str = "") -> tuple[Diagnostic, ...]:
    lines = {"in_net": in_net, "in_block": in_block, "in_file": in_file}
    return check(LADDER.format(**{k: f"expect {v}" if v else "" for k, v in lines.items()}))


@pytest.mark.parametrize(
    "expectation",
    [
        "conv1.receptive_field == 3 and first.receptive_field == 5 and first.conv1.receptive_field == 5",
        "unit1.conv1.shape == [16, 16, 16] and unit1.params == first.params + 16*9*8",
        "trunk[0].receptive_field == 13 and trunk[1].receptive_field == 17",
        "trunk[0].params + trunk[1].params == trunk.params",
        "first.macs.train == 3 * first.macs and first.flops.bias == first.size",
        "layers.conv == 5 and layers.bn == 2 and layers.linear == 1 and layers.maxpool == 0",
        "macs.train == macs.train.forward + macs.train.data + macs.train.weights",
        "conv1.macs.train == 2 * conv1.macs",
        "conv1.macs.padding == 3 * 8 * (9*32*32 - 94*94)",
        "memory.train(batch=4) == memory.train(batch=4, bits=32, optimizer=momentum)",
        "memory.train(optimizer=adam) - memory.train == 4 * params",
        "weights.bytes(bits=8) * 4 == weights.bytes and activations.bytes(batch=3) == 3 * activations.bytes",
        "output.shape(classes=3) == [3] and first.shape(H=64) == [16, 32, 16]",
        "first.macs(H=64) == 2 * first.macs",
        "trunk[0].macs(H=64, W=64) == 4 * trunk[0].macs",
        "receptive_field.start == 0 and trunk.receptive_field.start == -8",
        "seconds(peak=1T, bw=1T) > flops / 1T",
        "params <= 1MB and params < 1MiB",
    ],
)
def test_what_can_be_asked(expectation: str) -> None:
    assert ladder(expectation) == ()


def test_what_can_be_asked_of_a_block() -> None:
    assert ladder(in_block="depth == 1 and layers == 3 and macs(H=64) == 2 * macs") == ()
    assert ladder(in_block="receptive_field == output.receptive_field == it.receptive_field") == ()
    assert ladder(in_block="it.shape(H=64) == [c, 2 * it.height, it.width]") == ()


def test_what_can_be_asked_of_a_file() -> None:
    assert ladder(in_file="ladder.trunk[1].macs(H=64) == 2 * ladder.trunk[1].macs") == ()
    assert ladder(in_file="ladder.first.receptive_field == 5") == ()


@pytest.mark.parametrize(
    ("expectation", "note"),
    [
        ("first.receptive_field == 4", "from the input on: `image` 1 → `conv1` 3 → `first.conv1` 5"),
        (
            "output.shape == [11]",
            "from the input on: `image` [3, 32, 32] → `conv1` [8, 32, 32] → `first.conv1` [16, 16, 16] → "
            "`global_avgpool1` [16, 1, 1] → `flatten1` [16] → `linear1` [10]",
        ),
        ("first.height(H=64) == 8", "from the input on: `image` 64 → `first.conv1` 32"),
        ("depth <= 3", "the longest path: `conv1` → `first.conv1` → `unit1.conv1` → `trunk.0` → … "),
        ("memory.infer < 1", "the most is needed during `relu1`: activations "),
        ("memory.train(optimizer=adam) < 1", "optimiser "),
        ("macs(W=64) < 1", "most of `macs`: `unit1.conv1` 1,179,648 ("),
        ("intensity > 1000", "most of `traffic.bytes`: `relu1` 65,536 ("),
        ("seconds(peak=1T, bw=1G) < 1e-9", "most of `seconds`: `relu1` ("),
        ("params == 20_000", "% less)"),
        ("params < 3", "times as much)"),
    ],
)
def test_a_failure_says_what_leads_to_the_value(expectation: str, note: str) -> None:
    (failure,) = ladder(expectation)
    assert failure.code == "expect-failed"
    assert any(note.rstrip("… ") in said for said in failure.notes), failure.notes


def test_of_what_and_joins_the_part_that_fails_is_shown() -> None:
    (failure,) = ladder("layers > 1 and depth == 7 and params < 1")
    assert failure.message == "`depth` is 6, expected 7"
    assert failure.span is not None
    assert failure.span.text == "depth == 7"


def test_what_no_alternative_meets_is_shown() -> None:
    (failure,) = ladder("layers == 1 or depth == 7")
    assert failure.message == "`layers == 1 or depth == 7` does not hold"
    assert failure.notes == ("`layers` is 13", "`depth` is 6")


def test_within_goes_with_a_comparison() -> None:
    (finding,) = ladder("true within 1%")
    assert finding.message == "`within` goes with `==` between two numbers"


@pytest.mark.parametrize(
    ("expectation", "message", "way_out"),
    [
        ("mac == 1", "nothing is called `mac`", "did you mean `macs`?"),
        ("size == H % 2 == 0", "nothing is called `size`", "did you mean `sizes`?"),
        ("layers.conv2d == 1", "nothing is called `layers.conv2d`", "did you mean `layers.conv`?"),
        ("unit1.shape == 1", "nothing is called `unit1`", "a label names what a block makes: `… as unit1`"),
        ("macs(Hh=3) == 1", "`ladder` has no symbol or parameter `Hh`", "did you mean `H`?"),
        ("macs(batch=3) == 1", "`macs` does not depend on `batch`", None),
        ("memory.train(bits=7) < 1", "a number has 8, 16, 32 or 64 bits, not the number 7", None),
        (
            "memory.train(optimizer=lion) < 1",
            "an optimizer is sgd, momentum or adam, not the word `lion`",
            None,
        ),
        ("seconds(peak=1T) < 1", "a device has `peak` and `bw`: `bw` is missing", None),
        (
            "seconds < 1",
            "`seconds` is not known: say on which device, `seconds(peak=4T, bw=50G)`; sizes must be numbers",
            None,
        ),
        ("sizes", "`sizes` are compared, by `==`, with a condition such as `H % 16 == 0`", None),
    ],
)
def test_what_cannot_be_asked(expectation: str, message: str, way_out: str | None) -> None:
    (finding,) = ladder(expectation)
    assert (finding.message, finding.help and finding.help.text) == (message, way_out)


def test_what_no_output_needs_is_neither_of_inference_nor_of_training() -> None:
    text = """
net three(classes = 10):
    input image: [3, 8, 8]
    conv(4, 1) -> conv(4, 1, bias=false) -> bn as dead
    training output aux = image -> conv(5, 1, bias=false)
    output image -> conv(2, 1)

    expect params == 16 + 16 + 8 + 15 + 8
    expect params.inference == 8 and params_training_only == 15
    expect macs == 2*3*64 and macs_training_only == 5*3*64 and macs.train == 2 * (macs + macs_training_only)
    expect buffers == 9 and buffers_training_only == 0
    expect depth == 1 and weights.bytes == 4 * (params + buffers)
    expect memory.infer == 4 * (8 + 64*3 + 64*2)
"""
    assert check(text) == ()
    analysis = analysed(spec_of(text))
    assert [facts.path for facts in analysis.layers if facts.dead] == ["conv1", "conv2", "dead"]
    assert [facts.path for facts in analysis.layers if facts.training_only] == ["conv3"]
