"""The gradient of every operation, in inputs and weights, is the limit of differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from backend.kernels.cases import CASES, Case
from backend.kernels.running import run

STEP = 1e-5
TOLERANCE = 2e-8


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_gradient_is_the_limit_of_differences(case: Case) -> None:
    inputs, weights = case.arrays()
    result = run(case.operation, inputs, weights, outputs=case.outputs)
    gradients = [gradient for gradient in result.input_gradients if gradient is not None]
    moved = [array for array in (*inputs, *weights) if array.dtype.kind == "f"]
    for array, gradient in zip(moved, (*gradients, *result.weight_gradients), strict=False):
        for seed in range(3):
            direction = np.random.default_rng(seed).standard_normal(array.shape)
            slope = difference(case, (inputs, weights), array, direction, result.output_gradients)
            assert slope == pytest.approx(np.vdot(gradient, direction), rel=TOLERANCE, abs=TOLERANCE)


def difference(case: Case, arrays: Any, array: Any, direction: Any, output_gradients: Any) -> float:
    """How fast ⟨outputs, gradients⟩ changes as one array moves in a direction: a central difference."""
    values: list[float] = []
    for sign in (1, -1):
        array += sign * STEP * direction
        outputs = run(
            case.operation, *arrays, outputs=case.outputs, output_gradients=output_gradients
        ).outputs
        values.append(sum(np.vdot(y, dy) for y, dy in zip(outputs, output_gradients, strict=True)))
        array -= sign * STEP * direction
    return (values[0] - values[1]) / (2 * STEP)
