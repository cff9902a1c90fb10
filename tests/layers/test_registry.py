"""Completeness: what every layer must say of itself."""

from __future__ import annotations

import dataclasses
import inspect

import pytest
from layers.torch_oracle import ORACLES

from cnnspec.diagnostics.codes import CODES
from cnnspec.layers import LAYERS, signature

LANGUAGE = {
    "conv", "conv_transpose", "depthwise", "linear",
    "maxpool", "avgpool", "lppool", "global_avgpool", "global_maxpool", "adaptive_avgpool",
    "bn", "layernorm", "groupnorm", "instancenorm", "lrn",
    "relu", "relu6", "leaky_relu", "prelu", "elu", "selu", "gelu", "silu", "mish",
    "sigmoid", "hardsigmoid", "hardswish", "tanh", "softplus", "softmax", "log_softmax", "dropout",
    "flatten", "reshape", "permute", "squeeze", "pad", "crop",
    "upsample", "pixel_shuffle", "pixel_unshuffle", "channel_shuffle",
    "concat", "split", "chunk", "add", "mul", "hypot", "atan2", "scale", "identity",
}  # fmt: skip


def test_every_layer_of_the_language_is_there() -> None:
    assert set(LAYERS) >= LANGUAGE


def test_every_layer_is_held_against_torch() -> None:
    assert set(ORACLES) == set(LAYERS)


@pytest.mark.parametrize("word", LAYERS)
def test_a_layer_is_documented(word: str) -> None:
    cls = LAYERS[word]
    assert cls.__doc__, word
    assert not cls.__doc__.startswith(f"{cls.__name__}("), "the docstring that dataclass makes"
    for parameter in signature(cls):
        assert parameter.doc
        assert not parameter.doc.endswith(".")
        assert parameter.kind.words


@pytest.mark.parametrize("word", LAYERS)
def test_a_layer_is_a_frozen_value_whose_fields_are_its_arguments(word: str) -> None:
    cls = LAYERS[word]
    assert dataclasses.is_dataclass(cls)
    assert cls.__dataclass_params__.frozen  # pyright: ignore
    assert [f.name for f in dataclasses.fields(cls)] == [p.name for p in signature(cls)]
    assert cls.word == word


@pytest.mark.parametrize("word", LAYERS)
def test_defaults_are_values_that_the_parameter_accepts(word: str) -> None:
    for parameter in signature(LAYERS[word]):
        if not parameter.required and parameter.default is not None:
            assert parameter.kind.accept(parameter.default) == parameter.default


@pytest.mark.parametrize("word", LAYERS)
def test_required_arguments_come_first(word: str) -> None:
    required = [parameter.required for parameter in signature(LAYERS[word])]
    assert required == sorted(required, reverse=True)


def test_layers_use_only_codes_that_exist() -> None:
    for cls in LAYERS.values():
        source = inspect.getsource(inspect.getmodule(cls))  # pyright: ignore
        for code in ("rank-mismatch", "size-mismatch", "empty-result", "pad-too-large"):
            assert code not in source or code in CODES
