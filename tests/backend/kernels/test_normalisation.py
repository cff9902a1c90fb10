"""Normalisations against PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from backend.kernels.running import assert_agrees, distance, normal, run

from cnnspec.backend.kernels.operations import BatchNorm, GroupNorm, LayerNorm, LocalResponseNorm, Shape
from cnnspec.backend.kernels.registry import Context

torch = pytest.importorskip("torch")
functional = torch.nn.functional

SHAPES = [(4, 6, 1, 5, 3), (2, 6, 2, 3, 4), (5, 6)]
WEIGHTS = normal(6, seed=1), normal(6, seed=2)
RUNNING = normal(6, seed=3), np.abs(normal(6, seed=4)) + 0.5


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("affine", [True, False])
def test_batch_norm_is_that_of_pytorch(shape: Shape, training: bool, affine: bool) -> None:
    mean, variance = (torch.tensor(array) for array in RUNNING)

    def norm(x: Any, *rest: Any) -> Any:
        weight, bias = rest[:2] if affine else (None, None)
        return functional.batch_norm(x, mean, variance, weight, bias, training, 0.3, 1e-3)

    operation = BatchNorm(1e-3, 0.3, affine)
    weights = (*(WEIGHTS if affine else ()), *RUNNING)
    x = 3 * normal(*shape) + 5
    context = Context(training=training, threads=2)
    result = assert_agrees(operation, norm, [x], weights, context=context)
    assert distance(result.weights[-2], mean.numpy()) < 1e-12
    assert distance(result.weights[-1], variance.numpy()) < 1e-12


def test_batch_norm_without_running_statistics_uses_those_of_the_batch() -> None:
    def norm(x: Any, weight: Any, bias: Any) -> Any:
        return functional.batch_norm(x, None, None, weight, bias, training=True)

    for training in (True, False):
        context = Context(training=training)
        assert_agrees(BatchNorm(track=False), norm, [normal(4, 6, 1, 5, 3)], WEIGHTS, context=context)


def test_batch_norm_far_from_zero_in_single_precision() -> None:
    x = (normal(8, 6, 1, 7, 7) + 1000).astype(np.float32)
    ones, zeros = np.ones(6, np.float32), np.zeros(6, np.float32)
    found = run(BatchNorm(), [x], [ones, zeros, zeros, ones], outputs=[x.shape]).outputs[0]
    wide = x.astype(np.float64)
    exact = (wide - wide.mean((0, 2, 3, 4), keepdims=True)) / np.sqrt(
        wide.var((0, 2, 3, 4), keepdims=True) + 1e-5
    )
    assert distance(found, exact) < 1e-5


def test_a_single_value_a_channel_has_no_variance() -> None:
    with pytest.raises(ValueError, match="single value"):
        run(BatchNorm(affine=False), [normal(1, 6)], RUNNING, outputs=[(1, 6)])


@pytest.mark.parametrize(
    ("shape", "groups"), [(s, g) for s in SHAPES for g in (1, 3, 6) if (len(s), g) != (2, 6)]
)
def test_group_norm_is_that_of_pytorch(shape: Shape, groups: int) -> None:
    def norm(x: Any, weight: Any = None, bias: Any = None) -> Any:
        return functional.group_norm(x, groups, weight, bias, 1e-3)

    x = 2 * normal(*shape) + 1
    assert_agrees(GroupNorm(groups, 1e-3), norm, [x], WEIGHTS)
    assert_agrees(GroupNorm(groups, 1e-3, affine=False), norm, [x])


def test_instance_norm_is_group_norm_with_a_group_a_channel() -> None:
    def norm(x: Any, weight: Any, bias: Any) -> Any:
        return functional.instance_norm(x, weight=weight, bias=bias, eps=1e-5)

    assert_agrees(GroupNorm(6), norm, [normal(3, 6, 2, 4, 5)], WEIGHTS)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("affine", [True, False])
def test_layer_norm_is_that_of_pytorch(shape: Shape, affine: bool) -> None:
    x = 2 * normal(*shape) + 1
    elements = [normal(*shape[1:], seed=1), normal(*shape[1:], seed=2)] if affine else []

    def over_sample(x: Any, weight: Any = None, bias: Any = None) -> Any:
        return functional.layer_norm(x, shape[1:], weight, bias, 1e-3)

    def over_channels(x: Any, weight: Any = None, bias: Any = None) -> Any:
        last = functional.layer_norm(x.movedim(1, -1), (6,), weight, bias, 1e-3)
        return last.movedim(-1, 1)

    assert_agrees(LayerNorm(1e-3, affine), over_sample, [x], elements)
    assert_agrees(LayerNorm(1e-3, affine, "channels"), over_channels, [x], WEIGHTS if affine else [])


@pytest.mark.parametrize("size", [1, 2, 5, 20])
def test_local_response_norm_is_that_of_pytorch(size: Any) -> None:
    def norm(x: Any) -> Any:
        return functional.local_response_norm(x, size, 0.3, 0.75, 2.0)

    assert_agrees(LocalResponseNorm(size, 0.3, 0.75, 2.0), norm, [normal(2, 7, 1, 5, 4)])


def test_normalisations_in_single_precision() -> None:
    x, weight, bias = (array.astype(np.float32) for array in (normal(4, 6, 1, 9, 9), *WEIGHTS))

    def group(x: Any, weight: Any, bias: Any) -> Any:
        return functional.group_norm(x, 2, weight, bias)

    def layer(x: Any) -> Any:
        return functional.layer_norm(x, x.shape[1:])

    assert_agrees(GroupNorm(2), group, [x], [weight, bias], tolerance=5e-6)
    assert_agrees(LayerNorm(affine=False), layer, [x], tolerance=5e-6)
    assert_agrees(LocalResponseNorm(5), lambda x: functional.local_response_norm(x, 5), [x], tolerance=5e-6)
