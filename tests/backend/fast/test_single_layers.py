"""Every layer that is a sum of products, over random shapes, on the vectors of several processors, between
fences: against the plain kernels, PyTorch, and the matrix that a convolution is.

CNNSPEC_FUZZ sets how many layers (40 without it).
"""

from __future__ import annotations

import os

import numpy as np
import pytest

pytest.importorskip("torch")
from backend.fast.fences import TARGETS
from backend.fast.single_layers import Answers, Layer, Layers, answers
from backend.kernels.test_convolution import matrix_of

LAYERS = min(int(os.environ.get("CNNSPEC_FUZZ", "40")), 4000)
WAYS = [
    (dtype, math, target)
    for math in ("exact", "fast")
    for dtype in ("float32", "float64")
    for target in TARGETS
]
UNITS = {"exact": 10, "fast": 80}
"""Units of rounding of Σ|w||x| that an error may be; about twice the largest that was seen.
Winograd's tiles share their errors, so there the largest Σ|w||x| of all counts."""


@pytest.mark.parametrize("seed", range(LAYERS))
def test_errors_are_a_few_units_of_what_was_added(seed: int) -> None:
    layer = Layers(seed).layer()
    dtype, math, target = WAYS[seed % len(WAYS)]
    found = answers(layer, dtype, math, target, seed)
    unit = float(np.finfo(dtype).eps) / 2
    for name, exact in found.exact.items():
        for ours in (found.fast, found.plain):
            error = np.abs(ours[name].astype(np.float64) - exact)
            magnitude = found.magnitudes[name] if math == "exact" else found.magnitudes[name].max()
            assert (error <= UNITS[math] * unit * magnitude).all(), f"{name} of {layer}"
    if layer.window:
        _is_the_matrix(layer, found, 1e-4 if dtype == "float32" else 1e-11)


def _is_the_matrix(layer: Layer, found: Answers, tolerance: float) -> None:
    assert layer.window is not None
    (weight,) = found.weights.values()
    size, outputs = ((1,) * (5 - array.ndim) + array.shape[2:] for array in (found.inputs, found.gradient))
    matrix = matrix_of(layer.window, weight.reshape(*weight.shape[:2], *layer.window.size), size, outputs)
    x, dy = (array.reshape(layer.batch, -1) for array in (found.inputs, found.gradient))
    for name, expected in (("output", x @ matrix.T), ("input", dy @ matrix)):
        ours = found.fast[name].reshape(layer.batch, -1)
        np.testing.assert_allclose(ours, expected, rtol=0, atol=tolerance * max(1, np.abs(expected).max()))
