"""Windows of any kind over maps of any size, against PyTorch."""

from __future__ import annotations

from typing import Any

import pytest
from backend.kernels.running import assert_agrees, normal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnnspec.backend.kernels.operations import (
    AveragePool,
    Convolution,
    MaxPool,
    Shape,
    TransposedConvolution,
    Window,
)

torch = pytest.importorskip("torch")
functional = torch.nn.functional

examples = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@st.composite
def sliding(draw: Any) -> tuple[Window, Shape]:
    """A window, and a size of the map that it fits."""
    axes: list[tuple[int, ...]] = []
    for _ in range(3):
        size, stride, dilation = draw(st.integers(1, 4)), draw(st.integers(1, 4)), draw(st.integers(1, 3))
        extent = dilation * (size - 1) + 1
        before, after = draw(st.integers(0, extent - 1)), draw(st.integers(0, extent - 1))
        room = draw(st.integers(0, 4))
        axes.append((size, stride, dilation, before, after, max(1, extent - before - after) + room))
    *window, sizes = (tuple(axis[i] for axis in axes) for i in range(6))
    return Window(*window), sizes


def padded(image: Any, window: Window, value: float = 0.0) -> Any:
    """PyTorch's own padding is symmetric."""
    sides = [side for axis in (2, 1, 0) for side in (window.before[axis], window.after[axis])]
    return functional.pad(image, sides, value=value)


@examples
@given(sliding(), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3))
def test_any_convolution(
    found: tuple[Window, Shape], batch: int, groups: int, inside: int, outside: int
) -> None:
    window, sizes = found

    def convolve(image: Any, weight: Any, bias: Any) -> Any:
        image = padded(image, window)
        return functional.conv3d(image, weight, bias, window.stride, 0, window.dilation, groups)

    image = normal(batch, groups * inside, *sizes)
    weight = normal(groups * outside, inside, *window.size, seed=1)
    assert_agrees(Convolution(window, groups), convolve, [image], [weight, normal(len(weight), seed=2)])


@examples
@given(sliding(), st.integers(1, 2), st.integers(1, 3), st.integers(1, 3))
def test_any_transposed_convolution(
    found: tuple[Window, Shape], groups: int, inside: int, outside: int
) -> None:
    window, sizes = found

    def transpose(image: Any, weight: Any, bias: Any) -> Any:
        whole = functional.conv_transpose3d(image, weight, None, window.stride, 0, 0, groups, window.dilation)
        for axis in range(3):
            end = whole.shape[2 + axis] - window.after[axis]
            whole = whole.narrow(2 + axis, window.before[axis], end - window.before[axis])
        return whole + bias.reshape(1, -1, 1, 1, 1)

    extents = [d * (k - 1) + 1 for k, d in zip(window.size, window.dilation, strict=True)]
    grown = [s * (n - 1) + e for s, n, e in zip(window.stride, sizes, extents, strict=True)]
    sides = zip(grown, window.before, window.after, strict=True)
    if all(size > before + after for size, before, after in sides):
        image = normal(2, groups * inside, *sizes)
        weight = normal(groups * inside, outside, *window.size, seed=1)
        bias = normal(groups * outside, seed=2)
        assert_agrees(TransposedConvolution(window, groups), transpose, [image], [weight, bias])


@examples
@given(sliding())
def test_any_max_pool(found: tuple[Window, Shape]) -> None:
    window, sizes = found

    def pool(image: Any) -> Any:
        image = padded(image, window, -torch.inf)
        return functional.max_pool3d(image, window.size, window.stride, 0, window.dilation)

    image = normal(2, 2, *sizes)
    if torch.isfinite(pool(torch.tensor(image))).all():
        assert_agrees(MaxPool(window), pool, [image])


@examples
@given(sliding())
def test_any_average_pool_is_a_convolution(found: tuple[Window, Shape]) -> None:
    window, sizes = found

    def pool(image: Any) -> Any:
        weight = torch.ones(2, 1, *window.size, dtype=torch.float64)
        image = padded(image, window)
        total = functional.conv3d(image, weight, None, window.stride, 0, window.dilation, 2)
        return total / weight[0].numel()

    assert_agrees(AveragePool(window), pool, [normal(2, 2, *sizes)])
