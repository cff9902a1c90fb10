"""Losses against PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from backend.kernels.running import assert_agrees, normal, run

from cnnspec.backend.kernels.operations import CrossEntropy, MeanSquaredError, Shape

torch = pytest.importorskip("torch")
functional = torch.nn.functional


def cross_entropy(logits: Any, labels: Any) -> Any:
    return functional.cross_entropy(logits, labels)


@pytest.mark.parametrize("shape", [(5, 10), (1, 2), (2, 4, 1, 3, 5)])
def test_cross_entropy_is_that_of_pytorch(shape: Shape) -> None:
    labels = np.random.default_rng(0).integers(0, shape[1], (shape[0], *shape[2:]))
    assert_agrees(CrossEntropy(), cross_entropy, [5 * normal(*shape), labels])


def test_cross_entropy_of_confident_logits_does_not_overflow() -> None:
    logits, labels = np.array([[1e4, -1e4], [-1e4, 1e4]]), np.array([0, 0])
    result = run(CrossEntropy(), [logits, labels], outputs=[(1,)], output_gradients=[np.ones(1)])
    assert result.outputs[0].tolist() == [1e4]
    np.testing.assert_array_equal(result.input_gradients[0], [[0, 0], [-0.5, 0.5]])


@pytest.mark.parametrize("label", [-1, 3])
def test_a_label_that_is_no_class_is_refused(label: int) -> None:
    with pytest.raises(ValueError, match="3 classes"):
        run(CrossEntropy(), [normal(2, 3), np.array([0, label])], outputs=[(1,)])


@pytest.mark.parametrize("shape", [(4, 7), (2, 3, 1, 4, 5)])
def test_mean_squared_error_is_that_of_pytorch(shape: Shape) -> None:
    assert_agrees(MeanSquaredError(), functional.mse_loss, [normal(*shape), normal(*shape, seed=1)])


def test_losses_in_single_precision() -> None:
    labels = np.arange(50) % 10
    logits, target = normal(50, 10).astype(np.float32), normal(50, 10, seed=1).astype(np.float32)
    assert_agrees(CrossEntropy(), cross_entropy, [logits, labels], tolerance=1e-6)
    assert_agrees(MeanSquaredError(), functional.mse_loss, [logits, target], tolerance=1e-6)
