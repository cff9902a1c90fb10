"""The cross-entropy of a net's outputs: its value, and the gradients from which the backward pass starts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnspec.backend.kernels import registry
from cnnspec.backend.kernels.arrays import Backward, Context, Forward
from cnnspec.backend.kernels.operations import CrossEntropy

Array = NDArray[Any]

_LOSS = CrossEntropy()


def cross_entropy(
    logits: Array, labels: NDArray[np.int64], weight: float, gradient: Array | None, context: Context
) -> float:
    """`weight` times the mean cross-entropy; `gradient` (of the logits) is written where it is not None."""
    inputs, result = (logits, labels), np.empty(1, logits.dtype)
    wanted = _LOSS.workspace((logits.shape, labels.shape), (result.shape,))
    workspace = tuple(np.empty(want.shape, want.dtype or logits.dtype) for want in wanted)
    registry.forward(_LOSS, Forward(inputs, (result,), workspace=workspace), context)
    if gradient is not None:
        seed = np.full(1, weight, logits.dtype)
        backward = Backward(inputs, (result,), (seed,), (gradient, None), workspace=workspace)
        registry.backward(_LOSS, backward, context)
    return weight * float(result[0])
