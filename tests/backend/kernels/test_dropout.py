"""Dropout: the mask is a function of seed, stream, step and element; and the generator beneath it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from backend.kernels.running import normal, run

from cnnspec.backend.kernels.operations import Dropout
from cnnspec.backend.kernels.philox import philox
from cnnspec.backend.kernels.registry import Context

SHAPE = (4, 8, 1, 25, 25)


def masks(rate: Any = 0.3, stream: Any = 0, **context: Any) -> Any:
    result = run(
        Dropout(rate, stream),
        [np.ones(SHAPE)],
        outputs=[SHAPE],
        output_gradients=[np.ones(SHAPE)],
        context=Context(**context),
    )
    np.testing.assert_array_equal(result.outputs[0], result.input_gradients[0])
    return result.outputs[0]


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ([0] * 4, [0] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        ([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            [0xA4093822, 0x299F31D0],
            [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
        ),
    ],
)
def test_the_generator_gives_its_authors_answers(
    counter: list[int], key: list[int], expected: list[int]
) -> None:
    words = philox(tuple(map(np.uint64, counter)), tuple(map(np.uint64, key)))
    assert list(map(int, words)) == expected


@pytest.mark.parametrize("rate", [0.0, 0.3, 0.9])
def test_elements_are_dropped_at_the_rate_and_the_mean_is_kept(rate: float) -> None:
    mask = masks(rate, training=True)
    assert set(np.unique(mask)) <= {0.0, 1 / (1 - rate)}
    deviation = np.sqrt(rate / (1 - rate) / mask.size)
    assert abs(mask.mean() - 1) <= 4 * deviation


def test_the_mask_depends_on_nothing_else() -> None:
    same = masks(training=True, seed=7, step=3)
    np.testing.assert_array_equal(same, masks(training=True, seed=7, step=3, threads=2))
    for other in (
        masks(training=True, seed=8, step=3),
        masks(training=True, seed=7, step=4),
        masks(training=True, seed=7, step=3, stream=1),
    ):
        assert abs(np.mean(same == other) - (0.7**2 + 0.3**2)) < 0.02


def test_the_same_elements_are_dropped_in_either_precision() -> None:
    ones = np.ones(SHAPE)
    context = Context(training=True)
    kept = [
        run(Dropout(0.5, 0), [ones.astype(dtype)], outputs=[SHAPE], context=context).outputs[0] > 0
        for dtype in (np.float32, np.float64)
    ]
    np.testing.assert_array_equal(*kept)


def test_nothing_is_dropped_outside_training() -> None:
    x = normal(*SHAPE)
    result = run(Dropout(0.5, 0), [x], outputs=[SHAPE], context=Context(training=False))
    np.testing.assert_array_equal(result.outputs[0], x)
    np.testing.assert_array_equal(result.input_gradients[0], result.output_gradients[0])
