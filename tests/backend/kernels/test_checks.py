"""Whatever does not fit is refused before machine code is entered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from backend.kernels.cases import CASES, Case
from backend.kernels.running import Fenced, normal, run

from cnnspec.backend.kernels.operations import (
    Activation,
    Add,
    Convolution,
    Linear,
    MaxPool,
    Operation,
    Window,
)
from cnnspec.backend.kernels.registry import KERNELS, Backward, Context, Forward, backward, forward

CONTEXT = Context(training=True)
WINDOW = Window((1, 2, 2))
IMAGE, RESULT, WEIGHT = (1, 2, 1, 3, 3), (1, 4, 1, 2, 2), (4, 2, 1, 2, 2)
CONVOLUTION = Convolution(WINDOW, bias=False)


def zeros(*shapes: tuple[int, ...], dtype: Any = np.float32) -> tuple[Any, ...]:
    return tuple(np.zeros(shape, dtype) for shape in shapes)


def arrays(image: Any = IMAGE, result: Any = RESULT, weight: Any = WEIGHT) -> Forward:
    return Forward(*(zeros(shape) for shape in (image, result, weight)))


def test_what_fits_runs() -> None:
    forward(CONVOLUTION, arrays(), CONTEXT)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        (arrays(result=(1, 4, 1, 3, 3)), "the last window ends at 4, the padded map at 3"),
        (arrays(result=(2, 4, 1, 2, 2)), "a batch of 1 goes in, of 2 comes out"),
        (arrays(weight=(4, 2, 1, 2, 3)), "the weight has the shape"),
        (arrays(weight=(4, 1, 1, 2, 2)), "the weight has the shape"),
        (arrays(image=(1, 2, 3, 3)), "not both"),
        (arrays(image=(0, 2, 1, 3, 3), result=(0, 4, 1, 2, 2)), "no elements"),
        (replace(arrays(), weights=()), "0 weights, not 1"),
        (replace(arrays(), inputs=zeros(IMAGE, IMAGE)), "2 inputs, not 1"),
        (replace(arrays(), inputs=zeros(IMAGE, dtype=np.float64)), "float64 among arrays of float32"),
        (replace(arrays(), inputs=zeros(IMAGE, dtype=np.int64)), "int64 among arrays of float32"),
        (replace(arrays(), inputs=(np.zeros(IMAGE, np.float32).swapaxes(3, 4),)), "not contiguous"),
        (replace(arrays(), inputs=(np.zeros((1, 2, 1, 3, 6), np.float32)[..., ::2],)), "not contiguous"),
        (replace(arrays(), saved=zeros((3,))), "1 buffers given where 0 are wanted"),
    ],
)
def test_arrays_that_do_not_belong_to_a_convolution(given: Forward, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        forward(CONVOLUTION, given, CONTEXT)


def test_a_result_that_cannot_be_written_or_overlaps() -> None:
    given = arrays()
    given.outputs[0].flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        forward(CONVOLUTION, given, CONTEXT)
    memory = np.zeros(100, np.float32)
    image, result = memory[:18].reshape(IMAGE), memory[17:33].reshape(RESULT)
    with pytest.raises(ValueError, match="overlaps one that is read"):
        forward(CONVOLUTION, Forward((image,), (result,), zeros(WEIGHT)), CONTEXT)


@pytest.mark.parametrize("dtype", [np.float16, np.int64, np.complex128, ">f4"])
def test_other_number_types(dtype: Any) -> None:
    with pytest.raises(ValueError, match="neither float32 nor float64"):
        forward(Activation("relu"), Forward(zeros((2, 3), dtype=dtype), zeros((2, 3), dtype=dtype)), CONTEXT)


def test_only_operations_in_place_may_share_a_buffer() -> None:
    x = normal(2, 3)
    expected = np.maximum(x, 0)
    forward(Activation("relu"), Forward((x,), (x,)), CONTEXT)
    np.testing.assert_array_equal(x, expected)
    with pytest.raises(ValueError, match="overlaps"):
        forward(Activation("gelu"), Forward((x,), (x,)), CONTEXT)
    with pytest.raises(ValueError, match="overlaps"):
        forward(Add(), Forward((x, x), (x,)), CONTEXT)


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.operation.in_place], ids=lambda case: case.name
)
def test_in_place_is_the_same(case: Case) -> None:
    (x,), weights = case.arrays()
    expected = run(case.operation, [x], weights, outputs=case.outputs, context=CONTEXT)
    fenced = Fenced()
    y, dy = fenced.like(x), fenced.like(expected.output_gradients[0])
    forward(case.operation, Forward((y,), (y,)), CONTEXT)
    np.testing.assert_array_equal(y, expected.outputs[0])
    backward(case.operation, Backward((), (y,), (dy,), (dy,)), CONTEXT)
    np.testing.assert_array_equal(dy, expected.input_gradients[0])
    fenced.check()


def test_what_the_backward_pass_reads_must_be_there() -> None:
    image, result, weight = (normal(*shape) for shape in (IMAGE, RESULT, WEIGHT))
    given = Backward((image,), (), (result,), (normal(*IMAGE),), (normal(*WEIGHT),), (weight,))
    backward(CONVOLUTION, given, CONTEXT)
    for changed, problem in (
        ({"inputs": ()}, "reads the inputs"),
        ({"input_gradients": (normal(*RESULT),)}, "the gradient of an input has the shape"),
        ({"weight_gradients": ()}, "0 gradients where there are 1"),
        ({"weight_gradients": (normal(*RESULT),)}, "the gradient of a weight has the shape"),
        ({"input_gradients": (image,)}, "overlaps one that is read"),
    ):
        with pytest.raises(ValueError, match=problem):
            backward(CONVOLUTION, replace(given, **changed), CONTEXT)


def test_saved_arrays_are_as_promised() -> None:
    image, result = (1, 2, 1, 4, 4), (1, 2, 1, 3, 3)
    pool = MaxPool(WINDOW)
    forward(pool, Forward(zeros(image), zeros(result)), CONTEXT)
    forward(pool, Forward(zeros(image), zeros(result), saved=zeros(result, dtype=np.int32)), CONTEXT)
    with pytest.raises(ValueError, match="int64 among arrays of int32"):
        forward(pool, Forward(zeros(image), zeros(result), saved=zeros(result, dtype=np.int64)), CONTEXT)


def test_unwanted_gradients_are_not_computed() -> None:
    x, dy, weight, bias = normal(3, 4), normal(3, 5), normal(5, 4), normal(5)
    backward(Linear(), Backward((x,), (), (dy,), (None,), (None, None), (weight, bias)), CONTEXT)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_output_that_is_too_large_is_refused_by_all(case: Case) -> None:
    inputs, weights = case.arrays()
    outputs = tuple((*shape[:-1], shape[-1] + 5) for shape in case.outputs)
    if isinstance(case.operation, free_in_size()):
        outputs = tuple((shape[0], shape[1] + 1, *shape[2:]) for shape in case.outputs)
    with pytest.raises(ValueError, match=r"\w"):
        run(case.operation, inputs, weights, outputs=outputs)


def free_in_size() -> tuple[type[Operation], ...]:
    """Operations that take their map to one of many sizes."""
    names = ("Adaptive", "Upsample", "Transposed")
    return tuple(kind for kind in KERNELS if kind.__name__.startswith(names))
