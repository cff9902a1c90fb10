"""NaN and infinity are not lost: what an element reaches, its NaN reaches."""

from __future__ import annotations

import numpy as np
import pytest
from backend.kernels.cases import CASES, Case
from backend.kernels.running import run


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_depends_on_an_element_is_nan_where_it_is(case: Case) -> None:
    inputs, weights = case.arrays()
    clean = run(case.operation, inputs, weights, outputs=case.outputs)
    moved, broken = (list(inputs) for _ in range(2))
    at = (0,) * inputs[0].ndim
    moved[0], broken[0] = inputs[0].copy(), inputs[0].copy()
    moved[0][at] += 100
    broken[0][at] = np.nan
    changed = run(
        case.operation, moved, weights, outputs=case.outputs, output_gradients=clean.output_gradients
    )
    spoilt = run(
        case.operation, broken, weights, outputs=case.outputs, output_gradients=clean.output_gradients
    )
    for before, after, found in zip(clean.outputs, changed.outputs, spoilt.outputs, strict=True):
        assert np.isnan(found[before != after]).all()
