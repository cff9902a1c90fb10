"""One rule, two number systems: what a layer says of symbols, evaluated, is what it says of numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace

from hypothesis import given, settings
from hypothesis import strategies as st
from layers.applying import Applied, BrokenError, apply, make

from cnnspec.dims import Symbolic, evaluate, symbol
from cnnspec.layers import Layer, Shape

SYMBOLS = {"H": symbol("H"), "W": symbol("W"), "C": symbol("C")}
NUMBERS = [{"H": 64, "W": 97, "C": 12}, {"H": 101, "W": 80, "C": 24}, {"H": 77, "W": 66, "C": 36}]
AT_LEAST = {"H": 60, "W": 60, "C": 12}


@st.composite
def layers(draw: st.DrawFn) -> Layer:
    kernel, stride = draw(st.integers(1, 5)), draw(st.sampled_from([1, 1, 2, 3]))
    pad = draw(st.one_of(st.just("same"), st.integers(0, 1), st.just(((1, 0), (0, 2)))))
    channels = draw(st.sampled_from([8, 12, SYMBOLS["C"], 2 * SYMBOLS["C"]]))
    groups, dilation, flag = draw(st.integers(1, 2)), draw(st.integers(1, 2)), draw(st.booleans())
    return draw(
        st.sampled_from(
            [
                make("conv", channels, kernel, stride, pad, dilation, groups),
                make("depthwise", kernel, groups, stride, pad),
                make("conv_transpose", channels, kernel + stride, stride, pad, stride - 1, dilation),
                make("maxpool", kernel + 2, stride, pad, dilation, flag),
                make("avgpool", kernel + 2, stride, pad, flag),
                make("upsample", stride, mode="linear" if flag else "nearest"),
                make("pad", ((1, 2), stride)),
                make("crop", ((1, 2), stride)),
                make("pixel_shuffle", 2),
                make("pixel_unshuffle", 2),
                make("channel_shuffle", 2),
                make("layernorm"),
                *(make(word) for word in ("bn", "relu", "lrn", "prelu", "scale", "dropout")),
            ]
        )
    )


def numbers_of(shape: Shape, values: Mapping[str, int]) -> Shape:
    return tuple(evaluate(dim, values) for dim in shape)


def bound(layer: Layer, values: Mapping[str, int]) -> Layer:
    """The same layer with numbers for the symbols in its arguments."""
    arguments = {field.name: getattr(layer, field.name) for field in fields(layer)}  # type: ignore[arg-type]
    symbolic = {name: value for name, value in arguments.items() if isinstance(value, Symbolic)}
    return replace(layer, **{name: evaluate(value, values) for name, value in symbolic.items()})  # type: ignore[type-var]


@settings(max_examples=250, deadline=None)
@given(st.lists(layers(), min_size=1, max_size=6))
def test_a_chain_of_layers(chain: list[Layer]) -> None:
    shape: Shape = (SYMBOLS["C"], SYMBOLS["H"], SYMBOLS["W"])
    shapes = [numbers_of(shape, values) for values in NUMBERS]
    for layer in chain:
        symbolic = applied_or_refused(layer, shape)
        numeric = [
            applied_or_refused(bound(layer, v), inputs) for v, inputs in zip(NUMBERS, shapes, strict=True)
        ]
        if isinstance(symbolic, str):
            assert set(numeric) == {symbolic}
            return
        possible = {condition.code for condition in symbolic.conditions}
        for position, one in enumerate(numeric):
            if isinstance(one, str):
                assert one in possible
                return
            compare(symbolic.layer, one.layer, shape, shapes[position], NUMBERS[position])
            shapes[position] = one.outputs[0]
        shape = symbolic.outputs[0]


def applied_or_refused(layer: Layer, shape: Shape) -> Applied | str:
    """What comes out, or the code of what is wrong."""
    try:
        return apply(layer, shape, at_least=AT_LEAST)
    except BrokenError as error:
        return error.requirement.code


def compare(symbolic: Layer, numeric: Layer, shape: Shape, inputs: Shape, values: Mapping[str, int]) -> None:
    outputs, results = symbolic.infer((shape,)), numeric.infer((inputs,))
    assert numbers_of(outputs[0], values) == results[0]
    assert evaluate(symbolic.macs((shape,), outputs), values) == numeric.macs((inputs,), results)
    assert (
        evaluate(symbolic.flops((shape,), outputs).total, values) == numeric.flops((inputs,), results).total
    )
    for ours, theirs in zip(symbolic.weights((shape,)), numeric.weights((inputs,)), strict=True):
        assert numbers_of(ours.shape, values) == theirs.shape
        assert evaluate(ours.fan_in, values) == theirs.fan_in
    for axis in (0, 1):
        hull, expected = symbolic.index_map((shape,), 0, axis), numeric.index_map((inputs,), 0, axis)
        assert all(hull.at(unit, **values) == expected.at(unit) for unit in (0, 1, 5))


def test_weights_of_symbolic_channels() -> None:
    channels = SYMBOLS["C"]
    applied = apply(make("conv", 2 * channels, 3, groups=2), (4 * channels, 8, 8))
    assert applied.weights[0].shape == (2 * channels, 2 * channels, 3, 3)
    assert not applied.conditions
    odd = apply(make("conv", channels, 3, groups=2), (4, 8, 8))
    assert [condition.code for condition in odd.conditions] == ["group-mismatch"]
