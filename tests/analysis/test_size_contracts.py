"""`expect sizes == …`: the legal set against a predicate. Trying every size is the oracle."""

from __future__ import annotations

import pytest

from cnnspec import pipeline

LADDER = """
net ladder():
    input image: [1, H = {size}, W = {size}] where H >= {least}
    skip = conv(2, 3, pad=1)
    below = skip -> maxpool({factor}) -> upsample({factor})
    output concat(skip, below)
    expect {expectation}
"""


def ladder(expectation: str, factor: int = 4, least: int = 1) -> str:
    return LADDER.format(size=4 * factor, factor=factor, least=least, expectation=expectation)


def findings(text: str) -> list[str]:
    loaded = pipeline.load_text(text)
    assert loaded.spec is not None
    return [finding.message for finding in loaded.diagnostics + pipeline.check(loaded.spec)]


def is_legal(factor: int, size: int) -> bool:
    loaded = pipeline.load_text(ladder("true", factor))
    assert loaded.spec is not None
    return pipeline.elaborate(loaded.spec, bindings={"H": size}).graph is not None


@pytest.mark.parametrize("factor", [2, 3, 4, 6])
@pytest.mark.parametrize("modulus", [1, 2, 3, 4, 6, 12])
@pytest.mark.parametrize("least", [1, 5])
def test_a_contract_of_sizes_holds_where_trying_every_size_says_so(
    factor: int, modulus: int, least: int
) -> None:
    same = all(is_legal(factor, n) == (n % modulus == 0) for n in range(least, 2 * factor * modulus + 6))
    found = findings(ladder(f"sizes == H % {modulus} == 0", factor, least))
    assert (found == []) == same, found


@pytest.mark.parametrize("expectation", ["sizes == (H % 4 == 0 and W % 4 == 0)", "sizes == H // 4 * 4 == H"])
def test_several_ways_of_saying_it(expectation: str) -> None:
    assert findings(ladder(expectation)) == []


def test_a_contract_of_sizes_that_fails_names_a_size_and_the_witness() -> None:
    loaded = pipeline.load_text(ladder("sizes == H % 8 == 0"))
    assert loaded.spec is not None
    (finding,) = pipeline.check(loaded.spec)
    assert finding.message == "the legal sizes are H ≡ 0 (mod 4), expected H ≡ 0 (mod 8)"
    assert finding.notes == ("H = 4 is legal", "H ≡ 0 (mod 4) is set by concat1")


def test_all_symbols_that_differ_are_named() -> None:
    assert findings(ladder("sizes == (H % 8 == 0 and W % 2 == 0)")) == [
        "the legal sizes are H ≡ 0 (mod 4) and W ≡ 0 (mod 4), expected H ≡ 0 (mod 8) and W ≡ 0 (mod 2)"
    ]


def test_at_file_level_the_net_is_named() -> None:
    text = ladder("true")
    assert findings(text + "\nexpect ladder.sizes == H % 4 == 0\n") == []
    assert findings(text + "\nexpect ladder.sizes == H % 2 == 0\n") == [
        "the legal sizes are H ≡ 0 (mod 4), expected H ≡ 0 (mod 2)"
    ]


@pytest.mark.parametrize(
    ("expectation", "message"),
    [
        ("sizes == 3", "`sizes` are compared with a condition on symbols, not with the number 3"),
        (
            "sizes == H % 2 != 1",
            "`sizes` are compared with a condition on symbols, not with one of another kind",
        ),
        (
            "sizes <= H",
            "`sizes` of a whole net are compared, by `==`, with a condition such as `H % 16 == 0`",
        ),
        ("sizes == H == W", "the legal sizes cannot be compared: the sizes of H and W depend on each other"),
        ("sizes == H % 9973 * (H % 9967) == 0", None),
        ("sizes == (H % 9973 == 0 and H % 9967 == 0)", None),
    ],
)
def test_what_is_no_set_of_sizes_is_refused(expectation: str, message: str | None) -> None:
    found = findings(ladder(expectation))
    assert len(found) == 1
    assert message is None or found == [message]


def test_costs_and_shapes_are_expected_at_other_sizes() -> None:
    text = """
net small(classes = 10):
    input image: [3, H = 224, W = 224]
    conv(16, 3, stride=2, pad=1) -> relu -> maxpool(2) -> conv(classes, 3, stride=2, pad=1)
    output relu
    expect macs(H=320, W=320) <= 14M
    expect macs(H=320, W=320) == 14M within 10%
    expect output.shape == [classes, H/8, W/8]
    expect memory.infer(H=320, W=320, batch=2) <= 16MiB
"""
    assert findings(text) == []
    (message,) = findings(text.replace("<= 14M", "<= 1M"))
    assert message.startswith("`macs(H=320, W=320)` is ")
    assert message.endswith(", expected <= 1,000,000")
