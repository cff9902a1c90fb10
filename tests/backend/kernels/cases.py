"""One small call of every operation, or a few where it has several ways: what all of them must hold to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from backend.kernels.running import normal

from cnnspec.backend.kernels.operations import (
    Activation,
    AdaptiveAveragePool,
    AdaptiveMaxPool,
    Add,
    AveragePool,
    BatchNorm,
    ChannelShuffle,
    Concat,
    Convolution,
    Crop,
    CrossEntropy,
    Dropout,
    Function,
    Gain,
    GroupNorm,
    LayerNorm,
    Linear,
    LocalResponseNorm,
    LpPool,
    MaxPool,
    MeanSquaredError,
    Multiply,
    Operation,
    Pad,
    Permute,
    PixelShuffle,
    PixelUnshuffle,
    Polar,
    PRelu,
    Reshape,
    Scale,
    Shape,
    Softmax,
    Split,
    TransposedConvolution,
    Upsample,
    Window,
)


@dataclass(frozen=True)
class Case:
    """An operation and the shapes around it. `linear` in its inputs, that is: without a constant term."""

    operation: Operation
    inputs: tuple[Shape, ...]
    outputs: tuple[Shape, ...]
    weights: tuple[Shape, ...] = ()
    linear: bool = False

    @property
    def name(self) -> str:
        """What the operation is called, and what sets it apart from its likes."""
        detail = [str(value) for value in vars_of(self.operation).values() if isinstance(value, str | bool)]
        return "-".join([type(self.operation).__name__, *detail])

    def arrays(self, dtype: Any = np.float64) -> tuple[list[Any], list[Any]]:
        """Inputs without ties or kinks nearby, and weights; running variances are positive."""
        inputs = [
            np.arange(np.prod(shape)).reshape(shape) % 3
            if index in self.operation.labels
            else smooth(shape, index).astype(dtype)
            for index, shape in enumerate(self.inputs)
        ]
        weights = [normal(*shape, seed=10 + i).astype(dtype) for i, shape in enumerate(self.weights)]
        if "running_var" in self.operation.weights:
            weights[-1] = np.abs(weights[-1]) + 0.5
        return inputs, weights


def vars_of(operation: Operation) -> dict[str, Any]:
    """The fields of a frozen value with slots."""
    return {name: getattr(operation, name) for name in operation.__dataclass_fields__}


def smooth(shape: Shape, seed: int) -> Any:
    """A shuffled grid of numbers between −2 and 2, none nearer than 1e-3 to another or to a whole number."""
    count = int(np.prod(shape))
    grid = np.linspace(-1.99, 1.99, 2 * count + 1)[1::2]
    grid = np.where(np.abs(grid - np.round(grid)) < 1e-3, grid + 2e-3, grid)
    return np.random.default_rng(seed).permutation(grid).reshape(shape)


VOLUME, MAP, VECTOR = (2, 4, 3, 4, 5), (2, 4, 1, 4, 5), (3, 4)
SLIDING = Window((1, 3, 2), (1, 2, 1), (1, 1, 2), (0, 1, 0), (0, 1, 1))
POOLING = Window((1, 3, 3), (1, 2, 2), (1, 1, 1), (0, 1, 1), (0, 0, 1))
POOLED = (2, 4, 1, 2, 2)
AFFINE = ((4,), (4,))


def same(operation: Operation, shape: Shape, *weights: Shape, linear: bool = False) -> Case:
    """An operation whose output is like its input."""
    return Case(operation, (shape,), (shape,), weights, linear)


CASES = [
    Case(Convolution(SLIDING, 2), (MAP,), ((2, 6, 1, 2, 4),), ((6, 2, 1, 3, 2), (6,))),
    Case(Convolution(SLIDING, bias=False), (MAP,), ((2, 3, 1, 2, 4),), ((3, 4, 1, 3, 2),), linear=True),
    Case(TransposedConvolution(SLIDING, 2), ((2, 4, 1, 2, 4),), ((2, 6, 1, 4, 5),), ((4, 3, 1, 3, 2), (6,))),
    Case(
        TransposedConvolution(SLIDING, bias=False),
        ((2, 3, 1, 2, 4),),
        (MAP,),
        ((3, 4, 1, 3, 2),),
        linear=True,
    ),
    Case(Linear(), (VECTOR,), ((3, 5),), ((5, 4), (5,))),
    Case(Linear(bias=False), (VECTOR,), ((3, 5),), ((5, 4),), linear=True),
    Case(MaxPool(POOLING), (MAP,), (POOLED,)),
    Case(AdaptiveMaxPool(), (VOLUME,), ((2, 4, 2, 3, 2),)),
    Case(AveragePool(POOLING), (MAP,), (POOLED,), linear=True),
    Case(AveragePool(POOLING, count_pad=False), (MAP,), (POOLED,), linear=True),
    Case(AdaptiveAveragePool(), (VOLUME,), ((2, 4, 2, 3, 2),), linear=True),
    Case(LpPool(POOLING, 2.0), (MAP,), (POOLED,)),
    same(BatchNorm(), MAP, *AFFINE, *AFFINE),
    same(BatchNorm(affine=False, track=False), VECTOR),
    same(GroupNorm(2), MAP, *AFFINE),
    same(GroupNorm(4, affine=False), VOLUME),
    same(LayerNorm(), MAP, MAP[1:], MAP[1:]),
    same(LayerNorm(over="channels"), MAP, *AFFINE),
    same(LocalResponseNorm(3, 0.5), MAP),
    *(same(Activation(function, 0.3), MAP) for function in get_args(Function)),
    same(PRelu(), MAP, (1,)),
    same(PRelu(), VECTOR, (4,)),
    same(Softmax(), MAP),
    same(Softmax(log=True), VECTOR),
    same(Dropout(0.4, 0), MAP, linear=True),
    same(Scale(), MAP, (4,), linear=True),
    same(Scale(bias=True), VECTOR, *AFFINE),
    same(Gain(-1.5), MAP, linear=True),
    Case(Reshape(), (MAP,), ((2, 80),), linear=True),
    Case(Permute((0, 4, 2, 3, 1)), (MAP,), ((2, 5, 1, 4, 4),), linear=True),
    Case(Pad((1, 0, 2), (0, 3, 1)), (VOLUME,), ((2, 4, 4, 7, 8),), linear=True),
    Case(Pad((1, 0, 2), (0, 3, 1), "reflect"), (VOLUME,), ((2, 4, 4, 7, 8),), linear=True),
    Case(Pad((1, 0, 2), (0, 3, 1), "replicate"), (VOLUME,), ((2, 4, 4, 7, 8),), linear=True),
    Case(Crop((1, 0, 2), (0, 3, 1)), (VOLUME,), ((2, 4, 2, 1, 2),), linear=True),
    Case(Upsample(), (VOLUME,), ((2, 4, 6, 7, 4),), linear=True),
    Case(Upsample("linear"), (VOLUME,), ((2, 4, 6, 7, 4),), linear=True),
    Case(Upsample("linear", align_corners=True), (MAP,), ((2, 4, 1, 7, 4),), linear=True),
    Case(PixelShuffle((1, 2, 2)), (MAP,), ((2, 1, 1, 8, 10),), linear=True),
    Case(PixelUnshuffle((1, 2, 1)), (MAP,), ((2, 8, 1, 2, 5),), linear=True),
    same(ChannelShuffle(2), MAP, linear=True),
    Case(Concat(), (MAP, (2, 1, 1, 4, 5)), ((2, 5, 1, 4, 5),), linear=True),
    Case(Split(3), (MAP,), ((2, 4, 1, 1, 5), (2, 4, 1, 3, 5)), linear=True),
    Case(Add(), (MAP, (2, 4, 1, 1, 1)), (MAP,), linear=True),
    Case(Multiply(), (MAP, (2, 4, 1, 1, 1), (2, 1, 1, 4, 5)), (MAP,)),
    Case(Polar("length"), (MAP, (2, 4, 1, 1, 1)), (MAP,)),
    Case(Polar("angle"), ((2, 1, 1, 4, 5), MAP), (MAP,)),
    Case(CrossEntropy(), (MAP, (2, 1, 4, 5)), ((1,),)),
    Case(MeanSquaredError(), (VECTOR, VECTOR), ((1,),)),
]
