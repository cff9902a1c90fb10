"""Activations, softmax and dropout against PyTorch and their definitions."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest
from backend.kernels.running import assert_agrees, distance, normal, run

from cnnspec.backend.kernels.operations import Activation, Function, PRelu, Shape, Softmax

torch = pytest.importorskip("torch")
functional = torch.nn.functional

THEIRS = {
    "relu": functional.relu,
    "relu6": functional.relu6,
    "leaky_relu": lambda x: functional.leaky_relu(x, 0.2),
    "elu": lambda x: functional.elu(x, 0.7),
    "selu": functional.selu,
    "gelu": functional.gelu,
    "gelu_tanh": lambda x: functional.gelu(x, approximate="tanh"),
    "silu": functional.silu,
    "mish": functional.mish,
    "sigmoid": functional.sigmoid,
    # functional.hardsigmoid has a sixth in single precision in its gradient
    "hardsigmoid": lambda x: functional.relu6(x + 3) / 6,
    "hardswish": functional.hardswish,
    "tanh": torch.tanh,
    "softplus": functional.softplus,
}
PARAMETERS = {"leaky_relu": 0.2, "elu": 0.7}
SPREAD = np.concatenate([4 * normal(3, 401), np.linspace(-15, 15, 1203).reshape(3, 401)], axis=1)


def operation(name: Any) -> Any:
    return Activation(name, PARAMETERS.get(name, 0.0))


def test_every_function_has_an_oracle() -> None:
    assert set(THEIRS) == set(get_args(Function))


@pytest.mark.parametrize("name", get_args(Function))
def test_activation_is_that_of_pytorch(name: str) -> None:
    assert_agrees(operation(name), THEIRS[name], [SPREAD])


@pytest.mark.parametrize("name", get_args(Function))
def test_activation_in_single_precision(name: str) -> None:
    assert_agrees(operation(name), THEIRS[name], [SPREAD.astype(np.float32)], tolerance=2e-6)


@pytest.mark.parametrize("name", get_args(Function))
def test_activation_passes_nan_on_and_is_finite_far_out(name: str) -> None:
    x = np.array([[np.nan, -1e4, 1e4, -800.0, 800.0]])
    result = run(operation(name), [x], outputs=[x.shape])
    assert np.isnan(result.outputs[0][0, 0])
    assert np.isfinite(result.outputs[0][0, 1:]).all()
    assert np.isfinite(result.input_gradients[0][0, 1:]).all()


def test_leaky_relu_with_a_negative_slope_keeps_its_input() -> None:
    leaky = Activation("leaky_relu", -0.5)
    assert leaky.keeps_inputs
    assert_agrees(leaky, lambda x: functional.leaky_relu(x, -0.5), [SPREAD])


@pytest.mark.parametrize("shape", [(3, 4, 1, 5, 2), (3, 4)])
@pytest.mark.parametrize("slopes", [1, 4])
def test_prelu_is_that_of_pytorch(shape: Shape, slopes: int) -> None:
    assert_agrees(PRelu(), functional.prelu, [normal(*shape)], [normal(slopes, seed=1)])


@pytest.mark.parametrize("shape", [(3, 5), (1, 1), (2, 5, 2, 3, 4)])
@pytest.mark.parametrize("log", [False, True])
def test_softmax_is_that_of_pytorch(shape: Shape, log: bool) -> None:
    theirs = functional.log_softmax if log else functional.softmax
    assert_agrees(Softmax(log), lambda x: theirs(x, dim=1), [10 * normal(*shape)])


@pytest.mark.parametrize("log", [False, True])
def test_softmax_of_large_numbers_and_of_nan(log: bool) -> None:
    x = np.array([[1e5, 1e5, -1e5], [np.nan, 0, 0]])
    y = run(Softmax(log), [x], outputs=[x.shape]).outputs[0]
    expected = [-np.log(2), -np.log(2), -2e5 - np.log(2)] if log else [0.5, 0.5, 0]
    assert distance(y[0], expected) < 1e-12
    assert np.isnan(y[1]).all()
