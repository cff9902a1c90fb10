"""Sliding windows against their definitions: count the positions one by one."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnspec.dims import evaluate, substitute, symbol
from cnnspec.layers.window import AxisWindow, Sliding, same_padding

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
helper = onnx.helper

H = symbol("H")
SWEEP = list(product(range(1, 24), [1, 2, 3, 4, 7], [1, 2, 3, 5], [1, 2, 3]))


def over(size: object, **arguments: object) -> AxisWindow:
    (window,) = Sliding("conv", **arguments).over((1, size))  # type: ignore[arg-type]
    return window


def starts(window: AxisWindow, *, ceil: bool) -> int:
    """How many windows fit; with `ceil` the last may hang over if it starts in the map or before it."""
    count, start = 0, -window.before
    while start + window.extent <= window.size_in + window.after or (
        ceil
        and start < window.size_in
        and start + window.extent - window.stride < window.size_in + window.after
    ):
        count, start = count + 1, start + window.stride
    return count


def test_the_number_of_windows() -> None:
    for size, kernel, stride, dilation in SWEEP:
        for before, after, ceil in product([0, 1, 2], [0, 1, 3], [False, True]):
            arguments = {"kernel": kernel, "stride": stride, "dilation": dilation, "pad": ((before, after),)}
            window = over(size, **arguments, ceil=ceil)
            fits = size + before + after + (stride - 1 if ceil else 0) >= window.extent
            if fits and max(before, after) < window.extent:
                assert window.size_out == starts(window, ceil=ceil), (size, arguments, ceil)


def test_same_is_tensorflows() -> None:
    """⌈n/s⌉ windows; the padding is as little as they need, the odd pixel after."""
    for size, kernel, stride, dilation in SWEEP:
        window = over(size, kernel=kernel, stride=stride, dilation=dilation, pad="same")
        assert window.size_out == -(-size // stride)
        total = window.before + window.after
        assert window.after - window.before in (0, 1)
        assert total == max((window.size_out - 1) * stride + window.extent - size, 0)


@pytest.mark.parametrize(("kernel", "stride"), list(product([1, 2, 3, 4, 5], [1, 2, 3])))
def test_same_is_onnx_same_upper(kernel: int, stride: int) -> None:
    """The same numbers as with the pads that we say (ONNX Runtime takes no dilation here)."""
    for size in (5, 8, 11):
        window = over(size, kernel=kernel, stride=stride, pad="same")
        common = {"kernel_shape": [kernel], "strides": [stride]}
        theirs = run_onnx(size, kernel, auto_pad="SAME_UPPER", **common)
        ours = run_onnx(size, kernel, pads=[window.before, window.after], **common)
        assert theirs.shape[2] == window.size_out
        np.testing.assert_array_equal(theirs, ours)


def run_onnx(size: int, kernel: int, **attributes: object) -> np.ndarray:
    node = helper.make_node("Conv", ["x", "w"], ["y"], **attributes)
    tensor = onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [node],
        "one",
        [helper.make_tensor_value_info("x", tensor, [1, 1, size])],
        [helper.make_tensor_value_info("y", tensor, None)],
        [helper.make_tensor("w", tensor, [1, 1, kernel], [1.0 + k for k in range(kernel)])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    image = np.arange(1, size + 1, dtype=np.float32).reshape(1, 1, size) ** 2
    return np.asarray(session.run(None, {"x": image})[0])


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_one_rule_for_numbers_and_symbols(data: st.DataObject) -> None:
    """A chain of windows over H, evaluated, is the chain over the number."""
    chain: list[dict[str, object]] = []
    for _ in range(data.draw(st.integers(1, 6))):
        pads = st.one_of(st.just("same"), st.tuples(st.tuples(st.integers(0, 2), st.integers(0, 2))))
        chain.append(
            {
                "kernel": data.draw(st.integers(1, 5)),
                "stride": data.draw(st.sampled_from([1, 1, 2, 3])),
                "dilation": data.draw(st.sampled_from([1, 1, 2])),
                "pad": data.draw(pads),
                "ceil": data.draw(st.booleans()),
            }
        )
    symbolic = H
    windows = []
    for arguments in chain:
        windows.append(over(symbolic, **arguments))
        symbolic = windows[-1].size_out
    for number in (200, 201, 202, 207, 255):
        size = number
        for arguments, window in zip(chain, windows, strict=True):
            resolved = over(size, **arguments)
            for field in ("before", "after", "size_in", "size_out"):
                assert evaluate(getattr(window, field), {"H": number}) == getattr(resolved, field)
            size = resolved.size_out


def test_same_padding_of_a_symbolic_size() -> None:
    before, after = same_padding(H, 3, 2)
    assert [(substitute(before, {"H": n}), substitute(after, {"H": n})) for n in (7, 8)] == [(1, 1), (0, 1)]
    assert same_padding(H, 3, 1) == (1, 1)
    assert over(H, kernel=3, stride=2, pad="same").size_out == (H + 1) // 2


def test_windows_of_any_size_are_exact() -> None:
    huge = 10**30
    assert over(huge, kernel=3, stride=2, pad=1).size_out == huge // 2
    assert evaluate(over(H, kernel=3, stride=10**9, pad=1).size_out, {"H": huge}) == (huge - 1) // 10**9 + 1
