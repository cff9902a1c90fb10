"""What a notebook shows of specs, nets and their numbers, and what it refuses."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
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


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: cnnspec.load(5), "load() takes the path of a spec file, not int"),
        (lambda: cnnspec.load(b"small.cnn"), "load() takes the path of a spec file, not bytes"),
        (
            lambda: cnnspec.loads(3),
            "loads() takes the text of a spec (load() takes the path of a file), not int",
        ),
        (lambda: cnnspec.analyze(5), "analyze() takes a net, such as load(path).net(), not int"),
        (lambda: cnnspec.analyze("small.cnn"), "analyze() takes a net, such as load(path).net(), not str"),
        (lambda: cnnspec.analyze(SPEC), "analyze() takes a net, such as load(path).net(), not Spec"),
        (lambda: cnnspec.compile(SPEC), "compile() takes a net, such as load(path).net(), not Spec"),
        (lambda: cnnspec.compile(SPEC.net(), batch="3"), "batch is a whole number, not str"),
        (lambda: cnnspec.compile(SPEC.net(), batch=2.5), "batch is a whole number, not float"),
        (lambda: cnnspec.compile(SPEC.net(), seed="a"), "seed is a whole number, not str"),
        (
            lambda: cnnspec.compile(SPEC.net(), threads="a"),
            "threads is a whole number, or None for all, not str",
        ),
        (lambda: SPEC.net(3), "net() takes the name of a net, not int"),
        (lambda: SPEC.net().bind(H="256"), "H is bound to a number, not str"),
        (lambda: SPEC.net().bind(c=[3]), "c is bound to a number, not list"),
        (lambda: SPEC.net().free(3), "free() takes names of symbols and parameters, not int"),
        (lambda: SPEC.lint(3), "lint() takes names of rules and groups, not int"),
    ],
)
def test_a_value_of_another_kind_is_refused_with_what_is_taken(
    call: Callable[[], object], message: str
) -> None:
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        call()


def test_a_way_of_running_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="math is one of 'exact', 'fast', 'plain', not 'quick'"):
        cnnspec.compile(SPEC.net(), math="quick")


def test_recomputing_is_refused_where_nothing_is_kept_and_where_everything_is() -> None:
    with pytest.raises(cnnspec.SpecError, match="an inference keeps nothing that could be computed again"):
        cnnspec.compile(SPEC.net(), training=False, recompute=True)
    with pytest.raises(ValueError, match="the plain kernels keep everything"):
        cnnspec.compile(SPEC.net(), recompute=True, math="plain")


@pytest.mark.parametrize("value", [9, Fraction(9), 9.0, np.int64(9), np.float32(9), np.float64(9)])
def test_every_kind_of_number_is_bound(value: Any) -> None:
    assert SPEC.net().bind(H=value).graph.inputs[0].tensor.shape == (3, 9, 8)
