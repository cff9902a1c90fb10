"""What a notebook shows of specs, nets and their numbers, and what it refuses."""

from __future__ import annotations

import pytest

import cnnspec

SPEC = cnnspec.loads("net small(c = 4):\n    input x: [3, H = 8, 8]\n    conv(c, 3)\n", "small.cnn")


def test_values_say_in_one_line_what_they_are() -> None:
    net = SPEC.net()
    assert repr(SPEC) == "<Spec 'small.cnn': small>"
    assert repr(net) == "<Net small>"
    assert repr(net.bind(H=9).free("c").symbolic()) == "<Net small, symbolic, H = 9, c free>"
    assert repr(cnnspec.analyze(net)) == "<NetAnalysis small: 2 layers, 112 parameters>"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_finite_number_is_not_bound(value: float) -> None:
    with pytest.raises(ValueError, match="a finite number, not"):
        SPEC.net().bind(H=value)
