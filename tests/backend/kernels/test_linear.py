"""The linear layer against PyTorch."""

from __future__ import annotations

import numpy as np
import pytest
from backend.kernels.running import assert_agrees, normal

from cnnspec.backend.kernels.operations import Linear

torch = pytest.importorskip("torch")
linear = torch.nn.functional.linear


@pytest.mark.parametrize(
    ("batch", "inputs", "outputs"),
    [(1, 1, 1), (3, 5, 7), (1, 300, 10), (130, 4, 3), (65, 129, 257)],
    ids=str,
)
def test_linear_is_that_of_pytorch(batch: int, inputs: int, outputs: int) -> None:
    x, weight, bias = normal(batch, inputs), normal(outputs, inputs, seed=1), normal(outputs, seed=2)
    assert_agrees(Linear(), linear, [x], [weight, bias])
    assert_agrees(Linear(bias=False), linear, [x], [weight])


def test_linear_in_single_precision() -> None:
    arrays = normal(32, 400), normal(120, 400, seed=1), normal(120, seed=2)
    x, weight, bias = (array.astype(np.float32) for array in arrays)
    assert_agrees(Linear(), linear, [x], [weight, bias], tolerance=2e-6)
