"""Activations on vectors: as exact as the type allows, over the whole range, and at NaN and infinity."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from cnnspec.backend.fast.kernels.functions import Activation
from cnnspec.backend.fast.kernels.pointwise import Pointwise
from cnnspec.backend.fast.layout import BlockedMap

FUNCTIONS = {
    "relu": torch.relu,
    "relu6": torch.nn.functional.relu6,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "silu": torch.nn.functional.silu,
    "hardsigmoid": torch.nn.functional.hardsigmoid,
    "hardswish": torch.nn.functional.hardswish,
    "elu": torch.nn.functional.elu,
    "leaky_relu": lambda x: torch.nn.functional.leaky_relu(x, 1.0),
    "gelu_tanh": lambda x: torch.nn.functional.gelu(x, approximate="tanh"),
}


def applied(name: str, x: np.ndarray, bench: Any) -> np.ndarray:
    map_ = BlockedMap(1, 1, (1, 1, x.size), bench.lanes)
    a, y = bench.memory.blocked(map_, x), bench.memory.blocked(map_)
    kernel = Pointwise(map_, (map_.place(),), activation=Activation(name, 1.0))
    bench.run((kernel, (y, y, y, y, y, y, a, *(a,) * 7)))
    return bench.memory.plain(map_, y).ravel()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_over_the_range(name: str, bench: Any) -> None:
    rng = np.random.default_rng(0)
    parts = rng.uniform(-100, 100, 400), rng.standard_normal(400), rng.standard_normal(200) * 1e-3
    x = np.concatenate(parts).astype(bench.real.value)
    expected = FUNCTIONS[name](torch.from_numpy(x.astype("float64"))).numpy()
    precision = np.finfo(x.dtype).eps
    np.testing.assert_allclose(applied(name, x, bench), expected, rtol=24 * precision, atol=8 * precision)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_nan_stays_nan(name: str, bench: Any) -> None:
    assert np.isnan(applied(name, np.array([np.nan, 1.0], bench.real.value), bench)[0])


@pytest.mark.parametrize("name", ["relu", "relu6", "tanh", "sigmoid", "hardsigmoid"])
def test_infinities_have_their_limits(name: str, bench: Any) -> None:
    x = np.array([-np.inf, np.inf], bench.real.value)
    expected = FUNCTIONS[name](torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(applied(name, x, bench), expected, atol=1e-30)
