"""A linear operation and its gradient are adjoint: ⟨F x, y⟩ = ⟨x, Fᵀ y⟩ for all x and y."""

from __future__ import annotations

import numpy as np
import pytest
from backend.kernels.cases import CASES, Case
from backend.kernels.running import run


@pytest.mark.parametrize("case", [case for case in CASES if case.linear], ids=lambda case: case.name)
def test_the_gradient_is_the_adjoint(case: Case) -> None:
    inputs, weights = case.arrays()
    result = run(case.operation, inputs, weights, outputs=case.outputs)
    forwards = [np.vdot(y, dy) for y, dy in zip(result.outputs, result.output_gradients, strict=True)]
    backwards = [np.vdot(x, gradient) for x, gradient in zip(inputs, result.input_gradients, strict=True)]
    assert sum(forwards) == pytest.approx(sum(backwards), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("case", [case for case in CASES if case.linear], ids=lambda case: case.name)
def test_zero_goes_to_zero(case: Case) -> None:
    inputs, weights = case.arrays()
    result = run(case.operation, [0 * x for x in inputs], weights, outputs=case.outputs)
    assert not any(y.any() for y in result.outputs)
