"""What is said of pixels and taps, against gradients: a pixel is read if the output depends on it."""

from __future__ import annotations

from math import prod

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from lint.linting import codes, lint_text, net
from torch.nn.functional import conv2d, max_pool2d

KERNEL = st.integers(1, 5)
STRIDE = st.integers(1, 6)
PAIR = st.tuples(st.integers(1, 16), st.integers(1, 16))

WINDOWS = st.tuples(PAIR, st.tuples(KERNEL, KERNEL), st.tuples(STRIDE, STRIDE), st.integers(1, 3)).flatmap(
    lambda drawn: st.tuples(st.just(drawn), *(st.integers(0, kernel - 1) for kernel in drawn[1]))
)
UNREAD = {"skipped-pixels", "dropped-pixels"}

Window = tuple[tuple[tuple[int, int], tuple[int, int], tuple[int, int], int], int, int]


def fits(window: Window) -> bool:
    (sizes, kernel, _, dilation), *pad = window
    return all(
        n + 2 * p >= dilation * (k - 1) + 1 for n, k, p in zip(sizes, kernel, pad, strict=True)
    )  # fmt: skip


def found(window: Window) -> set[str]:
    (sizes, kernel, stride, dilation), *pad = window
    line = f"conv(2, {kernel}, stride={stride}, pad=({pad[0]}, {pad[1]}), dilation={dilation})"
    return set(codes(lint_text(net(f"{line} -> relu", f"1, {sizes[0]}, {sizes[1]}"))))


def gradients(window: Window) -> tuple[torch.Tensor, torch.Tensor]:
    """How many windows read each pixel, and how many pixels each tap meets."""
    (sizes, kernel, stride, dilation), *pad = window
    image = torch.ones(1, 1, *sizes, requires_grad=True)
    weight = torch.ones(1, 1, *kernel, requires_grad=True)
    conv2d(image, weight, stride=stride, padding=tuple(pad), dilation=dilation).sum().backward()
    assert image.grad is not None
    assert weight.grad is not None
    return image.grad, weight.grad


@given(WINDOWS.filter(fits))
def test_pixels_that_are_never_read_have_no_gradient(window: Window) -> None:
    has_unread = bool((gradients(window)[0] == 0).any())
    is_found = bool(found(window) & UNREAD)
    assert has_unread or not is_found
    if window[0][3] == 1:  # holes between the taps are no loss in a map that is large enough
        assert is_found == has_unread


@given(WINDOWS.filter(fits))
def test_taps_that_only_meet_padding_have_no_gradient(window: Window) -> None:
    has_idle = bool((gradients(window)[1] == 0).any())
    is_found = "small-map" in found(window)
    assert has_idle or not is_found
    if prod(window[0][2]) == 1 == window[0][3]:  # far strides may step over a map that is not small
        assert is_found == has_idle


@pytest.mark.parametrize("kernel", range(1, 6))
@pytest.mark.parametrize("dilation", [1, 2, 3])
def test_a_pool_that_pads_too_much_is_one_that_torch_refuses(kernel: int, dilation: int) -> None:
    for pad in range(dilation * (kernel - 1) + 1):
        line = f"maxpool({kernel}, stride=1, pad={pad}, dilation={dilation})"
        is_found = "pool-padding" in codes(lint_text(net(line)))
        assert is_found == refuses(kernel, pad, dilation), line


def refuses(kernel: int, pad: int, dilation: int) -> bool:
    try:
        max_pool2d(torch.ones(1, 1, 32, 32), kernel, 1, pad, dilation)
    except RuntimeError:
        return True
    return False
