"""Concat, split, sums, products and scales against PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from backend.kernels.running import assert_agrees, normal, run

from cnnspec.backend.kernels.operations import Add, Concat, Gain, Multiply, Polar, Scale, Shape, Split
from cnnspec.backend.kernels.registry import Backward, Context, backward

torch = pytest.importorskip("torch")

BROADCASTS = [
    [(2, 3, 4, 5, 6)] * 2,
    [(2, 3, 4, 5, 6)] * 3,
    [(2, 3, 4, 5, 6), (2, 3, 1, 1, 1)],
    [(2, 3, 1, 1, 1), (2, 1, 4, 5, 6)],
    [(2, 3, 4, 1, 6), (2, 1, 1, 5, 1), (2, 3, 1, 1, 1), (2, 1, 1, 1, 1)],
    [(3, 7), (3, 7)],
    [(3, 7), (3, 1)],
    [(2, 3, 4, 5, 6)],
]


def tensors(shapes: Any) -> Any:
    return [normal(*shape, seed=seed) for seed, shape in enumerate(shapes)]


@pytest.mark.parametrize("shapes", BROADCASTS)
def test_add_broadcasts_and_its_gradients_are_summed(shapes: list[Shape]) -> None:
    assert_agrees(Add(), lambda *inputs: sum(inputs[1:], inputs[0] * 1), tensors(shapes))


@pytest.mark.parametrize("shapes", BROADCASTS)
def test_multiply_broadcasts_and_its_gradients_are_summed(shapes: list[Shape]) -> None:
    assert_agrees(
        Multiply(), lambda *inputs: torch.stack(torch.broadcast_tensors(*inputs)).prod(0), tensors(shapes)
    )


@pytest.mark.parametrize("shapes", [shapes for shapes in BROADCASTS if len(shapes) == 2])
def test_length_and_angle_broadcast_and_their_gradients_are_summed(shapes: list[Shape]) -> None:
    for order in (shapes, shapes[::-1]):
        assert_agrees(Polar("length"), torch.hypot, tensors(order))
        assert_agrees(Polar("angle"), torch.atan2, tensors(order))


def test_length_and_angle_in_single_precision_at_any_magnitude() -> None:
    """Their squares would be 0 or infinite."""
    for size in (1e-30, 1e30):
        y, x = (np.float32(size) * normal(2, 9, seed=seed).astype(np.float32) for seed in (1, 2))
        for coordinate, function in (("length", np.hypot), ("angle", np.arctan2)):
            ours = run(Polar(coordinate), [y, x], outputs=[(2, 9)])
            np.testing.assert_allclose(ours.outputs[0], function(y.astype(float), x), rtol=1e-6)
            assert np.isfinite(np.stack(ours.input_gradients)).all()
            assert np.stack(ours.input_gradients).all()


@pytest.mark.parametrize("zeros", [(0.0, 0.0), (0.0, -0.0), (-0.0, -0.0), (-0.0, 0.0)])
def test_the_origin_has_pytorchs_angle_and_no_slope(zeros: tuple[float, float]) -> None:
    """PyTorch's `hypot` has NaN for a slope there; its `norm` has 0, which is one of the right answers."""
    y, x = (np.full((1, 2), zero) for zero in zeros)
    angle, length = (run(Polar(coordinate), [y, x], outputs=[(1, 2)]) for coordinate in ("angle", "length"))
    np.testing.assert_array_equal(angle.outputs[0], torch.atan2(*map(torch.tensor, (y, x))))
    assert not length.outputs[0].any()
    assert not np.stack([*angle.input_gradients, *length.input_gradients]).any()


def test_where_a_line_is_infinite_length_and_angle_are_pytorchs() -> None:
    pairs = np.array([(a, b) for a in (-np.inf, -1.0, 2.0, np.inf) for b in (-np.inf, -3.0, 0.0, np.inf)])
    y, x = pairs.T[:, None].copy()
    for coordinate, function in (("length", torch.hypot), ("angle", torch.atan2)):
        ours = run(Polar(coordinate), [y, x], outputs=[y.shape])
        np.testing.assert_array_equal(ours.outputs[0], function(torch.tensor(y), torch.tensor(x)))


@pytest.mark.parametrize("axis", [1, 2, 4])
def test_concat_and_split_along_any_axis(axis: int) -> None:
    shapes = [[2, 3, 4, 5, 6] for _ in range(3)]
    for size, shape in zip((1, 4, 2), shapes, strict=True):
        shape[axis] = size
    parts = tensors(shapes)
    assert_agrees(Concat(axis), lambda *inputs: torch.cat(inputs, axis), parts)
    whole = np.concatenate(parts, axis)
    assert_agrees(Split(axis), lambda x: tuple(x.split([1, 4, 2], axis)), [whole])


def test_vectors_are_joined_and_split() -> None:
    assert_agrees(Concat(), lambda a, b: torch.cat([a, b], 1), tensors([(3, 2), (3, 5)]))
    assert_agrees(Split(), lambda x: tuple(x.split([2, 5], 1)), tensors([(3, 7)]))


def test_an_unwanted_gradient_of_a_concat_leaves_a_gap() -> None:
    dy, gradient = normal(2, 5), np.full((2, 3), np.nan)
    shapes = ((2, 2), (2, 3))
    backward(Concat(), Backward((), (), (dy,), (None, gradient), input_shapes=shapes), Context())
    np.testing.assert_array_equal(gradient, dy[:, 2:])
    with pytest.raises(ValueError, match="not known"):
        backward(Concat(), Backward((), (), (dy,), (None, gradient)), Context())


@pytest.mark.parametrize("shape", [(2, 3, 4, 5, 6), (4, 3)])
def test_learned_scale(shape: Shape) -> None:
    def scale(x: Any, weight: Any, bias: Any = None) -> Any:
        sizes = (1, 3, *(1,) * (len(shape) - 2))
        return x * weight.reshape(sizes) + (0 if bias is None else bias.reshape(sizes))

    weight, bias = normal(3, seed=1), normal(3, seed=2)
    assert_agrees(Scale(), scale, [normal(*shape)], [weight])
    assert_agrees(Scale(bias=True), scale, [normal(*shape)], [weight, bias])


def test_gain() -> None:
    assert_agrees(Gain(-0.25), lambda x: -0.25 * x, [normal(2, 3, 1, 2, 2)])
    assert_agrees(Gain(0.1), lambda x: 0.1 * x, [normal(2, 3).astype(np.float32)], tolerance=0)
